"""Cities → an inline SVG map: places, lines from the home city, and how many documents each city has.

Land is filled quietly beneath, without borders. No script, no other host; colours come from the page's CSS. The
map is WIDTH units wide, about one pixel a unit on a phone.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import quote

from qa.cities import City
from qa.cities.catalogue import name_key
from qa.i18n.messages import join_names, say
from qa.rendering.coastline import Window, land_path
from qa.rendering.escaping import Html, fill, join
from qa.rendering.text_width import cut, text_ems
from qa.rendering.wording import NameCity

WIDTH = 340
MIN_HEIGHT, MAX_HEIGHT = 230, 400
SIDE, TOP, BOTTOM = 52, 36, 44
"""Units between the frame and the outermost cities: labels need them."""
MAX_SCALE = 8.0
"""Units that a degree of latitude takes at most: a single city is shown in a region of about 40 degrees."""
MIN_SHRINKING = 0.3
"""A degree of longitude is drawn no narrower than this share of one of latitude, however far north."""

GRID_STEPS = (1, 2, 5, 10, 15, 20, 30, 45, 60)
MAX_GRID_LINES = 6

BEND = 0.07
"""How far a line bends aside, as a share of its length: lines to cities in one direction come apart."""
SAMPLES = 24
"""Points of a line that labels keep clear of."""

LABEL_SIZE, LABEL_HEIGHT, COUNT_SIZE = 12, 24, 11
MAX_LABEL_CHARS = 20
GAPS = (8, 16, 30, 48, 70, 100)
"""Units between a city and its label, the nearest tried first."""
SIDES = ((1, 0), (-1, 0), (0, -1), (0, 1), (1, -1), (1, 1), (-1, -1), (-1, 1))


@dataclass(frozen=True, slots=True)
class _Box:
    """A rectangle: left, top, right, bottom."""

    left: float
    top: float
    right: float
    bottom: float

    def touches(self, other: _Box) -> bool:
        is_beside = self.right <= other.left or other.right <= self.left
        return not is_beside and self.top < other.bottom and other.top < self.bottom

    def nearest(self, x: float, y: float) -> tuple[float, float]:
        return min(max(x, self.left), self.right), min(max(y, self.top), self.bottom)

    def inside(self, other: _Box) -> _Box:
        """This box moved into `other` where it sticks out."""
        x = max(other.left, min(self.left, other.right - (self.right - self.left)))
        y = max(other.top, min(self.top, other.bottom - (self.bottom - self.top)))
        return _Box(x, y, x + self.right - self.left, y + self.bottom - self.top)


@dataclass(frozen=True, slots=True)
class _Frame:
    """An equirectangular projection about a middle (degrees; longitudes count from `anchor`)."""

    anchor: float
    longitude: float
    latitude: float
    scale: float
    shrinking: float
    height: float

    def place(self, city: City) -> tuple[float, float]:
        return self.x(_from(self.anchor, city.longitude)), self.y(city.latitude)

    def window(self) -> Window:
        """What is inside of the frame, in degrees; longitudes count from Greenwich."""
        half_wide, half_high = WIDTH / 2 / (self.scale * self.shrinking), self.height / 2 / self.scale
        longitude = self.anchor + self.longitude
        # Labels need more room beneath: the middle of the picture lies south of that of the cities.
        latitude = self.latitude + (TOP - BOTTOM) / 2 / self.scale
        return Window(
            longitude - half_wide, latitude - half_high, longitude + half_wide, latitude + half_high
        )

    def x(self, longitude: float) -> float:
        return WIDTH / 2 + (longitude - self.longitude) * self.scale * self.shrinking

    def y(self, latitude: float) -> float:
        return self.height / 2 + (TOP - BOTTOM) / 2 - (latitude - self.latitude) * self.scale


@dataclass(frozen=True, slots=True)
class _Label:
    """What the map says of a city; `count` is empty where no number is shown, `said` is for screen readers."""

    text: str
    count: str
    said: str

    @property
    def count_width(self) -> float:
        return 8 + 7.0 * len(self.count) if self.count else 0.0

    @property
    def width(self) -> float:
        return 18 + LABEL_SIZE * text_ems(self.text) + (self.count_width + 4 if self.count else 0)


def map_html(
    cities: Sequence[City],
    *,
    counts: Mapping[str, int],
    chosen: Collection[str],
    language: str,
    name_city: NameCity,
) -> Html:
    """A map with a button for each of `cities`, in their order, and lines from the home city to the others.

    `counts` and `chosen` go by canonical names: how many documents are about a city (0 if it is not there; none
    is shown for the home city then), and which cities are marked as chosen. The button of a city is a link to
    `#city-<name>` with `data-city`; what it does is the page's part. Empty where there are no cities.
    """
    if not cities:
        return Html()
    frame = _fit(cities)
    places = [frame.place(city) for city in cities]
    labels = [_describe(city, name_city(city.name, language), counts, language=language) for city in cities]
    home = next((place for city, place in zip(cities, places, strict=True) if city.is_home), None)
    routes = [_bend(home, place) for place in places if home and place != home]
    boxes = _arrange(places, labels, routes, frame)
    buttons, leaders = [], []
    for city, place, label, box in zip(cities, places, labels, boxes, strict=True):
        buttons.append(_button(city, place, label, box, is_chosen=city.name in chosen))
        leaders += [_line(place, box.nearest(*place), "map-leader")] if box else []
    names = tuple(name_city(city.name, language) for city in cities)
    return fill(
        '<figure class="city-map" lang="{language}">'
        '<svg viewBox="0 0 {width} {height}" role="group" aria-labelledby="map-title" aria-describedby="map-desc">'
        '<title id="map-title">{say.map_title}</title><desc id="map-desc">{description}</desc>'
        '<g aria-hidden="true"><path class="map-land" fill-rule="evenodd" d="{land}"/>{grid}{routes}{leaders}</g>'
        "{buttons}</svg>"
        '<figcaption class="note">{say.map_note}</figcaption></figure>',
        language=language, width=WIDTH, height=round(frame.height), grid=_grid(frame),
        land=land_path(frame.window(), place=lambda x, y: (frame.x(x - frame.anchor), frame.y(y))),
        description=say("map_description", language, cities=join_names(names, language)),
        routes=[_curve(route) for route in routes], leaders=leaders, buttons=buttons,
    )  # fmt: skip


def city_anchor(name: str) -> str:
    """What the card of the city is called in the page's address: ASCII without blanks."""
    return f"city-{quote(name_key(name).replace(' ', '-'), safe='')}"


