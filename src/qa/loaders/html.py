"""Web pages: their main text, by trafilatura, without navigation, scripts and what is hidden."""

from __future__ import annotations

from typing import Any

import trafilatura

from qa.errors import LoadError
from qa.loaders.parsed import Parsed, TextBuilder

BLOCKS = frozenset({"p", "quote", "code", "item", "row", "head"})


def read_html(data: bytes) -> Parsed:
    """The main text of a web page, with its headings, lists and tables."""
    page: Any = trafilatura.bare_extraction(
        data, include_comments=False, include_tables=True, favor_recall=True, with_metadata=True
    )
    if page is None:
        raise LoadError("no main text was found in this page; save the article itself as text")
    builder = TextBuilder()
    _add_element(page.body, builder)
    return Parsed(
        text=builder.text,
        title=page.title or None,
        date=page.date or None,
        url=page.url or None,
        sections=builder.sections,
    )


def _add_element(element: Any, builder: TextBuilder) -> None:
    """Add what `element` (lxml, in trafilatura's TEI-like tags) holds, block by block."""
    if element.tag == "list":
        items = (f"- {_inline(item)}" for item in element.iter("item") if _inline(item))
        builder.add_block("\n".join(items))
    elif element.tag == "table":
        rows = ([_inline(cell) for cell in row.iter("cell")] for row in element.iter("row"))
        builder.add_block("\n".join(" | ".join(row) for row in rows if any(row)))
    elif element.tag == "head":
        builder.add_heading(_inline(element), level=int(str(element.get("rend") or "h2")[1:2] or 2))
    elif element.tag in BLOCKS:
        builder.add_block(_inline(element))
    else:
        builder.add_block(element.text or "")
        for child in element:
            _add_element(child, builder)
            builder.add_block(child.tail or "")


def _inline(element: Any) -> str:
    """The words of `element` on one line; `<lb/>` is a blank."""
    parts = []
    for node in element.iter():
        parts.append(" " if node.tag == "lb" else "")
        parts.append(node.text or "")
        if node is not element:
            parts.append(node.tail or "")
    return " ".join("".join(parts).split())
