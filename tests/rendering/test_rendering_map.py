"""Facts about the map of cities: everything on it, nothing over anything else, nothing foreign."""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping, Sequence
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conftest import REPOSITORY
from qa.cities import City, load_cities
from qa.i18n.messages import LANGUAGES
from qa.rendering.escaping import Html
from qa.rendering.map import WIDTH, map_html

CATALOGUE = load_cities(REPOSITORY / "corpus" / "cities.toml")
ATTACKS = [
    "<script>alert(1)</script>",
    "\"'><svg/onload=alert(1)>",
    "{x} {0.__class__}",
    "&lt;b&gt;",
    "\x1b[31m\u202e",
]
SVG_TAGS = {
    "figure",
    "svg",
    "title",
    "desc",
    "g",
    "a",
    "line",
    "path",
    "circle",
    "rect",
    "text",
    "figcaption",
}

Rectangle = tuple[float, float, float, float]


def make_city(name: str, latitude: float, longitude: float, *, is_home: bool = False) -> City:
    return City(
        name=name, country="X", latitude=latitude, longitude=longitude, names={"en": (name,)}, is_home=is_home
    )


HOME = make_city("Kitakyushu", 33.85, 130.85, is_home=True)
NAIROBI = make_city("Nairobi", -1.29, 36.82)
HONOLULU = make_city("Honolulu", 21.31, -157.86)


def draw(
    cities: Sequence[City] = CATALOGUE.cities,
    *,
    counts: Mapping[str, int] | None = None,
    chosen: Sequence[str] = (),
    language: str = "en",
) -> Html:
    return map_html(
        cities, counts=counts or {}, chosen=chosen, language=language, name_city=CATALOGUE.display_name
    )


def parse(html: str) -> ElementTree.Element:
    """The map as XML: what is not well formed raises."""
    return ElementTree.fromstring(html)


def places_of(html: str) -> dict[str, ElementTree.Element]:
    return {each.attrib["data-city"]: each for each in parse(html).iter() if "data-city" in each.attrib}


def buttons(html: str) -> dict[str, ElementTree.Element]:
    return {button.attrib["data-city"]: button for button in parse(html).iter("a")}


def dots(html: str) -> dict[str, tuple[float, float]]:
    found = {}
    for name, button in places_of(html).items():
        dot = next(circle for circle in button.iter("circle") if circle.attrib["class"] == "map-dot")
        found[name] = (float(dot.attrib["cx"]), float(dot.attrib["cy"]))
    return found


def routes(html: str) -> list[str]:
    return [path.attrib["d"] for path in parse(html).iter("path") if path.attrib["class"] == "map-route"]


def pills(html: str) -> list[Rectangle]:
    found = []
    for box in parse(html).iter("rect"):
        if box.attrib["class"] == "map-pill":
            x, y, width, height = (float(box.attrib[key]) for key in ("x", "y", "width", "height"))
            found.append((x, y, x + width, y + height))
    return found


def overlap(one: Rectangle, other: Rectangle) -> bool:
    # Coordinates are rounded to tenths.
    return (
        min(one[2], other[2]) - max(one[0], other[0]) > 0.2
        and min(one[3], other[3]) - max(one[1], other[1]) > 0.2
    )


def height_of(html: str) -> float:
    svg = parse(html).find("svg")
    assert svg is not None
    return float(svg.attrib["viewBox"].split()[3])


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_city_has_its_name_in_the_language_of_the_page(language: str) -> None:
    html = draw(counts={"Dalian": 3}, language=language)
    found = places_of(html)
    assert list(found) == [city.name for city in CATALOGUE.cities]
    for name, place in found.items():
        shown = CATALOGUE.display_name(name, language)
        assert shown in place.attrib["aria-label"]
        assert shown in ["".join(text.itertext()) for text in place.iter("text")]
    assert "3" in found["Dalian"].attrib["aria-label"]


def test_every_partner_city_is_a_button_and_the_home_city_is_none() -> None:
    html = draw()
    found = buttons(html)
    assert list(found) == [city.name for city in CATALOGUE.partners]
    for button in found.values():
        assert (button.attrib["role"], button.attrib["tabindex"]) == ("button", "0")
    assert found["Phnom Penh"].attrib["href"] == "#city-phnom-penh"
    home = places_of(html)["Kitakyushu"]
    assert (home.attrib["role"], "tabindex" in home.attrib) == ("img", False)


def test_the_map_has_a_name_and_a_description_for_screen_readers() -> None:
    svg = parse(draw()).find("svg")
    assert svg is not None
    assert svg.attrib["role"] == "group"  # "img" would hide the buttons
    assert [child.attrib["id"] for child in svg[:2]] == ["map-title", "map-desc"]
    assert svg.attrib["aria-labelledby"] == "map-title"
    assert all(city.name in (svg[1].text or "") for city in CATALOGUE.cities)