def _fit(cities: Sequence[City]) -> _Frame:
    """A frame that has all cities inside its margins, about the home city's side of the world."""
    anchor = next((city.longitude for city in cities if city.is_home), cities[0].longitude)
    longitudes = [_from(anchor, city.longitude) for city in cities]
    latitudes = [city.latitude for city in cities]
    longitude, wide = (min(longitudes) + max(longitudes)) / 2, max(longitudes) - min(longitudes)
    latitude, high = (min(latitudes) + max(latitudes)) / 2, max(latitudes) - min(latitudes)
    shrinking = max(MIN_SHRINKING, math.cos(math.radians(latitude)))
    scale = min(
        MAX_SCALE,
        (WIDTH - 2 * SIDE) / max(wide * shrinking, 1e-6),
        (MAX_HEIGHT - TOP - BOTTOM) / max(high, 1e-6),
    )
    height = max(MIN_HEIGHT, high * scale + TOP + BOTTOM)
    return _Frame(anchor, longitude, latitude, scale, shrinking, height)


def _from(anchor: float, longitude: float) -> float:
    """Degrees east of `anchor`, from -180 to 180: cities on both sides of the date line stand together."""
    return (longitude - anchor + 180) % 360 - 180


def _grid(frame: _Frame) -> Html:
    window = frame.window()
    west, east, south, north = window.west, window.east, max(-90, window.south), min(90, window.north)
    step = next(
        (s for s in GRID_STEPS if max(east - west, north - south) / s <= MAX_GRID_LINES), GRID_STEPS[-1]
    )
    parts = []
    for degrees in range(math.ceil(south / step) * step, math.floor(north) + 1, step):
        y = frame.y(degrees)
        parts.append(_line((0, y), (WIDTH, y), "map-grid"))
        if 16 < y < frame.height - 24:
            parts.append(_degrees(5, y - 4, degrees, "NS", "start"))
    for degrees in range(math.ceil(west / step) * step, math.floor(east) + 1, step):
        x = frame.x(degrees - frame.anchor)
        parts.append(_line((x, 0), (x, frame.height), "map-grid"))
        if 40 < x < WIDTH - 20:
            parts.append(_degrees(x, frame.height - 6, _from(0, degrees), "EW", "middle"))
    return join(parts)


