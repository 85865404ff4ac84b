"""The page: conversation, evidence beside it, and a corner for staff. Gradio's widgets, our own HTML."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import gradio as gr

from qa.config import Settings
from qa.i18n.messages import LANGUAGES, closest_language, known_language, preferred_language, say
from qa.pipeline import Pipeline
from qa.rendering.page_parts import page_note_html
from qa.system.startup import without_collecting
from qa.ui.access.permissions import Access
from qa.ui.first_paint import page_header
from qa.ui.queue.waiting import AS_A_QUESTION
from qa.ui.scripts import KNOW_VISITOR, SET_LANGUAGE, TELL_SHOWN_LANGUAGE
from qa.ui.server.calls import PlainBlocks
from qa.ui.server.programs import offer_to_programs
from qa.ui.server.serving import serve
from qa.ui.tabs.asking import AskTab
from qa.ui.tabs.cities import CitiesTab
from qa.ui.tabs.documents import DocumentsTab
from qa.ui.tabs.tab import HIDDEN, PRIVATE, Surroundings, Tab, Updates

CACHE_S = (3600, 3600)
"""Seconds between clean-ups of Gradio's temporary files, and the age at which they go."""


class Page:
    """The widgets of one page and what happens on them. `blocks` is the Gradio application."""

    def __init__(self, pipeline: Pipeline, *, access: Access) -> None:
        self._pipeline = pipeline
        self.asking = AskTab(pipeline)
        self.documents = DocumentsTab(pipeline, access=access)
        self.tabs: tuple[Tab, ...] = (self.asking, CitiesTab(pipeline), self.documents)
        with PlainBlocks(
            title=say("page_title", "en"), analytics_enabled=False, delete_cache=CACHE_S, fill_width=True
        ) as blocks:
            self.blocks: gr.Blocks = blocks
            self.visitor, self.saved = gr.Textbox(visible=False), gr.Textbox(visible=False)
            self.shown_language = gr.Textbox(visible=False)
            self._lay_out_top()
            self._lay_out_tabs()
            self.note = gr.HTML(elem_id="note")
            self._connect()
            offer_to_programs(pipeline, **AS_A_QUESTION)

    def _lay_out_top(self) -> None:
        with gr.Row(elem_id="top"):
            self.header = gr.HTML(elem_id="header")
            names = [(say("name", code), code) for code in LANGUAGES]
            self.language = gr.Dropdown(names, value="en", elem_id="language", filterable=False, min_width=0)

    def _lay_out_tabs(self) -> None:
        self._names: dict[str, gr.Tab] = {}
        with gr.Tabs(elem_id="tabs"):
            for tab in self.tabs:
                with gr.Tab("", id=tab.key, elem_id=f"tab-{tab.key}") as self._names[tab.key]:
                    tab.build(self._names[tab.key])

    def _connect(self) -> None:
        labelled = [self.header, self.note, *self._names.values()]
        labelled += [widget for tab in self.tabs for widget in tab.labelled]
        set_language: dict[str, Any] = {"fn": None, "inputs": self.language, "js": SET_LANGUAGE, **PRIVATE}
        opened = (
            self.blocks.load(
                self.open_page,
                [self.visitor, self.saved],
                [self.visitor, self.language, self.asking.examples, *labelled],
                js=KNOW_VISITOR,
                api_name="open_page",
                **HIDDEN,
            )
            .then(**set_language)
            .then(api_name="let_in_first", **self.documents.corner.letting_in(self.language))
        )
        self.asking.asking(
            opened.then,
            self.asking.answer_linked,
            self.asking.question,
            self.visitor,
            self.language,
            api_name="answer_linked",
        )
        around = [self.language, self.visitor]
        self.language.input(
            self.change_language,
            [*around, self.shown_language],
            labelled,
            js=TELL_SHOWN_LANGUAGE,
            api_name="relabel",
            **HIDDEN,
        ).then(**set_language).then(
            api_name="login", **self.documents.corner.relabelling_login(self.language)
        )

        def refresh(event: Any) -> None:
            event.then(self.relabel, around, labelled, api_name="refresh", **HIDDEN)

        surroundings = Surroundings(
            visitor=self.visitor, language=self.language, cities=self.asking.cities, refresh=refresh
        )
        for tab in self.tabs:
            tab.connect(surroundings)

    def open_page(self, visitor: str, saved: str, request: gr.Request) -> Updates:
        """The page as the visitor left it, in the language of `?lang=` in the address or of the browser."""
        wish = str(request.query_params.get("lang", ""))
        language = known_language(wish) or preferred_language(request.headers.get("accept-language", ""))
        self.asking.restore(visitor, saved, language=language)
        opened = self.asking.open(
            self.relabel(language, visitor),
            visitor,
            linked=str(request.query_params.get("q", "")),
            chosen=str(request.query_params.get("city", "")),
        )
        return {
            **opened,
            self.visitor: visitor,
            self.language: gr.update(value=language, label=say("language_label", language)),
        }

    def change_language(self, language: str, visitor: str, shown: str | None) -> Updates:
        """The page in `language`; nothing where that is the one that is `shown`.

        Gradio says that something was chosen also when a list of choices is merely left, as with the Tab key: the
        page would be drawn anew, and opened documents would close.
        """
        return {self.note: gr.update()} if language == shown else self.relabel(language, visitor)

    def relabel(self, language: str, visitor: str) -> Updates:
        """Every label in `language`, with what the index holds at this moment. Answers stay as they are."""
        code = closest_language(language)
        settings = self._pipeline.settings
        updates: Updates = {
            self.header: page_header(self._pipeline, code),
            self.note: page_note_html(
                code, keep_days=settings.keep_questions_days, is_logged=settings.log_questions
            ),
        }
        for tab in self.tabs:
            updates[self._names[tab.key]] = gr.update(label=say(f"tab_{tab.key}", code))
            updates |= tab.relabel(code, visitor)
        return updates


def build_page(pipeline: Pipeline, *, access: Access | None = None) -> gr.Blocks:
    """The page as a Gradio application. `access` says who may change documents; without one, those may whom the
    settings of `pipeline` let."""
    return Page(pipeline, access=access or Access(pipeline.settings)).blocks


def launch(
    pipeline: Pipeline, *, given: Settings, on_ready: Callable[[str], None], mcp: bool = False
) -> None:
    """Serves the page until it is interrupted.

    `given` are the settings as the user gave them: commands that are given the same leave their errands to it.
    `on_ready` is called once, when the page can be opened, with a message for whoever started the program: the
    page's address, and how documents are brought in. With `mcp` language models can call what programs can.
    Raises `ConfigError` where the port is taken.
    """
    access = Access(pipeline.settings)
    with without_collecting():
        blocks = build_page(pipeline, access=access)
    serve(blocks, pipeline=pipeline, access=access, given=given, on_ready=on_ready, mcp=mcp)
