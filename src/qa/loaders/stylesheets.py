"""The simple rules of a page's `<style>` blocks: enough of CSS to see what a page hides, and no more."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from qa.errors import LoadError

Style = Mapping[str, str]
Styles = tuple[dict[str, str], dict[str, str]]
"""The usual declarations, and the `!important` ones."""

MAX_STYLE_CHARS = 1_000_000
"""Limits the style blocks of a page, to several times those of the largest pages."""

MAX_MATCHES = 2_000_000
"""Limits how many elements are held against rules. Large pages need a tenth; without a limit, a page of many rules
for many elements takes hours."""

MAX_STEPS = 6
"""Limits the steps of a selector. Longer selectors are left alone, and others than of tags, classes and ids."""

LOOKED_AT = re.compile(
    r"display|visibility|opacity|font-size|color|background|position|indent|margin|clip|transform|overflow|height|width",
)
"""The properties by which a declaration hides or shows."""

DECLARATION = re.compile(r"([a-z-]++)\s*+:\s*+([^;]*+)")
COMMENT = re.compile(r"/\*.*?(?:\*/|\Z)", re.DOTALL)
STEP = re.compile(r"(?P<tag>[a-zA-Z][a-zA-Z0-9-]*+|\*)?(?P<more>(?:[.#][\w-]++)*+)")
SCREEN = re.compile(r"@(?:media\s+(?:only\s+)?(?:all|screen)|layer\b.*+|supports\b.*+)", re.DOTALL)
"""Blocks whose rules hold on a screen of any size, other than those for print, phones and animations."""


@dataclass(frozen=True, slots=True)
class _Step:
    """One part of a selector, `div.note#a`. `is_child` is true right under the part before."""

    tag: str
    classes: frozenset[str]
    ids: frozenset[str]
    is_child: bool


def read_style(text: str) -> Styles:
    """The usual and the `!important` declarations in `text`, in lower case. Later declarations overrule
    earlier."""
    style: dict[str, str] = {}
    important: dict[str, str] = {}
    for name, value in DECLARATION.findall(COMMENT.sub("", text[:MAX_STYLE_CHARS]).lower()):
        plain = value.partition("!")[0].strip()
        (important if "!" in value and "important" in value else style)[name] = plain
    return style, important


def apply_rules(root: Any) -> dict[Any, Styles]:
    """The declarations of the `<style>` blocks under `root` (lxml) for each element.

    Raises `LoadError` where the blocks are too long or too many for the page.
    """
    sheet = "\n".join(block.text or "" for block in root.iter("style"))
    if not sheet.strip():
        return {}
    if len(sheet) > MAX_STYLE_CHARS:
        raise LoadError("it has more style than text; save the article itself as text")
    by_key = _index(root)
    ruled: dict[Any, Styles] = {}
    checks = 0
    for selectors, body in _read_rules(sheet):
        if not LOOKED_AT.search(body):
            continue
        style, important = read_style(body)
        for selector in selectors.split(","):
            steps = _read_selector(selector)
            candidates = by_key[_key(steps[-1])] if steps else ()
            checks += 1 + len(candidates)
            if checks > MAX_MATCHES:
                raise LoadError("it has too many rules of style; save the article itself as text")
            for element in candidates:
                if _fits(element, steps):
                    known = ruled.setdefault(element, ({}, {}))
                    known[0].update(style)
                    known[1].update(important)
    return ruled


def _index(root: Any) -> dict[str, list[Any]]:
    """The elements by tag, by `.class` and by `#id`; all of them under `*`."""
    by_key: dict[str, list[Any]] = defaultdict(list)
    for element in root.iter():
        if isinstance(element.tag, str):
            by_key["*"].append(element)
            by_key[element.tag].append(element)
            if element.get("id"):
                by_key[f"#{element.get('id')}"].append(element)
            for name in {*(element.get("class") or "").split()}:
                by_key[f".{name}"].append(element)
    return by_key


def _key(step: _Step) -> str:
    """The key in the index for elements that `step` may mean, by its rarest demand."""
    if step.ids:
        return f"#{min(step.ids)}"
    return f".{min(step.classes)}" if step.classes else step.tag


def _read_rules(sheet: str) -> Iterator[tuple[str, str]]:
    """Selectors and declarations of the rules that hold on a screen of any size."""
    sheet = COMMENT.sub("", sheet)
    outer: list[bool] = []  # whether each block that is open holds on a screen
    closed = 0  # how many of them do not
    head = ""
    for piece in re.findall(r"[^{}]++|[{}]", sheet):
        if piece == "{":
            outer.append(not head.startswith("@") or bool(SCREEN.fullmatch(head)))
            closed += not outer[-1]
        elif piece == "}":
            closed -= bool(outer) and not outer.pop()
            head = ""
        else:
            if outer and not closed and head and not head.startswith("@"):
                yield head, piece
            head = piece.rpartition(";")[2].strip()


def _read_selector(selector: str) -> tuple[_Step, ...]:
    """The parts of `selector`; empty for a selector of more than tags, classes, ids, blanks and `>`."""
    steps: list[_Step] = []
    is_child = False
    for part in selector.replace(">", " > ").split():
        if part == ">":
            is_child = True
            continue
        match = STEP.fullmatch(part)
        if match is None or len(steps) == MAX_STEPS:
            return ()
        names = re.findall(r"([.#])([\w-]+)", match["more"])
        steps.append(
            _Step(
                tag=(match["tag"] or "*").lower(),
                classes=frozenset(name for mark, name in names if mark == "."),
                ids=frozenset(name for mark, name in names if mark == "#"),
                is_child=is_child,
            )
        )
        is_child = False
    return tuple(steps)


def _fits(element: Any, steps: tuple[_Step, ...]) -> bool:
    """True if `steps` mean `element`. Of several ancestors that fit a step, the nearest is taken."""
    if not _fits_step(element, steps[-1]):
        return False
    is_child = steps[-1].is_child
    for step in reversed(steps[:-1]):
        element = element.getparent()
        while element is not None and not _fits_step(element, step):
            if is_child:
                return False
            element = element.getparent()
        if element is None:
            return False
        is_child = step.is_child
    return True


def _fits_step(element: Any, step: _Step) -> bool:
    return (
        step.tag in ("*", element.tag)
        and (not step.ids or element.get("id") in step.ids)
        and (not step.classes or step.classes <= {*(element.get("class") or "").split()})
    )
