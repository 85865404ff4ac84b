"""The tab with the cities: a map, a card for each city, and what the documents say of each year.

The page makes and sends the tab when it is opened. Only the boxes beside the question choose a city: the map and
the cards tick these boxes (cities.js), and what the tab shows follows.
"""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from importlib import resources

import gradio as gr

from qa.cities import City
from qa.i18n.messages import LANGUAGES, say
from qa.overview.timeline_pages import Period, split_into_periods
from qa.pipeline import Pipeline
from qa.rendering.city_cards import chosen_html, overview_html
from qa.rendering.escaping import Html
from qa.rendering.map import map_html
from qa.rendering.timeline import timeline_html
from qa.suggestions.city_briefs import Brief, Briefs
from qa.ui.server.states import UNCHECKED, check_choices
from qa.ui.tabs.tab import HIDDEN, Surroundings, Tab, Updates

MAX_TOLD = 24
"""Cities whose small cards have a quote. Where there are more cities, choosing one shows its quotes."""

BETWEEN_S = 1.0
"""Seconds between two states of the cards while briefs are looked for."""


IS_OPEN = """async (cities, language) => {
  await new Promise((resolve) => setTimeout(resolve, 0));  // the tab is not marked as selected any earlier
  const tab = document.getElementById('tab-cities-button');
  return [cities, language, tab?.getAttribute('aria-selected') === 'true'];
}"""
"""Whether the visitor looks at the tab, for the server does not know."""

logger = logging.getLogger(__name__)


class CitiesTab(Tab):
    """The widgets of the tab and what happens on them."""

    key = "cities"

    def __init__(self, pipeline: Pipeline) -> None:
        self._pipeline = pipeline
        self._briefs = Briefs(pipeline)

    def build(self, tab: gr.Tab) -> None:
        """Make the widgets."""
        self._tab = tab
        script = resources.files("qa.ui.tabs").joinpath("cities.js").read_text(encoding="utf-8")
        self.is_open = gr.Checkbox(visible=False)
        with gr.Row(elem_id="atlas", equal_height=False):
            with gr.Column(scale=2, min_width=0):
                self.map = gr.HTML(elem_id="map")
            with gr.Column(scale=3, min_width=0):
                self.cards = gr.HTML(elem_id="city-cards", js_on_load=script)
        with gr.Column(elem_id="years-shown"):
            self.years = gr.Dropdown([], elem_id="years", filterable=False, visible=False)
            self.timeline = gr.HTML(elem_id="timeline")

    def connect(self, page: Surroundings) -> None:
        """Let the tab follow the boxes beside the question, where it is open."""
        # One event for all three, so that the last state wins: Gradio runs it again if it happens meanwhile.
        gr.on(
            [self._tab.select, page.cities.change, page.language.input],
            self.show,
            [page.cities, page.language, self.is_open],
            [self.map, self.cards, self.years, self.timeline],
            js=IS_OPEN,
            trigger_mode="always_last",
            concurrency_limit=4,
            api_name="cities",
            **UNCHECKED,
            **HIDDEN,
        )
        self.years.input(
            self.turn,
            [page.cities, page.language, self.years],
            self.timeline,
            api_name="years",
            **UNCHECKED,
            **HIDDEN,
        )

    def show(self, chosen: list[str] | None, language: str, is_open: bool) -> Iterator[Updates]:
        """The map with the `chosen` cities marked, their cards (small cards of all if none is chosen), and their
        dated statements; then the cards again, as soon as more is known. If not `is_open`, nothing changes."""
        if is_open is not True:
            yield {self.map: gr.update()}
            return
        (code,) = check_choices([language], LANGUAGES)
        chosen_cities = self._chosen(chosen)
        catalogue = self._pipeline.library.catalogue
        cities = chosen_cities or catalogue.partners
        briefs = [self._briefs.recall(city, code) for city in cities]
        show_cards = chosen_html if chosen_cities else overview_html
        name_city = catalogue.display_name
        yield {
            self.map: self._map(chosen_cities, code),
            self.cards: show_cards(briefs, language=code, name_city=name_city),
        }
        yield self._newest(chosen_cities, code)
        for told in self._tell(briefs, code, most=len(cities) if chosen_cities else MAX_TOLD):
            yield {self.cards: show_cards(told, language=code, name_city=name_city)}

    def turn(self, chosen: list[str] | None, language: str, number: str | None) -> Html:
        """What is dated within the years that were picked."""
        (code,) = check_choices([language], LANGUAGES)
        periods = self._periods(self._chosen(chosen))
        # The index may have changed since the list was made, and anybody can call this with anything.
        place = {str(each): each for each in range(len(periods))}.get(str(number), 0)
        return self._timeline(periods, place, code)

    def _chosen(self, chosen: list[str] | None) -> tuple[City, ...]:
        partners = self._pipeline.library.catalogue.partners
        names = check_choices(chosen, [city.name for city in partners])
        return tuple(city for city in partners if city.name in names)

    def _tell(self, briefs: Sequence[Brief], code: str, *, most: int) -> Iterator[list[Brief]]:
        """`briefs`, each time that more is known: the first `most` of the unknown ones are looked up."""
        told = list(briefs)
        missing = [place for place, brief in enumerate(briefs) if brief.quotes is None]
        last = time.monotonic()
        for number, place in enumerate(missing):
            brief = briefs[place]
            told[place] = self._find(brief, code) if number < most else Brief(brief.city, brief.records, ())
            if time.monotonic() - last >= BETWEEN_S:
                last = time.monotonic()
                yield list(told)
        if missing:
            yield told

    def _find(self, brief: Brief, code: str) -> Brief:
        try:
            return self._briefs.find(brief.city, code)
        except Exception:  # The outermost edge: the card has the documents all the same, the log has the rest
            logger.exception("a city's card could not be filled")
            return Brief(brief.city, brief.records, ())

    def _map(self, chosen: Sequence[City], code: str) -> Html:
        library = self._pipeline.library
        catalogue = library.catalogue
        counts = Counter(city for record in library.records for city in record.cities)
        return map_html(
            catalogue.cities,
            counts=counts,
            chosen=[city.name for city in chosen],
            language=code,
            name_city=catalogue.display_name,
        )

    def _newest(self, chosen: Sequence[City], code: str) -> Updates:
        """The newest years' statements, and the list of the other years where there are more than can be sent."""
        periods = self._periods(chosen)
        choices = [(period.label, str(place)) for place, period in enumerate(periods)]
        return {
            self.years: gr.update(
                choices=choices, value="0", label=say("timeline_years", code), visible=len(periods) > 1
            ),
            self.timeline: self._timeline(periods, 0, code),
        }

    def _periods(self, chosen: Sequence[City]) -> tuple[Period, ...]:
        wanted = {city.name for city in chosen}
        events = self._pipeline.library.events
        if wanted:
            events = tuple(each for each in events if wanted & {*each.cities, *each.chunk.source.cities})
        return split_into_periods(events)

    def _timeline(self, periods: Sequence[Period], place: int, code: str) -> Html:
        return timeline_html(
            periods[place].events if periods else (),
            name_city=self._pipeline.library.catalogue.display_name,
            language=code,
            count=sum(len(period.events) for period in periods),
        )
