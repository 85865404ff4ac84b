"""Where there is land on the map: Natural Earth's outlines (scripts/make_land.py), cut to what is shown."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from importlib import resources
from itertools import pairwise

Point = tuple[float, float]
Ring = tuple[Point, ...]

STEP = 0.5
"""Units that the outline's points are rounded to: half a pixel on a phone."""


@dataclass(frozen=True, slots=True)
class Window:
    """Degrees that are shown; `east` lies above 180 where the window goes over the date line."""

    west: float
    south: float
    east: float
    north: float


def land_path(window: Window, *, place: Callable[[float, float], Point]) -> str:
    """The land inside of `window` as an SVG path to be filled by the even-odd rule; empty where all is sea.

    `place` gives the units (right, down) of a longitude and a latitude; longitudes are those of the window.
    """
    paths = []
    for ring in _rings():
        for turn in (-360, 0, 360):
            seen = _clip(tuple((x + turn, y) for x, y in ring), window)
            if seen:
                paths.append(_path([place(*point) for point in seen]))
    return "".join(paths)


@cache
def _rings() -> tuple[Ring, ...]:
    """All rings, in degrees; a lake is a ring inside of another one."""
    text = resources.files("qa").joinpath("data", "land.json").read_text(encoding="utf-8")
    return tuple(
        tuple((x / 10, y / 10) for x, y in zip(*[iter(ring)] * 2, strict=True)) for ring in json.loads(text)
    )


def _clip(ring: Ring, window: Window) -> Ring:
    """The part of `ring` inside of `window` (Sutherland and Hodgman 1974); empty where there is none."""
    xs, ys = [x for x, _ in ring], [y for _, y in ring]
    is_beside = max(xs) <= window.west or min(xs) >= window.east
    if is_beside or max(ys) <= window.south or min(ys) >= window.north:
        return ()
    for axis, edge, sign in (
        (0, window.west, 1),
        (0, window.east, -1),
        (1, window.south, 1),
        (1, window.north, -1),
    ):
        ring = tuple(_clip_side(ring, axis, edge, sign))
    return ring


def _clip_side(ring: Ring, axis: int, edge: float, sign: int) -> Iterator[Point]:
    """The points of `ring` beyond `edge` (`sign` 1) or before it (-1), and those where it goes over."""
    for start, end in pairwise((*ring[-1:], *ring)):
        was_in, is_in = (sign * (point[axis] - edge) >= 0 for point in (start, end))
        if was_in != is_in:
            share = (edge - start[axis]) / (end[axis] - start[axis])
            yield start[0] + share * (end[0] - start[0]), start[1] + share * (end[1] - start[1])
        if is_in:
            yield end


def _path(points: list[Point]) -> str:
    """The ring as steps from point to point, without points that fall on one place."""
    steps = [(round(x / STEP), round(y / STEP)) for x, y in points]
    moved = [end for start, end in pairwise((*steps[-1:], *steps)) if start != end]
    if len(moved) < 3:
        return ""
    (x, y), *_ = moved
    lines = (f"{_number(x2 - x1)} {_number(y2 - y1)}" for (x1, y1), (x2, y2) in pairwise(moved))
    return f"M{_number(x)} {_number(y)}l{' '.join(lines)}z"


def _number(steps: int) -> str:
    return f"{steps * STEP:g}"
