"""Plain text. Paragraphs are kept as they are; a short line that stands alone is taken for a heading."""

from __future__ import annotations

import re

import charset_normalizer

from qa.errors import LoadError
from qa.languages import is_unspaced
from qa.loaders.parsed import Parsed, TextBuilder, normalise

MAX_HEADING_CHARACTERS = 90
MAX_HEADING_CHARACTERS_UNSPACED = 40
"""A Chinese, Japanese or Khmer character says about as much as two to three Latin ones."""

SENTENCE_END = re.compile(r"[.!?。！？．។៕…:：;；,、，]['\"”’」』)）]*$")
LIST_ITEM = re.compile(r"^\s*(?:[-*•・●○■◆–]|\(?\d{1,2}[.)])\s")


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


def decode(data: bytes) -> str:
    """The characters in `data`: by its byte order mark, as UTF-8, or in the encoding that fits it best."""
    encoding = "utf-16" if data.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8-sig"
    try:
        return data.decode(encoding)
    except UnicodeDecodeError:
        best = charset_normalizer.from_bytes(data).best()
    if best is None:
        raise LoadError("its text is in no encoding that we know; save it as UTF-8")
    return str(best)


def _is_heading(block: str) -> bool:
    line = block.strip()
    limit = MAX_HEADING_CHARACTERS_UNSPACED if is_unspaced(line) else MAX_HEADING_CHARACTERS
    return (
        "\n" not in line
        and len(line) <= limit
        and not SENTENCE_END.search(line)
        and not LIST_ITEM.match(line)
        and any(character.isalpha() for character in line)
    )