def _degrees(x: float, y: float, degrees: float, directions: str, anchor: str) -> Html:
    sign = directions[degrees < 0] if degrees % 180 else ""
    return fill(
        '<text class="map-degrees" x="{x}" y="{y}" text-anchor="{anchor}">{number}°{sign}</text>',
        x=round(x, 1), y=round(y, 1), anchor=anchor, number=round(abs(degrees)), sign=sign,
    )  # fmt: skip


Point = tuple[float, float]


def _bend(start: Point, end: Point) -> tuple[Point, Point, Point]:
    """A line's start, the point that it bends towards, and its end."""
    (x1, y1), (x2, y2) = start, end
    return start, ((x1 + x2) / 2 + 2 * BEND * (y1 - y2), (y1 + y2) / 2 + 2 * BEND * (x2 - x1)), end


def _along(route: tuple[Point, Point, Point]) -> Iterator[Point]:
    start, control, end = route
    for step in range(1, SAMPLES):
        t = step / SAMPLES
        weights = ((1 - t) ** 2, 2 * t * (1 - t), t**2)
        x, y = (sum(w * p[i] for w, p in zip(weights, (start, control, end), strict=True)) for i in (0, 1))
        yield x, y


def _arrange(
    places: Sequence[Point],
    labels: Sequence[_Label],
    routes: Sequence[tuple[Point, Point, Point]],
    frame: _Frame,
) -> list[_Box | None]:
    """A box for each label inside the frame, none touching another or a city; None where there is no room.

    Labels are placed in their order, each as near as can be, then where the fewest lines pass beneath it.
    """
    dots = [_Box(x - 6, y - 6, x + 6, y + 6) for x, y in places]
    lines = [point for route in routes for point in _along(route)]
    field = _Box(36, 4, WIDTH - 4, frame.height - 20)  # the degrees stand beside it
    near = len(GAPS) * len(SIDES)
    placed: list[_Box | None] = []
    for place, label in zip(places, labels, strict=True):
        best: tuple[float, _Box] | None = None
        taken = [*dots, *(box for box in placed if box)]
        for number, candidate in enumerate(_candidates(place, label.width, field)):
            if best and number >= near:
                break
            box = candidate.inside(field)
            if any(box.touches(other) for other in taken):
                continue
            crossed = sum(box.left < x < box.right and box.top < y < box.bottom for x, y in lines)
            cost = 6 * (number // len(SIDES)) + crossed + 0.1 * number
            if best is None or cost < best[0]:
                best = cost, box
        placed.append(best[1] if best else None)
    return placed


def _candidates(place: Point, width: float, field: _Box) -> Iterator[_Box]:
    """Boxes beside `place`, rings about it, and in the end everywhere, the nearest first."""
    x, y = place
    middles = []
    for gap in GAPS:
        for across, down in SIDES:
            reach = gap * (0.7 if across and down else 1.0)
            middles.append((x + across * (reach + width / 2), y + down * (reach + LABEL_HEIGHT / 2)))
    grid = [
        (float(left), float(top)) for left in range(0, WIDTH, 10) for top in range(0, round(field.bottom), 10)
    ]
    for left, top in [*middles, *sorted(grid, key=lambda point: math.dist(point, place))]:
        half_wide, half_high = width / 2, LABEL_HEIGHT / 2
        yield _Box(left - half_wide, top - half_high, left + half_wide, top + half_high)


def _describe(city: City, name: str, counts: Mapping[str, int], *, language: str) -> _Label:
    text = cut(name, MAX_LABEL_CHARS)
    said: tuple[str, ...] = (say("map_home", language, city=name) if city.is_home else name,)
    if city.is_home and city.name not in counts:
        return _Label(text, "", *said)
    count = counts.get(city.name, 0)
    said = (*said, say("map_documents", language, count=count))
    return _Label(text, str(count), join_names(said, language))


def _button(city: City, place: Point, label: _Label, box: _Box | None, *, is_chosen: bool) -> Html:
    x, y = place
    dot = fill(
        '<title>{said}</title><circle class="map-reach" cx="{x}" cy="{y}" r="12"/>{label}'
        '<circle class="map-dot" cx="{x}" cy="{y}" r="{radius}"/>',
        said=label.said, x=round(x, 1), y=round(y, 1), radius=6 if city.is_home else 4.5,
        label=_label(label, box) if box else Html(),
    )  # fmt: skip
    if city.is_home:  # all documents are about it: there is nothing to choose
        whole = '<g class="map-city is-home" data-city="{name}" role="img" aria-label="{said}">{dot}</g>'
        return fill(whole, name=city.name, said=label.said, dot=dot)
    return fill(
        '<a class="{style}" href="#{anchor}" data-city="{name}" tabindex="0" role="button" '
        'aria-pressed="{pressed}" aria-label="{said}">{dot}</a>',
        style="map-city" + " is-chosen" * is_chosen, anchor=city_anchor(city.name), name=city.name,
        pressed="true" if is_chosen else "false", said=label.said, dot=dot,
    )  # fmt: skip


def _label(label: _Label, box: _Box) -> Html:
    middle = (box.top + box.bottom) / 2
    parts = [_rounded("map-pill", box.left, middle, box.right - box.left, LABEL_HEIGHT)]
    parts.append(_words("map-name", box.left + 9, middle + 4.3, "start", label.text))
    if label.count:
        left = box.right - 5 - label.count_width
        parts.append(_rounded("map-count", left, middle, label.count_width, 16))
        parts.append(_words("map-number", left + label.count_width / 2, middle + 3.9, "middle", label.count))
    return join(parts)


def _curve(route: tuple[Point, Point, Point]) -> Html:
    (x1, y1), (x2, y2), (x3, y3) = route
    return fill(
        '<path class="map-route" d="{d}"/>', d=f"M{x1:.1f} {y1:.1f}Q{x2:.1f} {y2:.1f} {x3:.1f} {y3:.1f}"
    )


def _line(start: Point, end: Point, style: str) -> Html:
    (x1, y1), (x2, y2) = ((round(x, 1), round(y, 1)) for x, y in (start, end))
    return fill(
        '<line class="{style}" x1="{x1}" y1="{y1}" x2="{x2}" y2="{y2}"/>',
        style=style, x1=x1, y1=y1, x2=x2, y2=y2,
    )  # fmt: skip


def _rounded(style: str, left: float, middle: float, width: float, height: float) -> Html:
    return fill(
        '<rect class="{style}" x="{x}" y="{y}" width="{width}" height="{height}" rx="{radius}"/>',
        style=style, x=round(left, 1), y=round(middle - height / 2, 1), width=round(width, 1), height=height,
        radius=height / 2,
    )  # fmt: skip


def _words(style: str, x: float, y: float, anchor: str, text: str) -> Html:
    return fill(
        '<text class="{style}" x="{x}" y="{y}" text-anchor="{anchor}">{text}</text>',
        style=style, x=round(x, 1), y=round(y, 1), anchor=anchor, text=text,
    )  # fmt: skip
