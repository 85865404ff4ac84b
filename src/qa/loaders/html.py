"""Web pages → their main text, by trafilatura, without navigation, scripts and hidden text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import trafilatura
from lxml import etree
from lxml import html as lxml_html

from qa.errors import LoadError
from qa.i18n.reasons import Reason
from qa.loaders.encodings import decode_page
from qa.loaders.hidden import remove_hidden
from qa.loaders.office.tables import Cell, table_blocks
from qa.loaders.parsed import Parsed, TextBuilder
from qa.text.normalise import UNWANTED

BLOCKS = frozenset({"p", "quote", "code", "item", "row", "head"})

LINES = frozenset("address br caption dd div dt figcaption hr legend li summary tr".split())
PARAGRAPHS = frozenset(
    "article aside blockquote center details dl fieldset figure footer form h1 h2 h3 h4 h5 h6 header main nav ol "
    "p pre section table ul".split()
)
"""HTML elements that begin on a line of their own, and HTML elements with space around them."""

UNSEEN = frozenset({"head", "script", "style", "title", "iframe", "object", "select", "textarea", "button"})
"""HTML elements that hold no text of the page itself."""

MAX_DEPTH = 250
"""Limits elements inside of elements. Pages have fifty. The parser's own limit is 256, beyond which it would lose
the rest of the page without a word."""

MAX_ELEMENTS = 100_000
"""Limits the elements. The extractor takes 5 s for so many paragraphs, and its time grows faster than they do. The
longest pages, a law or a year of minutes, have 50,000."""

MAX_CHARS = 40 * 2**20
"""Limits a page. Pages that were saved whole carry their pictures in them and are large."""

MAX_ATTRIBUTES = 5_000
"""Limits the names of attributes in a tag. The parser compares each with each: 40,000 take it 1.5 s."""

LONG_TAG = re.compile(r"<[a-zA-Z][^<>]{20000,}")
"""A tag with room for so many attributes."""

MAX_CELL_CHARS = 300
"""Limits a table's cell in a mail. Longer cells are columns of the page."""

XML_DECLARATION = re.compile(r"\A\s*+<\?xml\b[^>]*+>")
"""lxml refuses to read characters that say how their bytes are encoded."""


def read_html(data: bytes) -> Parsed:
    """The main text of a web page, with its headings, lists and tables."""
    try:
        return _read_tree(parse_page(decode_page(data)))
    except RecursionError as error:
        raise LoadError(Reason("why_page_nested")) from error


