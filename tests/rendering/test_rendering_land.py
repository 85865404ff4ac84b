"""Facts about the land on the map: it is where it is, inside of the window, and small."""

from __future__ import annotations

import itertools
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conftest import REPOSITORY
from qa.cities import load_cities
from qa.rendering.coastline import Window, land_path

ASIA = Window(92, -15, 143, 43)
UNITS = 10
"""Units that a degree takes in these tests."""

Polygon = list[tuple[float, float]]


def draw(window: Window) -> list[Polygon]:
    """The rings of the land in degrees, read back from the path."""
    path = land_path(window, place=lambda x, y: ((x - window.west) * UNITS, (window.north - y) * UNITS))
    assert re.fullmatch(r"(M[-\d. ]+l[-\d. ]+z)*", path)
    return [_degrees(ring, window) for ring in path.split("z")[:-1]]


def _degrees(ring: str, window: Window) -> Polygon:
    start, steps = ring[1:].split("l")
    numbers = [float(number) for number in steps.split()]
    at = tuple(map(float, start.split()))
    points = [at]
    for right, down in zip(numbers[::2], numbers[1::2], strict=True):
        at = (at[0] + right, at[1] + down)
        points.append(at)
    return [(window.west + x / UNITS, window.north - y / UNITS) for x, y in points]


def is_land(polygons: list[Polygon], x: float, y: float) -> bool:
    """Whether the even-odd rule fills the point."""
    crossings = 0
    for polygon in polygons:
        for (x1, y1), (x2, y2) in itertools.pairwise([*polygon, polygon[0]]):
            if (y1 > y) != (y2 > y) and x < x1 + (y - y1) / (y2 - y1) * (x2 - x1):
                crossings += 1
    return crossings % 2 == 1


@pytest.mark.parametrize(
    ("place", "longitude", "latitude"),
    [("Laos", 103.0, 19.5), ("Borneo", 114.0, 0.5), ("Luzon", 121.3, 16.5), ("Kyushu", 131.0, 32.7)],
)
def test_land_is_filled(place: str, longitude: float, latitude: float) -> None:
    assert is_land(draw(ASIA), longitude, latitude), place


@pytest.mark.parametrize(
    ("place", "longitude", "latitude"),
    [("South China Sea", 114.0, 15.0), ("Java Sea", 112.0, -5.0), ("Sea of Japan", 134.0, 39.5)],
)
def test_sea_is_not(place: str, longitude: float, latitude: float) -> None:
    assert not is_land(draw(ASIA), longitude, latitude), place


def test_a_lake_is_no_land() -> None:
    around = Window(40, 30, 60, 50)
    assert not is_land(draw(around), 51.0, 42.0)  # the Caspian Sea
    assert is_land(draw(around), 45.0, 42.5)


def test_land_beyond_the_date_line_is_there_too() -> None:
    polygons = draw(Window(130, -50, 210, 30))
    assert is_land(polygons, 203.0 + 1.5, 19.6)  # Hawaii, 155.5° W
    assert is_land(polygons, 146.0, -25.0)


def test_every_city_stands_on_land_or_at_its_shore() -> None:
    polygons = draw(ASIA)
    nearby = [(x / 10, y / 10) for x in range(-4, 5) for y in range(-4, 5)]
    for city in load_cities(REPOSITORY / "corpus" / "cities.toml").cities:
        assert any(is_land(polygons, city.longitude + x, city.latitude + y) for x, y in nearby), city.name


def test_open_sea_is_nothing() -> None:
    assert draw(Window(-150, -50, -140, -40)) == []


def test_the_outlines_are_few_kilobytes_where_they_are_shown() -> None:
    path = land_path(ASIA, place=lambda x, y: ((x - 92) * 6, (43 - y) * 6.6))
    assert 2_000 < len(path) < 15_000


@settings(max_examples=40)
@given(st.floats(-180, 180), st.floats(-60, 60), st.floats(1, 180), st.floats(1, 90))
def test_nothing_lies_outside_of_the_window(west: float, south: float, wide: float, high: float) -> None:
    window = Window(west, south, west + wide, min(90.0, south + high))
    for x, y in itertools.chain.from_iterable(draw(window)):
        assert window.west - 0.1 <= x <= window.east + 0.1
        assert window.south - 0.1 <= y <= window.north + 0.1
