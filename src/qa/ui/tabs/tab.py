"""What a tab of the page is. A new one is a file, a place in `Page.tabs`, and what it is called in the locales."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

import gradio as gr

from qa.ui.events import Updates


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