def parse_page(source: str) -> Any:
    """The tree (lxml) of the page in `source`, without text that its reader does not see.

    Raises `LoadError` where the page is too large or nested too deep.
    """
    if len(source) > MAX_CHARS:
        raise LoadError(Reason("why_page_too_large", limit=MAX_CHARS // 2**20))
    source = XML_DECLARATION.sub("", UNWANTED.sub("", source))
    for tag in LONG_TAG.finditer(source):
        if len(set(re.findall(r"\s([^\s=]++)", tag[0]))) > MAX_ATTRIBUTES:
            raise LoadError("one of its tags has thousands of attributes; save the article itself as text")
    parser = lxml_html.HTMLParser(remove_comments=True, remove_pis=True, huge_tree=True)
    try:
        root = lxml_html.document_fromstring(source or "<html></html>", parser=parser)
    except etree.ParserError as error:
        raise LoadError(Reason("why_page_empty")) from error
    _check_shape(root)
    remove_hidden(root)
    return root


def read_lines(source: str) -> str:
    """All visible text of the page in `source`, a line for each of its blocks: for short pages, mails."""
    root = parse_page(source)
    for element in list(root.iter(*UNSEEN)):
        element.drop_tree()
    for table in list(root.iter("table")):
        _name_rows(table)
    pieces: list[str] = []
    for event, element in etree.iterwalk(root, events=("start", "end")):
        text = (element.text if event == "start" else element.tail) or ""
        if element.tag in PARAGRAPHS:
            pieces.append("\n\n")
        elif element.tag in LINES and (event == "start" or (element.tag != "br" and text.strip())):
            pieces.append("\n")
        elif element.tag in ("td", "th") and event == "start" and element.getprevious() is not None:
            pieces.append(" | ")
        pieces.append(re.sub(r"\s+", " ", text))
    lines = (" ".join(line.split()) for line in "".join(pieces).split("\n"))
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


def _name_rows(table: Any) -> None:
    """Put the headings of its columns into each row of `table`, unless it only lays out the page."""
    rows = [[cell for cell in row if cell.tag in ("td", "th")] for row in table.iter("tr")]
    is_plain = next(table.iterdescendants("table"), None) is None and not any(
        cell.get("colspan") or cell.get("rowspan") for row in rows for cell in row
    )
    if not is_plain or len(rows) < 2 or len({len(row) for row in rows}) > 1 or len(rows[0]) < 2:
        return
    texts = [[" ".join(cell.text_content().split()) for cell in row] for row in rows]
    if max(len(text) for row in texts for text in row) > MAX_CELL_CHARS:
        return
    count = 1 if all(cell.tag == "th" for cell in rows[0]) else None
    blocks = list(table_blocks([list(map(Cell, row)) for row in texts], header_rows=count))
    tail, parent = table.tail, table.getparent()
    made = lxml_html.Element("div")
    for block in blocks:
        for line in block.split("\n"):
            etree.SubElement(made, "p" if len(blocks) > 1 else "div").text = line
    made.tail = tail
    parent.replace(table, made)


def _read_tree(root: Any) -> Parsed:
    page: Any = trafilatura.bare_extraction(
        root,
        include_comments=False,
        include_tables=True,
        favor_recall=True,
        with_metadata=True,
        # A year in the text is no date of the page.
        date_extraction_params={"extensive_search": False, "original_date": True},
    )
    if page is None:
        raise LoadError(Reason("why_page_no_text"))
    builder = TextBuilder()
    _add_element(page.body, builder)
    return Parsed(
        text=builder.text,
        title=page.title or None,
        title_from="properties",
        date=page.date or None,
        url=page.url or None,
        sections=builder.sections,
    )


def _check_shape(root: Any) -> None:
    depth = elements = 0
    for event, _ in etree.iterwalk(root, events=("start", "end")):
        depth += 1 if event == "start" else -1
        elements += event == "start"
        if depth > MAX_DEPTH:
            raise LoadError(Reason("why_page_nested"))
        if elements > MAX_ELEMENTS:
            raise LoadError(Reason("why_page_too_many_parts"))


def _add_element(element: Any, builder: TextBuilder) -> None:
    """Add the content of `element` (lxml, in trafilatura's TEI-like tags), block by block."""
    if element.tag == "list":
        items = (_inline(item, without="list") for item in element.iter("item"))
        builder.add_block("\n".join(f"- {item}" for item in items if item))
    elif element.tag == "table":
        for block in _table_blocks(element):
            builder.add_block(block)
    elif element.tag == "head":
        builder.add_heading(_inline(element), level=int(str(element.get("rend") or "h2")[1:2] or 2))
    elif element.tag in BLOCKS:
        builder.add_block(_inline(element))
    else:
        builder.add_block(element.text or "")
        for child in element:
            _add_element(child, builder)
            builder.add_block(child.tail or "")


def _table_blocks(table: Any) -> Iterator[str]:
    """The blocks of `table`, the headings of its columns said in each row where it has any."""
    rows: list[list[Cell]] = []
    heads: list[bool] = []
    for row in table.iter("row"):
        cells = list(row.iterchildren("cell"))
        # Without the table inside of a cell, whose rows come by themselves.
        rows.append([Cell(_inline(cell, without="table")) for cell in cells])
        filled = [cell for cell, own in zip(cells, rows[-1], strict=True) if own.text]
        heads.append(all(cell.get("role") == "head" for cell in filled))
    count = heads.index(False) if False in heads else 0
    yield from table_blocks(rows, header_rows=count or None)


def _inline(element: Any, *, without: str | None = None) -> str:
    """The words of `element` on one line, except words in elements named `without`. A `<lb/>` is a blank."""
    return " ".join("".join(_pieces(element, without)).split())


def _pieces(element: Any, without: str | None) -> Iterator[str]:
    yield element.text or ""
    for child in element:
        if child.tag == "lb":
            yield " "
        elif child.tag != without:
            yield from _pieces(child, without)
        yield child.tail or ""
