"""A paragraph of a Word file → its visible words, and the text boxes that hang on it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from qa.loaders.office.package import Element
from qa.loaders.office.word_styles import Styles, W, is_dark, is_dark_colour, is_on, number_of, value_of

MC = "{http://schemas.openxmlformats.org/markup-compatibility/2006}"
WPS = "{http://schemas.microsoft.com/office/word/2010/wordprocessingShape}"
A = "{http://schemas.openxmlformats.org/drawingml/2006/main}"
MATH_TEXT = "{http://schemas.openxmlformats.org/officeDocument/2006/math}t"

MIN_SIZE = 4
"""Limits the visible sizes: 2 points, in halves."""

WHITE = 0xF8
"""The least value of the channels of a colour that is white on paper."""

SHOWN = frozenset(f"{W}{name}" for name in ("hyperlink", "ins", "moveTo", "smartTag", "customXml", "fldSimple",
                                            "sdt", "sdtContent", "dir", "bdo", "ruby", "rubyBase"))  # fmt: skip
"""Elements with visible runs. Deleted or moved text (w:del, w:moveFrom) is not among them, nor the reading aids of
w:ruby."""

CHARACTERS = {f"{W}tab": "\t", f"{W}br": "\n", f"{W}cr": "\n", f"{W}noBreakHyphen": "-"}

LEADER = " ..... "
"""The text for a tab that is drawn as a line of dots."""

DARK_HIGHLIGHTS = frozenset({"black", "blue", "darkBlue", "darkCyan", "darkGreen", "darkMagenta", "darkRed",
                             "darkYellow", "darkGray", "green", "magenta", "red"})  # fmt: skip


@dataclass(frozen=True, slots=True)
class TextBox:
    """The content of a text box; white can be read in it if `is_dark`."""

    content: Element
    is_dark: bool


class RunReader:
    """Reads the visible text of paragraphs. `has_hidden` tells whether invisible text was left out."""

    def __init__(self, styles: Styles, *, is_dark_page: bool = False) -> None:
        self._styles = styles
        self._is_dark_page = is_dark_page
        self._fields: list[bool] = []  # of each open field, whether its instruction is still being read
        self._boxes: list[TextBox] = []
        self.has_hidden = False

    def read(self, paragraph: Element, *, on_dark: bool = False) -> tuple[str, tuple[TextBox, ...]]:
        """The visible text of `paragraph`, and its text boxes. `on_dark` is true in a dark cell or box."""
        self._boxes = []
        shade = next(self._styles.paragraph_properties(paragraph, "shd"), None)
        dark = on_dark or self._is_dark_page or is_dark(shade)
        text = "".join(self._pieces(paragraph, self._styles.of_paragraph(paragraph), dark))
        # A tab that leads to a page number of a table of contents that was typed by hand is shown as dots.
        is_led = "\t" in text and text.rstrip()[-1:].isdecimal() and self._styles.has_leader(paragraph)
        text = text.replace("\t", LEADER if is_led else " ")
        # An instruction ends with its paragraph: a field that is never closed must not hide the rest.
        self._fields = [False for _ in self._fields]
        return text, tuple(self._boxes)

    def _pieces(self, parent: Element, styles: tuple[Element, ...], dark: bool) -> Iterator[str]:
        for child in parent:
            if child.tag == f"{W}r":
                yield from self._run(child, styles, dark)
            elif child.tag in SHOWN:
                yield from self._pieces(child, styles, dark)
            elif child.tag == f"{MC}AlternateContent":
                yield from self._pieces(alternative(child), styles, dark)
            elif str(child.tag).startswith(MATH_TEXT[:-1]):
                yield "".join(str(piece.text or "") for piece in child.iter(MATH_TEXT))

    def _run(self, run: Element, styles: tuple[Element, ...], dark: bool) -> Iterator[str]:
        is_hidden: bool | None = None  # not asked for yet: most runs of a long file are alike
        for child in run:
            if child.tag == f"{W}fldChar":
                self._turn_field(value_of(child, "fldCharType"))
            elif child.tag in (f"{W}drawing", f"{W}pict", f"{W}object", f"{MC}AlternateContent"):
                self._boxes.extend(_text_boxes(child))
            elif any(self._fields):
                continue
            elif child.tag == f"{W}ruby":
                yield from self._pieces(child, styles, dark)
            elif child.tag == f"{W}t" or child.tag in CHARACTERS:
                text = CHARACTERS.get(str(child.tag)) or str(child.text or "")
                if is_hidden is None:
                    is_hidden = self._is_hidden(run, styles, dark)
                if not is_hidden:
                    yield text
                elif text.strip():
                    self.has_hidden = True

    def _turn_field(self, kind: str | None) -> None:
        if kind == "begin":
            self._fields.append(True)
        elif kind == "separate" and self._fields:
            self._fields[-1] = False
        elif kind == "end" and self._fields:
            self._fields.pop()

    def _is_hidden(self, run: Element, styles: tuple[Element, ...], dark: bool) -> bool:
        own = run.find(f"{W}rPr")
        named = self._styles.chain(value_of(own.find(f"{W}rStyle"))) if own is not None else ()
        holders = [own, *(style.find(f"{W}rPr") for style in (*named, *styles)), self._styles.defaults]

        def find(name: str) -> Element | None:
            return next((f for h in holders if h is not None and (f := h.find(W + name)) is not None), None)

        size = number_of(find("sz"))
        if is_on(find("vanish")) or (size is not None and size < MIN_SIZE):
            return True
        is_marked = value_of(find("highlight")) in DARK_HIGHLIGHTS
        return _is_white(value_of(find("color"))) and not (dark or is_marked or is_dark(find("shd")))


def alternative(element: Element) -> Element:
    """The first choice of an mc:AlternateContent; its fallback for old programs says the same again."""
    choice = element.find(f"{MC}Choice")
    fallback = choice if choice is not None else element.find(f"{MC}Fallback")
    return fallback if fallback is not None else element


def _is_white(colour: str | None) -> bool:
    try:
        channels = bytes.fromhex(colour or "")
    except ValueError:  # "auto"
        return False
    return len(channels) == 3 and min(channels) >= WHITE


def _text_boxes(element: Element, *, is_dark_shape: bool = False) -> Iterator[TextBox]:
    """The text boxes in `element`, also in groups, but no text box inside of another."""
    if element.tag == f"{MC}AlternateContent":
        element = alternative(element)
    if element.tag == f"{W}txbxContent":
        yield TextBox(element, is_dark_shape)
        return
    properties = element.find("{*}docPr")
    if properties is not None and properties.get("hidden") in ("1", "true"):
        return
    filled = is_dark_shape or _is_filled(element)
    for child in element:
        yield from _text_boxes(child, is_dark_shape=filled)


def _is_filled(shape: Element) -> bool:
    """True if `shape` is painted so that white can be read in it."""
    colour = str(shape.get("fillcolor", "")).split(" ")[0].lstrip("#")  # VML
    if colour and shape.get("filled") not in ("f", "false"):
        return is_dark_colour(colour) or (colour.isalpha() and colour != "white")
    properties = shape.find(f"{WPS}spPr")
    if properties is None:
        return False
    solid = properties.find(f"{A}solidFill")
    if solid is not None:
        exact, named = solid.find(f"{A}srgbClr"), solid.find(f"{A}schemeClr")
        if exact is not None:
            return is_dark_colour(str(exact.get("val", "")))
        return named is None or named.get("val") not in ("bg1", "lt1")
    if properties.find(f"{A}noFill") is not None:
        return False
    if any(properties.find(A + name) is not None for name in ("gradFill", "pattFill", "blipFill")):
        return True
    reference = shape.find(f"{WPS}style/{A}fillRef")
    return reference is not None and reference.get("idx") not in (None, "0")
