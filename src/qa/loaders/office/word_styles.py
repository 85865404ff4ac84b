"""The styles and the numbering of a Word file: the level, mark and properties of a paragraph."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator

from qa.loaders.office.package import Element

W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"

HEADING_NAME = re.compile(
    r"(?:heading|見出し|标题|標題|제목|đầu đề|tiêu đề|ចំណងជើង|überschrift|titre)\s*([1-9])",
    re.IGNORECASE,
)
"""Word stores the names of its own styles in English whatever its language; other programs do not."""

TITLE_NAME = re.compile(r"title|表題|タイトル|标题|標題|tiêu đề|ចំណងជើង|titel|titre", re.IGNORECASE)

CONTENTS_NAME = re.compile(r"(?:toc|contents|目次|目录)\s*(?:\d|heading)", re.IGNORECASE)
"""The styles of lines in a table of contents, which repeat the headings."""

BODY_LEVEL = 9
"""The outline level of text that is no heading; 0 is the top."""

MAX_STYLE_DEPTH = 20
"""Limits the styles that are based on each other."""


def value_of(element: Element | None, name: str = "val") -> str | None:
    """The attribute w:`name` of `element`; None where there is none."""
    value = element.get(W + name) if element is not None else None
    return str(value) if value is not None else None


def is_on(element: Element | None) -> bool:
    """True if a switch such as `<w:vanish/>` is there and not turned off."""
    return element is not None and value_of(element) not in ("0", "false", "off", "none")


def number_of(element: Element | None, name: str = "val") -> int | None:
    """The attribute w:`name` of `element` as a number; None where it is none."""
    try:
        return int(value_of(element, name) or "")
    except ValueError:
        return None


class Styles:
    """The styles of a file, with the styles that they are based on."""

    def __init__(self, tree: Element | None) -> None:
        self._by_id: dict[str, Element] = {}
        self._default: str | None = None
        self._chains: dict[str | None, tuple[Element, ...]] = {}
        self.defaults = tree.find(f"{W}docDefaults/{W}rPrDefault/{W}rPr") if tree is not None else None
        for style in tree.iterfind(f"{W}style") if tree is not None else ():
            style_id = value_of(style, "styleId") or ""
            self._by_id[style_id] = style
            if value_of(style, "type") == "paragraph" and value_of(style, "default") in ("1", "true", "on"):
                self._default = style_id

    def chain(self, style_id: str | None) -> tuple[Element, ...]:
        """The style, the style that it is based on, and so on."""
        if style_id not in self._chains:
            found: list[Element] = []
            following = style_id
            while (style := self._by_id.get(following or "")) is not None and len(found) < MAX_STYLE_DEPTH:
                found.append(style)
                following = value_of(style.find(f"{W}basedOn"))
            self._chains[style_id] = tuple(found)
        return self._chains[style_id]

    def of_paragraph(self, paragraph: Element) -> tuple[Element, ...]:
        """The styles that hold for `paragraph`, nearest first."""
        return self.chain(value_of(paragraph.find(f"{W}pPr/{W}pStyle")) or self._default)

    def paragraph_properties(self, paragraph: Element, name: str) -> Iterator[Element]:
        """The properties w:`name` that hold for `paragraph`: its own, then those of its styles."""
        for holder in (paragraph, *self.of_paragraph(paragraph)):
            found = holder.find(f"{W}pPr/{W}{name}")
            if found is not None:
                yield found

    def heading_level(self, paragraph: Element) -> int | None:
        """The level of the heading that `paragraph` is, 1 for the title; None if it is none."""
        own = number_of(paragraph.find(f"{W}pPr/{W}outlineLvl"))
        if own is not None:
            return own + 1 if 0 <= own < BODY_LEVEL else None
        for style in self.of_paragraph(paragraph):
            name = value_of(style.find(f"{W}name")) or ""
            if TITLE_NAME.fullmatch(name):
                return 1
            if match := HEADING_NAME.fullmatch(name):
                return int(match.group(1))
            level = number_of(style.find(f"{W}pPr/{W}outlineLvl"))
            if level is not None:
                return level + 1 if 0 <= level < BODY_LEVEL else None
        return None

    def is_contents(self, paragraph: Element) -> bool:
        """True for a line of a table of contents."""
        names = (value_of(style.find(f"{W}name")) or "" for style in self.of_paragraph(paragraph))
        return any(CONTENTS_NAME.match(name) for name in names)

    def has_leader(self, paragraph: Element) -> bool:
        """True if a tab in `paragraph` may be drawn as a line of dots."""
        return any(
            value_of(tab, "leader") not in (None, "none")
            for tabs in self.paragraph_properties(paragraph, "tabs")
            for tab in tabs
        )

    def is_shaded(self, style_id: str | None) -> bool:
        """True if the table style paints any cell in a colour on which white can be read."""
        return any(is_dark(shade) for style in self.chain(style_id) for shade in style.iter(f"{W}shd"))


def is_dark(shade: Element | None) -> bool:
    """True if white can be read on the filling that the w:shd element `shade` gives."""
    return is_dark_colour(value_of(shade, "fill"))


def is_dark_colour(colour: str | None) -> bool:
    """True if white can be read on `colour` (six hex digits); the mean of its channels is up to 200 of 255."""
    if not colour or not re.fullmatch(r"[0-9A-Fa-f]{6}", colour):
        return False
    return sum(bytes.fromhex(colour)) <= 3 * 200


class Numbering:
    """Counts the items of the lists of a file as Word does."""

    def __init__(self, tree: Element | None, styles: Styles) -> None:
        self._styles = styles
        self._levels: dict[tuple[str, int], tuple[str, int]] = {}
        self._lists: dict[str, tuple[str, str]] = {}  # numId → the list to count in, where its levels are
        self._counts: dict[str, dict[int, int]] = defaultdict(dict)
        if tree is None:
            return
        for abstract in tree.iterfind(f"{W}abstractNum"):
            number = value_of(abstract, "abstractNumId") or ""
            for level in abstract.iterfind(f"{W}lvl"):
                start = number_of(level.find(f"{W}start"))
                shape = value_of(level.find(f"{W}numFmt")) or "decimal"
                self._levels[number, number_of(level, "ilvl") or 0] = (shape, 1 if start is None else start)
        for num in tree.iterfind(f"{W}num"):
            abstract_id = value_of(num.find(f"{W}abstractNumId")) or ""
            own = value_of(num, "numId") or ""
            restarts = num.find(f"{W}lvlOverride/{W}startOverride") is not None
            self._lists[own] = (f"num {own}" if restarts else abstract_id, abstract_id)

    def mark(self, paragraph: Element) -> tuple[str, int] | None:
        """The mark ("- ", "3. ") and depth from 0 of the list item `paragraph`; None if it is no list item.

        Each call counts: ask once for each paragraph, in their order.
        """
        properties = list(self._styles.paragraph_properties(paragraph, "numPr"))
        num_id = next((v for p in properties if (v := value_of(p.find(f"{W}numId")))), None)
        depth = next((n for p in properties if (n := number_of(p.find(f"{W}ilvl"))) is not None), 0)
        if num_id not in self._lists:
            return None
        counter, abstract_id = self._lists[num_id]
        shape, start = self._levels.get((abstract_id, depth), ("bullet", 1))
        if shape == "none":
            return None
        if shape == "bullet":
            return "- ", depth
        counts = self._counts[counter]
        counts[depth] = counts.get(depth, start - 1) + 1
        for deeper in [level for level in counts if level > depth]:
            del counts[deeper]
        return f"{counts[depth]}. ", depth