def test_a_chosen_city_is_marked_for_the_eye_and_for_screen_readers() -> None:
    found = buttons(draw(chosen=["Davao"]))
    assert found["Davao"].attrib["aria-pressed"] == "true"
    assert "is-chosen" in found["Davao"].attrib["class"]
    assert found["Dalian"].attrib["aria-pressed"] == "false"


def test_the_home_city_has_a_number_only_where_one_is_given() -> None:
    def numbers(html: str) -> list[str | None]:
        return [text.text for text in places_of(html)["Kitakyushu"].iter("text")][1:]

    assert numbers(draw()) == []
    assert numbers(draw(counts={"Kitakyushu": 7})) == ["7"]


def test_a_line_leads_from_the_home_city_to_every_partner() -> None:
    html = draw()
    lines = routes(html)
    places = dots(html)
    x, y = places["Kitakyushu"]
    assert len(lines) == len(CATALOGUE.partners)
    for line, city in zip(lines, CATALOGUE.partners, strict=True):
        assert line.startswith(f"M{x:.1f} {y:.1f}Q")
        assert line.endswith(" {:.1f} {:.1f}".format(*places[city.name]))


def test_north_is_up_and_east_is_right() -> None:
    places = dots(draw())
    by_height = sorted(CATALOGUE.cities, key=lambda city: -city.latitude)
    assert sorted(places, key=lambda name: places[name][1]) == [city.name for city in by_height]
    by_side = sorted(CATALOGUE.cities, key=lambda city: city.longitude)
    assert sorted(places, key=lambda name: places[name][0]) == [city.name for city in by_side]


def test_a_new_city_appears_by_itself_however_far_it_is() -> None:
    html = draw([*CATALOGUE.cities, NAIROBI])
    assert dots(html)["Nairobi"][0] == min(x for x, _ in dots(html).values())
    assert len(pills(html)) == len(CATALOGUE.cities) + 1


def test_cities_on_both_sides_of_the_date_line_stand_together() -> None:
    places = dots(draw([HOME, HONOLULU]))
    assert places["Honolulu"][0] > places["Kitakyushu"][0]
    assert "160°W" in draw([HOME, HONOLULU]) or "150°W" in draw([HOME, HONOLULU])


def test_one_city_and_none() -> None:
    html = draw([HOME])
    assert len(pills(html)) == 1
    assert routes(html) == []
    assert draw([]) == ""


def test_cities_without_a_home_have_no_lines() -> None:
    assert routes(draw([NAIROBI, HONOLULU])) == []


def test_two_cities_at_one_place_are_both_there() -> None:
    assert len(pills(draw([HOME, make_city("One", 10, 110), make_city("Other", 10, 110)]))) == 3


def test_the_map_asks_no_other_host_and_brings_its_own_look_from_the_page() -> None:
    html = draw()
    assert not re.search(r"https?:|url\(|<style|<script|<image|style=|#[0-9a-f]{6}", html)


@pytest.mark.parametrize("attack", ATTACKS)
def test_no_foreign_text_becomes_html(attack: str) -> None:
    html = map_html(
        [HOME, make_city(attack, 10, 110)],
        counts={attack: 1},
        chosen=[attack],
        language="en",
        name_city=lambda city, language: f"{city}{attack}",
    )
    assert {element.tag for element in parse(html).iter()} == SVG_TAGS
    assert not any(name.startswith("on") for element in parse(html).iter() for name in element.attrib)
    assert all(re.fullmatch(r"#city-[\w%.~-]*", button.attrib["href"]) for button in parse(html).iter("a"))


@pytest.mark.slow
@settings(max_examples=60)
@given(
    st.lists(
        st.tuples(st.floats(-60, 70), st.floats(-180, 180), st.text("AaimW世ខ é", min_size=1, max_size=30)),
        max_size=12,
    )
)
def test_wherever_the_cities_are_all_fits_and_no_label_covers_another_or_a_city(
    drawn: list[tuple[float, float, str]],
) -> None:
    cities = [HOME]
    for number, (latitude, longitude, name) in enumerate(drawn):
        cities.append(make_city(f"{number}{name}", latitude, longitude))
    html = draw(cities)
    height = height_of(html)
    assert 200 <= height <= 400
    for x, y in dots(html).values():
        assert 0 < x < WIDTH
        assert 0 < y < height
    boxes = pills(html)
    for one, other in itertools.combinations(boxes, 2):
        assert not overlap(one, other)
    for (left, top, right, bottom), (x, y) in itertools.product(boxes, dots(html).values()):
        assert not overlap((left, top, right, bottom), (x - 4, y - 4, x + 4, y + 4))
    for left, top, right, bottom in boxes:
        assert left >= 0
        assert top >= 0
        assert right <= WIDTH
        assert bottom <= height
    assert draw(cities) == html
