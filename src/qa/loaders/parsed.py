"""The result of a parser: the canonical text, built block by block, and what the file says of itself."""

from __future__ import annotations

from dataclasses import dataclass

from qa.domain import Origin, PageKind, PageStart, Section, Span
from qa.text.normalise import normalise, normalise_line


@dataclass(frozen=True, slots=True, kw_only=True)
class Parsed:
    """The text of a file and what the file says of itself; None where it does not say.

    `title_from`, `date_from` and `cities_from` tell where in the file. `empty_pages` are the numbers of pages
    without text. `warnings` tell a person what was left out.
    """

    text: str
    title: str | None = None
    cities: tuple[str, ...] | None = None
    language: str | None = None
    date: str | None = None
    url: str | None = None
    source_title: str | None = None
    sections: tuple[Section, ...] = ()
    pages: tuple[PageStart, ...] = ()
    page_kind: PageKind = "page"
    empty_pages: tuple[int, ...] = ()
    title_from: Origin = "text"
    date_from: Origin = "properties"
    cities_from: Origin = "front_matter"
    warnings: tuple[str, ...] = ()


class TextBuilder:
    """Builds a canonical text out of blocks, with a blank line between them."""

    def __init__(self) -> None:
        self._parts: list[str] = []
        self._length = 0
        self._sections: list[Section] = []
        self._pages: list[PageStart] = []

    def add_block(self, text: str) -> Span | None:
        """The place of the new block; None for an empty block, which is left out."""
        block = normalise(text).strip()
        if not block:
            return None
        if self._parts:
            self._parts.append("\n\n")
            self._length += 2
        span = Span(self._length, self._length + len(block))
        self._parts.append(block)
        self._length = span.end
        return span

    def add_heading(self, text: str, *, level: int) -> None:
        """Add a heading, on one line."""
        heading = normalise_line(text)
        span = self.add_block(heading)
        if span:
            self._sections.append(Section(heading, level, span))

    def start_page(self, number: int, name: str = "") -> None:
        """Begin the page (slide, sheet) `number`, a sheet with its `name`."""
        self._pages.append(PageStart(number, self._length + (2 if self._parts else 0), normalise_line(name)))

    @property
    def text(self) -> str:
        """The text so far."""
        return "".join(self._parts)

    @property
    def sections(self) -> tuple[Section, ...]:
        """The headings so far."""
        return tuple(self._sections)

    @property
    def pages(self) -> tuple[PageStart, ...]:
        """The pages so far."""
        return tuple(self._pages)
