"""Gradio's memory of visitors, emptied.

Its own `StateHolder` keeps, for 10,000 sessions, every component as it was last drawn, with its value: some
200 KiB for a page that was opened, and all conversations once more. The page uses none of it. What was chosen from
a list that is made anew for each page (cities, years, documents) is therefore not checked by Gradio, but where it
is used: such an event has `preprocess=False`.
"""

from __future__ import annotations

from collections.abc import Collection
from copy import copy
from typing import Any

import gradio as gr
from gradio.blocks import BlocksConfig
from gradio.routes import App
from gradio.state_holder import SessionState, StateHolder

UNCHECKED: dict[str, Any] = {"preprocess": False}
"""What an event is given whose values are checked where they are used."""


def check_choices(given: object, choices: Collection[str]) -> list[str]:
    """What was `given`, one value or a list or nothing. Raises `gr.Error` for what is not among the `choices`."""
    values: list[Any] = given if isinstance(given, list) else [] if given is None else [given]
    for value in values:
        if value not in choices:
            raise gr.Error(f"{str(value)[:100]!r} is not in the list of choices", print_exception=False)
    return values


class NoStates(StateHolder):
    """Gives each call the state of a page that nobody has seen."""

    def __getitem__(self, session_id: str) -> SessionState:
        return _State(self.blocks.default_config)

    def __contains__(self, session_id: object) -> bool:
        return False


class _State(SessionState):
    """The state for one call, without the copy of every component's values that Gradio makes for links."""

    def __init__(self, config: BlocksConfig) -> None:
        self.blocks_config = copy(config)
        self.config_values: dict[int, Any] = {}
        self.state_data: dict[int, Any] = {}
        self.is_closed = False
        self._state_ttl: dict[int, Any] = {}

    def __setitem__(self, key: int, value: Any) -> None:
        self.blocks_config.blocks[key] = value

    def _update_config(self, key: int) -> None:
        """Keep nothing."""

    def _update_value_in_config(self, key: int, value: Any) -> None:
        """Keep nothing."""


def forget_states(app: App) -> None:
    """Let `app` remember nothing of its visitors from now on."""
    app.state_holder = NoStates()  # type: ignore[no-untyped-call]  # Gradio annotates no constructor here
    app.state_holder.set_blocks(app.get_blocks())
