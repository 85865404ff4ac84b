"""Makes the outlines of the map: `python scripts/make_land.py land-50m.json src/qa/data/land.json`.

The first file is in the npm package world-atlas 2.0.2 (`npm pack world-atlas@2.0.2`): Natural Earth's land at
1:50 million, in the public domain. What is written is a list of rings, each a flat list of longitudes and
latitudes in tenths of degrees, simplified for a map on which a degree takes some eight pixels.
"""

from __future__ import annotations

import argparse
import itertools
import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

Point = tuple[float, float]

TOLERANCE = 0.13
"""Degrees that a point may lie off the line that is drawn instead: less than a pixel."""

MIN_AREA = 0.08
"""Square degrees that a ring takes at least; smaller islands would be specks."""

SOUTHERNMOST = -60
"""Degrees of latitude; Antarctica has no cities, and more coast than any other land."""


def main() -> None:
    """Write the rings, and say how many there are."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("topology", type=Path)
    parser.add_argument("rings", type=Path)
    options = parser.parse_args()
    rings = [simplify(ring) for ring in read_rings(json.loads(options.topology.read_text(encoding="utf-8")))]
    kept = [
        ring
        for ring in rings
        if len(ring) > 3 and area(ring) >= MIN_AREA and max(y for _, y in ring) > SOUTHERNMOST
    ]
    flat = [[round(10 * number) for point in ring[:-1] for number in point] for ring in kept]
    lines = ",\n".join(json.dumps(ring, separators=(",", ":")) for ring in flat)
    options.rings.write_text(f"[\n{lines}\n]\n", encoding="utf-8")
    print(f"{len(kept)} rings, {sum(map(len, flat)) // 2} points")


def read_rings(topology: dict[str, Any]) -> list[list[Point]]:
    """The closed rings of the land in a TopoJSON file, in degrees."""
    (scale_x, scale_y), (from_x, from_y) = (topology["transform"][key] for key in ("scale", "translate"))
    arcs = []
    for steps in topology["arcs"]:
        whole = itertools.accumulate(steps, lambda at, step: [at[0] + step[0], at[1] + step[1]])
        arcs.append([(x * scale_x + from_x, y * scale_y + from_y) for x, y in whole])
    polygons = itertools.chain.from_iterable(
        shape["arcs"] if shape["type"] == "MultiPolygon" else [shape["arcs"]]
        for shape in topology["objects"]["land"]["geometries"]
    )
    return [_join_arcs(numbers, arcs) for polygon in polygons for numbers in polygon]


def _join_arcs(numbers: Sequence[int], arcs: Sequence[list[Point]]) -> list[Point]:
    """The arcs one behind the other; `~n` is the arc n backwards."""
    ring: list[Point] = []
    for number in numbers:
        arc = arcs[number] if number >= 0 else arcs[~number][::-1]
        ring += arc[1:] if ring else arc
    return ring


def simplify(line: Sequence[Point]) -> list[Point]:
    """The line without the points that lie within `TOLERANCE` of it (Douglas and Peucker 1973)."""
    keep = {0, len(line) - 1}
    ranges = [(0, len(line) // 2), (len(line) // 2, len(line) - 1)]  # a ring's ends are one point
    keep.add(len(line) // 2)
    while ranges:
        first, last = ranges.pop()
        if last - first < 2:
            continue
        offs = [_distance(line[each], line[first], line[last]) for each in range(first + 1, last)]
        farthest = max(range(len(offs)), key=offs.__getitem__)
        if offs[farthest] > TOLERANCE:
            middle = first + 1 + farthest
            keep.add(middle)
            ranges += [(first, middle), (middle, last)]
    return [line[each] for each in sorted(keep)]


def _distance(point: Point, start: Point, end: Point) -> float:
    """Degrees from `point` to the stretch between the other two."""
    along_x, along_y = end[0] - start[0], end[1] - start[1]
    length = along_x**2 + along_y**2
    share = 0.0
    if length:
        share = ((point[0] - start[0]) * along_x + (point[1] - start[1]) * along_y) / length
    share = min(1.0, max(0.0, share))
    return math.dist(point, (start[0] + share * along_x, start[1] + share * along_y))


def area(ring: Sequence[Point]) -> float:
    """Square degrees inside of the ring."""
    return abs(sum(x1 * y2 - x2 * y1 for (x1, y1), (x2, y2) in itertools.pairwise(ring))) / 2


if __name__ == "__main__":
    main()
