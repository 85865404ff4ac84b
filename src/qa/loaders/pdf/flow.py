"""Text that runs on from column to column, and sentences that run on from page to page."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from qa.domain import Span
from qa.loaders.pdf.blocks import Block
from qa.loaders.pdf.lines import UNSPACED_SCRIPTS, join_text
from qa.text.languages import detect_script
from qa.text.sentences import split_sentences

MAX_REST_CHARS = 600
"""Limits the rest of a sentence on the next page. No sentence goes on for longer."""

STOP = re.compile(r"[.!?。！？．។៕…:：]['\"”’」』)）]*$")

GOES_ON = re.compile(r"[,;，、\-\u00ad]$")


def join_columns(columns: Sequence[Sequence[Block]], words: frozenset[str]) -> list[Block]:
    """The blocks of a page's columns. Blocks that run from a column into the next are joined."""
    blocks: list[Block] = []
    for column in columns:
        rest = list(column)
        if blocks and rest and _runs_on(blocks[-1], rest[0]):
            blocks[-1] = _joined(blocks[-1], rest.pop(0), words)
        blocks += rest
    return blocks


def join_pages(pages: Sequence[list[Block]], words: frozenset[str]) -> list[list[Block]]:
    """The pages' blocks, with each sentence whole on the page that it begins on.

    The rest of a paragraph stays on its own page: a quote must be found where the citation says.
    """
    joined = [list(blocks) for blocks in pages]
    for before, after in pairwise(joined):
        place = _last_paragraph(before)
        if place is None or not after or not _runs_on(before[place], after[0]):
            continue
        whole = _joined(before[place], after[0], words).text
        # The end of the first page, counted from behind: a hyphen before it may have gone.
        boundary = len(whole) - len(after[0].text)
        end = _sentence_end(whole, boundary)
        if end is not None:
            before[place] = replace(before[place], text=whole[:end].rstrip())
            rest = whole[end:].strip()
            after[:1] = [replace(after[0], text=rest)] if rest else []
    return joined


def _last_paragraph(blocks: Sequence[Block]) -> int | None:
    """The place of the page's last block before footnotes, which are smaller than the rest."""
    size = max((block.size for block in blocks if block.kind == "paragraph"), default=0.0)
    for place in range(len(blocks) - 1, -1, -1):
        if blocks[place].kind != "paragraph" or blocks[place].size > 0.95 * size:
            return place
    return None


def _runs_on(before: Block, after: Block) -> bool:
    if before.kind not in ("paragraph", "list") or after.kind != "paragraph" or STOP.search(before.text):
        return False
    if before.size and before.size != after.size:
        return False
    if before.is_full:
        return True
    first = after.text[0]
    return first.islower() or bool(UNSPACED_SCRIPTS.match(first)) or bool(GOES_ON.search(before.text))


def _joined(before: Block, after: Block, words: frozenset[str]) -> Block:
    return replace(before, text=join_text(before.text, after.text, words=words))


def _sentence_end(text: str, boundary: int) -> int | None:
    """The end of the sentence that goes over `boundary`; None if it does not end soon."""
    near = Span(max(boundary - MAX_REST_CHARS, 0), min(boundary + MAX_REST_CHARS, len(text)))
    for span in split_sentences(text, language=detect_script(text), within=near):
        if span.start < boundary < span.end:
            return span.end if span.end < near.end or near.end == len(text) else None
    return None
