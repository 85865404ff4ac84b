"""The parts of a page that its reader does not see, where instructions to a machine are hidden.

Attributes, inline styles and the simple rules of `<style>` blocks tell them. Style sheets in files of their own
are not fetched, and the deeds of scripts are not known.
"""

from __future__ import annotations

import re
from typing import Any

from qa.loaders.stylesheets import Style, apply_rules, read_style

HIDDEN_TAGS = frozenset({"template", "noscript", "datalist", "noframes", "noembed"})
"""Elements whose content a browser never shows, or only where scripts are off. Scripts are left to the
extractor, which reads dates and titles in them."""

NUMBER = re.compile(r"([-+]?(?:\d++(?:\.\d*+)?|\.\d++))\s*+(px|pt|em|rem|%|ex|ch|vw|vh|)", re.IGNORECASE)

PIXELS = {
    "": 1.0, "px": 1.0, "pt": 4 / 3, "em": 16.0, "rem": 16.0, "ex": 8.0, "ch": 8.0,
    "%": 0.16, "vw": 12.0, "vh": 8.0,
}  # fmt: skip
"""The pixels of a unit, roughly: for a font of 16 pixels in a window of 1200 by 800."""

MIN_FONT_PIXELS = 3.0
"""Limits the letters that count as seen. The smallest in use, in footnotes, have 8 pixels."""

OFF_SCREEN_PIXELS = -500.0
"""The place to the left of or above the page from which nothing is meant to be seen. Menus slide in from less."""

WHITE = re.compile(
    r"(?:white|snow|ivory|transparent|#f[c-f]f[c-f]f[c-f]|#fff|#[0-9a-f]{6}00|#[0-9a-f]{3}0"
    r"|hsla?\(\d+,\d+%,(?:9[6-9]|100)%(?:,[\d.%]+)?\)|rgba?\((?:25[0-5],){2}25[0-5](?:,[\d.%]+)?\)|rgba\([\d.]+,[\d.]+,[\d.]+,0(?:\.0\d*)?\))",
    re.IGNORECASE,
)
"""White, nearly white or see-through colours, which cannot be read on a white page."""

PAGE_TAGS = frozenset({"html", "body"})

NO_BACKGROUND = frozenset({"none", "inherit", "initial", "unset", "0"})

CLIPPED = re.compile(r"rect\((?:[01](?:px)?,?){4}\)")
"""The clip that hides text from all but screen readers."""


def is_hiding(style: Style) -> bool:
    """True if an element of this style is not seen, nor anything in it."""
    opacity = _to_pixels(style.get("opacity"))
    return (
        style.get("display") == "none"
        or style.get("content-visibility") == "hidden"
        or (opacity is not None and opacity < 0.1)
        or _is_off_screen(style)
        or _is_clipped(style)
    )


def is_unreadable(style: Style) -> bool | None:
    """True if letters of this style are not seen on white paper; None if it says nothing about letters.

    An element inside may have letters that are seen, other than inside an element that `is_hiding`.
    """
    size = _to_pixels(style.get("font-size"))
    colour = "".join(style.get("color", "").split())
    if size is None and "visibility" not in style and not colour:
        return None
    return (
        style.get("visibility") in ("hidden", "collapse")
        or (size is not None and size < MIN_FONT_PIXELS)
        or bool(WHITE.fullmatch(colour))
    )


def has_background(style: Style) -> bool:
    """True if this style paints another colour than white behind its letters."""
    value = style.get("background-color") or style.get("background") or ""
    first = "".join(value.split()) if value.startswith(("rgb", "hsl")) else value.split(" ")[0]
    return bool(first) and first not in NO_BACKGROUND and not WHITE.fullmatch(first)


def remove_hidden(root: Any) -> None:
    """Remove from the tree at `root` (lxml) whatever its reader does not see.

    Raises `LoadError` where its style sheets are too many.
    """
    ruled = apply_rules(root)
    painted: set[Any] = set()
    unreadable: set[Any] = set()
    gone: list[Any] = []
    for element in root.iter():  # parents before children
        if not isinstance(element.tag, str):
            continue
        rules, important = ruled.get(element, ({}, {}))
        inline, inline_important = read_style(element.get("style") or "")
        style = {**_attribute_style(element), **rules, **inline, **important, **inline_important}
        parent = element.getparent()
        if has_background(style) or element.get("background") or parent in painted:
            painted.add(element)
        letters = is_unreadable(style)
        if element.tag in PAGE_TAGS:
            # A page that hides all of itself is shown by a script, and one in white has a dark ground somewhere.
            if letters and WHITE.fullmatch("".join(style.get("color", "").split())):
                painted.add(element)
            continue
        if letters is None:
            letters = parent in unreadable
        elif letters and element in painted:
            letters = (
                is_unreadable({name: value for name, value in style.items() if name != "color"}) or False
            )
        if letters:
            unreadable.add(element)
        if _is_hidden_by_attribute(element) or is_hiding(style):
            gone.append(element)
    for element in unreadable:
        element.text = None
        for child in element:
            child.tail = None
    for element in gone:
        if element.getparent() is not None:
            element.drop_tree()


def _is_hidden_by_attribute(element: Any) -> bool:
    return (
        element.tag in HIDDEN_TAGS
        or element.get("hidden") is not None
        or (element.get("aria-hidden") or "").strip().lower() == "true"
        or (element.tag == "dialog" and element.get("open") is None)
    )


def _attribute_style(element: Any) -> dict[str, str]:
    """The style of attributes from before style sheets: `<font color>`, `<td bgcolor>`."""
    style = {}
    if element.tag == "font" and element.get("color"):
        style["color"] = element.get("color").lower()
    if element.get("bgcolor"):
        style["background-color"] = element.get("bgcolor").lower()
    return style


def _is_off_screen(style: Style) -> bool:
    moved = ["text-indent", "margin-left", "margin-top"]
    if style.get("position") in ("absolute", "fixed", "relative"):
        moved += ["left", "top", "right", "bottom"]
    return any((_to_pixels(style.get(name)) or 0.0) <= OFF_SCREEN_PIXELS for name in moved)


def _is_clipped(style: Style) -> bool:
    if CLIPPED.fullmatch("".join(style.get("clip", "").split())):
        return True
    if style.get("clip-path", "").startswith(("inset(50%", "inset(100%", "circle(0")):
        return True
    if re.fullmatch(r"scale\(0(?:,0)?\)", "".join(style.get("transform", "").split())):
        return True
    if not style.get("overflow", "").startswith(("hidden", "clip")):
        return False
    sides = (_to_pixels(style.get(name)) for name in ("height", "width", "max-height", "max-width"))
    return any(side is not None and side <= 1.0 for side in sides)


def _to_pixels(value: str | None) -> float | None:
    """The length that `value` begins with, in pixels, roughly; None if it is no length."""
    match = NUMBER.fullmatch(value.strip()) if value else None
    return float(match[1][:20]) * PIXELS[match[2].lower()] if match else None
