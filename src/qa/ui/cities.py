"""The tab with the cities: a map, and what the documents say of each year."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import gradio as gr

from qa.messages import closest_language, say
from qa.rendering.map import map_html
from qa.rendering.timeline import timeline_html

if TYPE_CHECKING:
    from qa.pipeline import Pipeline

Updates = dict[Any, Any]


class CitiesTab:
    """The widgets of the tab; made inside of a `gr.Tab`. A city is chosen here as it is beside the question."""

    def __init__(self, pipeline: Pipeline) -> None:
        self._pipeline = pipeline
        with gr.Row(elem_id="atlas", equal_height=False):
            with gr.Column(scale=2, min_width=0):
                self.map = gr.HTML(elem_id="map")
            with gr.Column(scale=3, min_width=0):
                self.timeline = gr.HTML(elem_id="timeline")

    @property
    def labelled(self) -> list[Any]:
        """The widgets that `show` has updates for."""
        return [self.map, self.timeline]

    def show(self, chosen: list[str] | None, language: str) -> Updates:
        """The map with the `chosen` cities marked, and what is dated of them; of all where none is chosen."""
        code = closest_language(language)
        catalogue = self._pipeline.catalogue
        cities = [city.name for city in catalogue.partners if city.name in (chosen or ())]
        counts = Counter(city for record in self._pipeline.records() for city in record.cities)
        events = self._pipeline.events()
        if cities:
            wanted = set(cities)
            events = tuple(each for each in events if wanted & {*each.cities, *each.chunk.cities})
        return {
            self.map: map_html(
                catalogue.cities,
                counts=counts,
                chosen=cities,
                language=code,
                name_city=catalogue.display_name,
            ),
            self.timeline: timeline_html(events, name_city=catalogue.display_name, language=code),
        }


def tab_label(language: str) -> str:
    """What the tab is called."""
    return say("tab_cities", language)
