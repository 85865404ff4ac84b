"""PowerPoint files (.pptx) → text: a page for each slide, in reading order, with the speaker notes."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable, Iterator

import pptx
from lxml import etree
from pptx.enum.shapes import PP_PLACEHOLDER
from pptx.exc import PythonPptxError
from pptx.presentation import Presentation
from pptx.shapes.base import BaseShape
from pptx.shapes.group import GroupShape
from pptx.slide import Slide

from qa.i18n.reasons import Reason
from qa.loaders.office.archive import damaged
from qa.loaders.office.graphics import DGM, C, read_chart, read_diagram, read_table
from qa.loaders.office.package import Element, Package, is_true, parse_xml
from qa.loaders.office.properties import read_properties
from qa.loaders.office.slide_text import A, blocks_of, read_lines
from qa.loaders.office.word_runs import MC, alternative
from qa.loaders.parsed import Parsed, TextBuilder
from qa.text.normalise import normalise_line

PROGRAM = "PowerPoint"

NOTES_HEADING = "Notes"
"""The heading of speaker notes: they are said, not shown, and may be meant for the speaker alone."""

SAME_LINE = 1 / 24
"""The share of the slide's height by which the tops of shapes side by side may differ."""

UNREAD_PLACEHOLDERS = frozenset({
    PP_PLACEHOLDER.DATE, PP_PLACEHOLDER.FOOTER, PP_PLACEHOLDER.HEADER, PP_PLACEHOLDER.SLIDE_NUMBER,
})  # fmt: skip

LIST_PLACEHOLDERS = frozenset({
    PP_PLACEHOLDER.BODY, PP_PLACEHOLDER.OBJECT, PP_PLACEHOLDER.VERTICAL_BODY, PP_PLACEHOLDER.VERTICAL_OBJECT,
})  # fmt: skip

UNREADABLE = (
    KeyError, ValueError, TypeError, AttributeError, IndexError, AssertionError, RecursionError, EOFError,
    NotImplementedError, zipfile.BadZipFile, etree.XMLSyntaxError, PythonPptxError,
)  # fmt: skip
"""The errors of python-pptx for files that do not hold together: it takes for granted that parts are there."""

P = "{http://schemas.openxmlformats.org/presentationml/2006/main}"
R = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}"


def read_powerpoint(data: bytes) -> Parsed:
    """The text of a PowerPoint file, without hidden slides, comments, footers and alternative texts."""
    with Package(data, program=PROGRAM) as package:
        properties = read_properties(package)
    try:
        reader = _Reader(pptx.Presentation(io.BytesIO(data)))
        reader.add_slides()
    except UNREADABLE as error:
        raise damaged(PROGRAM) from error
    return Parsed(
        text=reader.builder.text,
        title=properties.title or reader.title,
        date=properties.date,
        sections=reader.builder.sections,
        pages=reader.builder.pages,
        page_kind="slide",
        empty_pages=tuple(reader.empty),
        title_from="properties" if properties.title else "text",
        warnings=reader.warnings,
    )


