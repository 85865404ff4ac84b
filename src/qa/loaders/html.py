"""Web pages: their main text, by trafilatura, without navigation, scripts and what is hidden."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import trafilatura

from qa.errors import LoadError
from qa.loaders.parsed import Parsed, TextBuilder

BLOCKS = frozenset({"p", "quote", "code", "item", "row", "head"})

HIDDEN = [
    "//*[@hidden]",
    "//template",
    *(
        f"//*[contains(translate(@style, ' ABCDEFGHIJKLMNOPQRSTUVWXYZ', 'abcdefghijklmnopqrstuvwxyz'), '{style}')]"
        for style in (
            "display:none",
            "visibility:hidden",
            "font-size:0",
            "font-size:1p",
            "opacity:0;",
            "color:#fff;",
        )
    ),
]
"""XPaths of what a browser does not show, or not so that anybody could read it."""


def read_html(data: bytes) -> Parsed:
    """The main text of a web page, with its headings, lists and tables."""
    page: Any = trafilatura.bare_extraction(
        data,
        include_comments=False,
        include_tables=True,
        favor_recall=True,
        with_metadata=True,
        # A year in the text is no date of the page.
        date_extraction_params={"extensive_search": False, "original_date": True},
        prune_xpath=HIDDEN,
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
        items = (
            f"- {_inline(item, without='list')}"
            for item in element.iter("item")
            if _inline(item, without="list")
        )
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


def _inline(element: Any, *, without: str | None = None) -> str:
    """The words of `element` on one line, but for those in elements named `without`; `<lb/>` is a blank."""
    return " ".join("".join(_pieces(element, without)).split())


def _pieces(element: Any, without: str | None) -> Iterator[str]:
    yield element.text or ""
    for child in element:
        if child.tag == "lb":
            yield " "
        elif child.tag != without:
            yield from _pieces(child, without)
        yield child.tail or ""
