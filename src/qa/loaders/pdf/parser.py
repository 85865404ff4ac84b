"""PDF files → their visible text in reading order, page by page.

pdfium is not thread-safe. `LOCK` lets a process read one file at a time.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

from qa.domain import Origin
from qa.errors import LoadError
from qa.i18n.reasons import Reason
from qa.loaders.parsed import Parsed, TextBuilder
from qa.loaders.pdf import ocr
from qa.loaders.pdf.blocks import Block, Typography, body_size, build_blocks, heading_levels, measure
from qa.loaders.pdf.content import PageContent, Reading, read_by_ocr, read_page
from qa.loaders.pdf.flow import join_columns, join_pages
from qa.loaders.pdf.layout import Column, read_columns
from qa.loaders.pdf.lines import GARBAGE, Line, find_words
from qa.loaders.pdf.margins import MIN_PAGES, MIN_SHARE, Edges, find_running
from qa.text.normalise import normalise_line

LOCK = threading.Lock()

MAX_PAGES = 2000
"""Limits the pages. Longer files are collections of documents, of which no citation would help."""

MAX_CHARS = 5_000_000
"""Limits the characters, to about those of two thousand full pages. More in a file were put there to do harm."""

MAX_OCR_PAGES = 50
"""Limits the pages that OCR reads. A page takes some seconds, and a file must be done in minutes."""

MIN_HIDDEN_CHARS = 5
"""Limits a hidden message. A page with fewer invisible characters has specks."""

MAX_TITLE_CHARS = 300
"""Limits a title. A longer title is an abstract."""

WARNINGS: dict[Reading, str] = {
    "picture": "why_pages_picture",
    "garbage": "why_pages_garbage",
    "ocr": "why_pages_ocr",
    "wordless": "why_pages_wordless",
    "unread": "why_pages_unread",
    "scan_layer": "why_pages_scan_layer",
    "crowded": "why_pages_crowded",
    "broken": "why_pages_broken",
}
"""The key of the reason that warns of pages, by the way in which they were read."""

USELESS_TITLE = re.compile(
    r"\(?(?:anonymous|unspecified|unknown)\)?|"
    r"microsoft (?:word|powerpoint|excel)\b.*|powerpoint presentation|(?:untitled|無題|无标题).*|"
    r"(?:document|presentation|slide|title|文書|プレゼンテーション)\s*\d*|"
    r"scan\w*|img\w*|[A-Za-z\d.-]*[\d_][A-Za-z\d_.-]*|"
    r"\S.*\.(?:docx?|pptx?|xlsx?|odt|odp|pdf|rtf|txt|html?|indd|ai|tex|dvi|tmp|wps|jtd)",
    re.IGNORECASE,
)
"""Titles that programs put in, not people."""

PDF_DATE = re.compile(r"(?:D:)?\s*(\d{4})-?(\d{2})-?(\d{2})")

FIRST_YEAR = 1990
"""The first year that counts. Earlier dates come from clocks that were not set: there were no PDFs."""


def read_pdf(data: bytes) -> Parsed:
    """The text of a PDF with its pages, headings, lists and tables."""
    import pypdfium2
    import pypdfium2.raw as pdfium

    with LOCK:
        try:
            with pypdfium2.PdfDocument(data) as pdf:
                contents = _read_pages(pdf)
                title, day = _title(pdf), _date(pdf)
        except pypdfium2.PdfiumError as error:
            is_locked = error.err_code in (pdfium.FPDF_ERR_PASSWORD, pdfium.FPDF_ERR_SECURITY)
            raise LoadError(Reason("why_password" if is_locked else "why_damaged_pdf")) from error
    builder = TextBuilder()
    first_heading = _add_pages(builder, contents)
    # A page with only a header and a number says nothing, either.
    filled = {page.number for page in builder.pages}
    origin: Origin = "properties" if title else "text"
    return Parsed(
        text=builder.text,
        title=title or first_heading,
        date=day,
        sections=builder.sections,
        pages=builder.pages,
        page_kind="page",
        empty_pages=tuple(content.number for content in contents if content.number not in filled),
        title_from=origin,
        date_from="properties",
        warnings=tuple(_warnings(contents)),
    )


def _read_pages(pdf: Any) -> list[PageContent]:
    """The content of the pages of `pdf` (a `PdfDocument`)."""
    if len(pdf) > MAX_PAGES:
        raise LoadError(Reason("why_too_many_pages", count=len(pdf), limit=MAX_PAGES))
    contents: list[PageContent] = []
    characters = read_by_machine = 0
    for number in range(1, len(pdf) + 1):
        content = _read_numbered(pdf, number, may_ocr=read_by_machine < MAX_OCR_PAGES)
        read_by_machine += content.reading in ("ocr", "wordless")
        characters += content.characters
        if characters > MAX_CHARS:
            raise LoadError(Reason("why_pdf_too_long", limit=MAX_CHARS))
        contents.append(content)
    return contents


def _read_numbered(pdf: Any, number: int, *, may_ocr: bool) -> PageContent:
    import pypdfium2

    try:
        page = pdf[number - 1]
        try:
            content = read_page(page, number)
            if content.reading not in ("picture", "garbage") or not ocr.is_available():
                return content
            return read_by_ocr(page, content) if may_ocr else replace(content, reading="unread")
        finally:
            page.close()
    except pypdfium2.PdfiumError:
        return PageContent(number, "broken")


def _add_pages(builder: TextBuilder, contents: Sequence[PageContent]) -> str | None:
    """The heading that may be the title, after the content of the pages was added to `builder`."""
    running = find_running([Edges(c.number, c.top, c.bottom, c.elements) for c in contents])
    running |= _repeated_aside(contents)
    size = body_size(e for c in contents for e in c.elements if isinstance(e, Line))
    pages = [list(_columns(content, running, size=size)) for content in contents]
    lines = [[e for e in column if isinstance(e, Line)] for columns in pages for column in columns]
    typography = measure(lines, find_words(line for column in lines for line in column), size=size)
    flows = [join_columns([_blocks(c, typography) for c in columns], typography.words) for columns in pages]
    blocks = join_pages(flows, typography.words)
    levels = heading_levels(block for page in blocks for block in page)
    for content, page in zip(contents, blocks, strict=True):
        if page:
            builder.start_page(content.number)
        for block in page:
            if block.kind == "heading":
                builder.add_heading(block.text, level=levels[block.size])
            else:
                builder.add_block(block.text)
    return _first_heading(blocks[0]) if blocks else None


def _columns(content: PageContent, running: set[int], *, size: float) -> Iterator[Column]:
    for group in (content.elements, *content.others):
        yield from read_columns([element for element in group if id(element) not in running], size=size)


def _blocks(column: Column, typography: Typography) -> list[Block]:
    cleaned = (
        replace(block, text=GARBAGE.sub("", block.text).strip()) for block in build_blocks(column, typography)
    )
    return [block for block in cleaned if block.text]


def _repeated_aside(contents: Sequence[PageContent]) -> set[int]:
    """The ids of elements across most pages in another direction: watermarks, and marks at the margin."""
    aside = [(c.number, e) for c in contents for group in c.others for e in group]
    pages: dict[str, set[int]] = {}
    for number, element in aside:
        pages.setdefault(element.text, set()).add(number)
    least = max(MIN_PAGES, MIN_SHARE * len(contents))
    return {id(element) for _, element in aside if len(pages[element.text]) >= least}


def _title(pdf: Any) -> str | None:
    """The title in the file's properties, if a person gave it."""
    title = normalise_line(str(pdf.get_metadata_value("Title")))
    is_useful = len(title) > 2 and any(c.isalpha() for c in title) and not USELESS_TITLE.fullmatch(title)
    return title if is_useful and len(title) <= MAX_TITLE_CHARS and not GARBAGE.search(title) else None


def _first_heading(blocks: Sequence[Block]) -> str | None:
    """The largest heading of a page, the first of equally large headings."""
    headings = [block for block in blocks if block.kind == "heading"]
    return max(headings, key=lambda block: block.size).text if headings else None


def _date(pdf: Any) -> str | None:
    """The day (YYYY-MM-DD) of the file's making in its properties, else that of its last change."""
    for key in ("CreationDate", "ModDate"):
        found = PDF_DATE.match(str(pdf.get_metadata_value(key)))
        if found and int(found[1]) >= FIRST_YEAR:
            try:
                return date(int(found[1]), int(found[2]), int(found[3])).isoformat()
            except ValueError:
                continue
    return None


def _warnings(contents: Sequence[PageContent]) -> Iterator[str]:
    hidden = tuple(content.number for content in contents if content.hidden >= MIN_HIDDEN_CHARS)
    if hidden:
        yield Reason("why_pages_hidden", pages=hidden)
    for reading, key in WARNINGS.items():
        pages = tuple(content.number for content in contents if content.reading == reading)
        if pages:
            limit = {"limit": MAX_OCR_PAGES} if reading == "unread" else {}
            yield Reason(key, pages=pages, **limit)
