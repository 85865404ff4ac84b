"""A tab of the page, and the options of its events. A new tab is a file, a place in `Page.tabs`, and its names in
the locales."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

import gradio as gr

Updates = dict[Any, Any]
"""A function's result: the change for each widget."""

PRIVATE: dict[str, Any] = {"api_visibility": "private"}
HIDDEN: dict[str, Any] = {**PRIVATE, "show_progress": "hidden"}
ONE_AT_A_TIME: dict[str, Any] = {"concurrency_limit": 1, "concurrency_id": "indexing"}
"""Whatever changes the index, so that a button that is pressed twice waits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What the page tells its tabs: who looks at it, in which language, and the cities asked about (the boxes
    beside the question). `refresh` is given each event after which the page has to be labelled anew."""

    visitor: gr.Textbox
    language: gr.Dropdown
    cities: gr.CheckboxGroup
    refresh: Callable[[Any], None]


class Tab(Protocol):
    """A tab of the page: its widgets, and what happens on them.

    `key` is its id in the page, as `tab-{key}`, and `tab_{key}` what the locales call it.
    """

    key: ClassVar[str]

    def build(self, tab: gr.Tab) -> None:
        """Make the widgets, inside of `tab`."""

    @property
    def labelled(self) -> Sequence[Any]:
        """The widgets that `relabel` has updates for."""
        return ()

    def relabel(self, language: str, visitor: str) -> Updates:
        """Every label in `language`, with what the index holds at this moment."""
        return {}

    def connect(self, page: Surroundings) -> None:
        """Let things happen on the widgets, once all tabs have theirs."""