class _Reader:
    """Adds slides to `builder`, and notes what was left out."""

    def __init__(self, presentation: Presentation) -> None:
        self.builder = TextBuilder()
        self.empty: list[int] = []
        self.title: str | None = None
        self._slides = presentation.slides
        self._width = presentation.slide_width or 0
        self._height = presentation.slide_height or 0
        self._hidden_slides: list[int] = []
        self._has_hidden_text = False

    @property
    def warnings(self) -> tuple[str, ...]:
        """The warnings of slides without text, and of hidden slides and texts."""
        found = [Reason("why_slide_empty", number=number) for number in self.empty]
        if self._hidden_slides:
            found.append(Reason("why_hidden_slides", numbers=tuple(self._hidden_slides)))
        if self._has_hidden_text:
            found.append(Reason("why_hidden_text"))
        return tuple(found)

    def add_slides(self) -> None:
        """Add each slide that is shown. Numbers count hidden slides, too, as PowerPoint's do."""
        for number, slide in enumerate(self._slides, start=1):
            if slide.element.get("show") in ("0", "false"):
                self._hidden_slides.append(number)
                continue
            _take_alternatives(slide.element)
            title = self._title_of(slide)
            blocks = [block for block in self._blocks(slide) if block.strip()]
            frame = slide.notes_slide.notes_text_frame if slide.has_notes_slide else None
            notes = self._frame(frame._txBody, is_list=False) if frame is not None else []
            if not (title or blocks or notes):
                self.empty.append(number)
                continue
            if not self.builder.pages:
                self.title = title
            self.builder.start_page(number)
            # Without a heading of its own, the slide would be read as a part of the slide before.
            self.builder.add_heading(title or f"Slide {number}", level=2)
            for block in blocks:
                self.builder.add_block(block)
            if notes:
                self.builder.add_heading(NOTES_HEADING, level=3)
            for block in notes:
                self.builder.add_block(block)

    def _title_of(self, slide: Slide) -> str | None:
        shape = slide.shapes.title
        if shape is None or _is_hidden(shape):
            return None
        return normalise_line(" ".join(self._frame(shape.text_frame._txBody, is_list=False))) or None

    def _frame(self, body: Element, *, is_list: bool) -> list[str]:
        lines, has_hidden = read_lines(body, is_list=is_list)
        self._has_hidden_text = self._has_hidden_text or has_hidden
        return [block for block in blocks_of(lines) if block.strip()]

    def _blocks(self, slide: Slide) -> Iterator[str]:
        """The blocks of all shapes except the title, in reading order."""
        title = slide.shapes.title
        heading = title.element if title is not None else None
        shapes = [shape for shape in slide.shapes if shape.element is not heading]
        shown = [shape for shape in shapes if not _is_hidden(shape) and not self._is_off(shape)]
        unseen = (piece for shape in shapes if shape not in shown for piece in shape.element.iter(f"{A}t"))
        if any((piece.text or "").strip() for piece in unseen):
            self._has_hidden_text = True
        yield from self._shape_blocks(shown, slide)

    def _shape_blocks(self, shapes: Iterable[BaseShape], slide: Slide) -> Iterator[str]:
        for shape in self._in_reading_order(shapes):
            if isinstance(shape, GroupShape):
                shown = [member for member in shape.shapes if not _is_hidden(member)]
                yield from self._shape_blocks(shown, slide)
            elif shape.is_placeholder and shape.placeholder_format.type in UNREAD_PLACEHOLDERS:
                continue
            elif shape.has_text_frame and (body := shape.element.find(f"{P}txBody")) is not None:
                yield from self._frame(body, is_list=_is_list(shape, slide))
            else:
                yield from self._graphic_blocks(shape.element, slide)

    def _graphic_blocks(self, frame: Element, slide: Slide) -> Iterator[str]:
        for table in frame.iter(f"{A}tbl"):
            blocks, has_hidden = read_table(table)
            self._has_hidden_text = self._has_hidden_text or has_hidden
            yield from blocks
        for chart in frame.iter(f"{C}chart"):
            yield from read_chart(parse_xml(slide.part.related_part(str(chart.get(f"{R}id"))).blob))
        for ids in frame.iter(f"{DGM}relIds"):
            yield from read_diagram(parse_xml(slide.part.related_part(str(ids.get(f"{R}dm"))).blob))

    def _in_reading_order(self, shapes: Iterable[BaseShape]) -> Iterator[BaseShape]:
        """`shapes` from top to bottom, and from left to right where they stand side by side."""
        line: list[BaseShape] = []
        for shape in sorted(shapes, key=lambda shape: shape.top or 0):
            if line and (shape.top or 0) - (line[0].top or 0) > self._height * SAME_LINE:
                yield from sorted(line, key=lambda shape: shape.left or 0)
                line = []
            line.append(shape)
        yield from sorted(line, key=lambda shape: shape.left or 0)

    def _is_off(self, shape: BaseShape) -> bool:
        left, top = shape.left, shape.top
        if left is None or top is None or not self._width or not self._height:
            return False
        right, bottom = left + (shape.width or 0), top + (shape.height or 0)
        return left >= self._width or top >= self._height or right < 0 or bottom < 0


def _take_alternatives(slide: Element) -> None:
    """Put the first choice in the place of each mc:AlternateContent, through which python-pptx does not see."""
    for element in list(slide.iter(f"{MC}AlternateContent")):
        parent = element.getparent()
        if parent is not None:
            at = parent.index(element)
            parent[at : at + 1] = list(alternative(element))


def _is_hidden(shape: BaseShape) -> bool:
    names = next(shape.element.iter(f"{P}cNvPr"), None)
    return names is not None and is_true(names.get("hidden"))


def _is_list(shape: BaseShape, slide: Slide) -> bool:
    """True if paragraphs of `shape` have bullets unless they say otherwise."""
    if not shape.is_placeholder or shape.placeholder_format.type not in LIST_PLACEHOLDERS:
        return False
    index = str(shape.placeholder_format.idx)
    bases = [
        base
        for base in slide.slide_layout.element.iter(f"{P}sp")
        if (mark := base.find(f"{P}nvSpPr/{P}nvPr/{P}ph")) is not None and mark.get("idx", "0") == index
    ]
    path = f"{P}txBody/{A}lstStyle/{A}lvl1pPr/{A}buNone"
    return not any(holder.find(path) is not None for holder in (shape.element, *bases))
