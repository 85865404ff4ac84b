"""Plain text. Paragraphs stay as they are, and a short line that stands alone is a heading."""

from __future__ import annotations

import re

from qa.loaders.encodings import decode as decode
from qa.loaders.parsed import Parsed, TextBuilder
from qa.text.languages import is_unspaced
from qa.text.normalise import normalise
from qa.text.sentences import LIST_MARKS, STOPS

MAX_HEADING_CHARS, MAX_UNSPACED_HEADING_CHARS = 90, 40
"""Limits a heading. A Chinese, Japanese or Khmer character says as much as two to three Latin characters."""

SENTENCE_END = re.compile(rf"[.!?{STOPS}．…:：;；,、，]['\"”’」』)）]*$")
LIST_ITEM = re.compile(rf"^\s*(?:[{LIST_MARKS}]|\(?\d{{1,2}}[.)])\s")


def read_text(data: bytes) -> Parsed:
    """The text in `data`, whatever its encoding, with the lines that look like headings as sections."""
    blocks = [block for block in re.split(r"\n[^\S\n]*\n\s*", normalise(decode(data))) if block.strip()]
    builder = TextBuilder()
    title: str | None = None
    has_body = False
    for number, block in enumerate(blocks):
        if number + 1 < len(blocks) and _is_heading(block):
            is_title = title is None and not has_body
            title = block.strip() if is_title else title
            builder.add_heading(block, level=1 if is_title else 2)
        else:
            builder.add_block(block)
            has_body = has_body or bool(SENTENCE_END.search(block.strip()))
    return Parsed(text=builder.text, title=title, sections=builder.sections)


def _is_heading(block: str) -> bool:
    line = block.strip()
    if "\n" in line or len(line) > MAX_HEADING_CHARS:  # first, for the rest is slow on long lines
        return False
    return (
        (len(line) <= MAX_UNSPACED_HEADING_CHARS or not is_unspaced(line))
        and not SENTENCE_END.search(line)
        and not LIST_ITEM.match(line)
        and any(character.isalpha() for character in line)
    )
