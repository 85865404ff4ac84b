"""The page: conversation, evidence beside it, and a corner for staff. Gradio's widgets, our own HTML."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, get_args

import gradio as gr

from qa.domain import Span
from qa.errors import QAError
from qa.feedback import Verdict
from qa.messages import LANGUAGES, closest_language, known_language, preferred_language, say
from qa.rendering import document_html, header_html, notice_html
from qa.rendering.escaping import Html, join
from qa.ui.access import Access
from qa.ui.cities import CitiesTab, tab_label
from qa.ui.conversation import Conversation, hold_exchange
from qa.ui.documents import HIDDEN, DocumentsTab
from qa.ui.memory import ConversationMemory
from qa.ui.programs import offer_to_programs
from qa.ui.scripts import CONNECT_EVIDENCE, KNOW_VISITOR, SCROLL_TO_NEWEST, SET_LANGUAGE
from qa.ui.serving import serve
from qa.understanding import MAX_QUESTION_CHARACTERS

if TYPE_CHECKING:
    from qa.pipeline import Pipeline

MAX_EXAMPLES = 5
"""Example questions offered: one for each city, as many as fit without scrolling on a phone."""

CACHE_S = (3600, 3600)
"""Seconds between clean-ups of Gradio's temporary files, and the age at which they go."""

QUESTIONS_AT_ONCE = 2
"""Questions answered at the same time; more wait their turn."""

logger = logging.getLogger(__name__)

Updates = dict[Any, Any]


class Page:
    """The widgets of one page and what happens on them. `blocks` is the Gradio application."""

    def __init__(self, pipeline: Pipeline, *, access: Access) -> None:
        self._pipeline = pipeline
        self._access = access
        self._memory = ConversationMemory()
        with gr.Blocks(
            title=say("page_title", "en"), analytics_enabled=False, delete_cache=CACHE_S, fill_width=True
        ) as blocks:
            self.blocks: gr.Blocks = blocks
            self.visitor = gr.Textbox(visible=False)
            self._lay_out_top()
            with gr.Tabs(elem_id="tabs"):
                with gr.Tab("", id="ask", elem_id="tab-ask") as self.ask_tab:
                    self._lay_out_desk()
                with gr.Tab("", id="cities", elem_id="tab-cities") as self.cities_tab:
                    self.atlas = CitiesTab(pipeline)
                with gr.Tab("", id="documents", elem_id="tab-documents") as self.documents_tab:
                    self.documents = DocumentsTab(pipeline, access=access)
            self.note = gr.HTML(elem_id="note")
            self._connect()
            offer_to_programs(pipeline, concurrency_limit=QUESTIONS_AT_ONCE, concurrency_id="questions")

    def _lay_out_top(self) -> None:
        with gr.Row(elem_id="top"):
            self.header = gr.HTML(elem_id="header")
            self.language = gr.Dropdown(
                [(say("name", code), code) for code in LANGUAGES],
                value="en",
                elem_id="language",
                filterable=False,
                min_width=0,
            )

    def _lay_out_desk(self) -> None:
        with gr.Row(elem_id="desk", equal_height=False):
            with gr.Column(elem_id="talk", scale=3, min_width=0):
                self._lay_out_talk()
            with gr.Column(elem_id="evidence", scale=2, min_width=0):
                # A function of its own, for Gradio marks it as callable and methods cannot be marked.
                def open_document(what: list[Any]) -> str:
                    return self.open_document(what)

                self.evidence = gr.HTML(js_on_load=CONNECT_EVIDENCE, server_functions=[open_document])

    def _lay_out_talk(self) -> None:
        def rate_answer(what: list[Any]) -> bool:
            return self.rate_answer(what)

        self.messages = gr.HTML(
            elem_id="conversation", js_on_load=SCROLL_TO_NEWEST, server_functions=[rate_answer]
        )
        with gr.Column(elem_id="examples") as self.examples:
            self.examples_heading = gr.HTML()
            self.example_buttons = [
                gr.Button(visible=False, elem_classes="example", size="sm") for _ in range(MAX_EXAMPLES)
            ]
        with gr.Column(elem_id="composer"):
            self.question = gr.Textbox(lines=1, max_lines=6, elem_id="question", autofocus=True)
            self.cities = gr.CheckboxGroup([], elem_id="cities")
            with gr.Row(elem_id="actions"):
                self.ask = gr.Button(variant="primary", elem_id="ask", min_width=0)
                self.clear = gr.Button(variant="secondary", elem_id="clear", min_width=0)
                self.save = gr.Button(variant="secondary", elem_id="save", min_width=0)

    def _connect(self) -> None:
        labelled = self._labelled()
        set_language: dict[str, Any] = {
            "fn": None,
            "inputs": self.language,
            "js": SET_LANGUAGE,
            "api_visibility": "private",
        }
        self.blocks.load(
            self.open_page,
            self.visitor,
            [self.visitor, self.language, self.examples, *labelled],
            js=KNOW_VISITOR,
            api_name="open_page",
            **HIDDEN,
        ).then(**set_language).then(api_name="let_in_first", **self.documents.letting_in(self.language)).then(
            self.answer_linked,
            [self.question, self.cities, self.visitor, self.language],
            api_name="ask_linked",
            outputs=[self.question, self.messages, self.evidence, self.examples],
            concurrency_limit=QUESTIONS_AT_ONCE,
            concurrency_id="questions",
            **HIDDEN,
        )
        self.language.input(
            self.relabel, [self.language, self.visitor, self.cities], labelled, api_name="relabel", **HIDDEN
        ).then(**set_language)

        talk = [self.question, self.messages, self.evidence, self.examples]
        asking: dict[str, Any] = {
            "outputs": talk,
            "concurrency_limit": QUESTIONS_AT_ONCE,
            "concurrency_id": "questions",
            "api_name": "answer",
            **HIDDEN,
        }
        around = [self.cities, self.visitor, self.language]
        for trigger, source in [
            (self.ask.click, self.question),
            (self.question.submit, self.question),
            *((button.click, button) for button in self.example_buttons),
        ]:
            trigger(self.answer, [source, *around], **asking)
        self.cities.change(
            self.atlas.show, [self.cities, self.language], self.atlas.labelled, api_name="cities", **HIDDEN
        )
        self.clear.click(self.start_again, [self.visitor, self.language], talk, api_name="clear", **HIDDEN)

        def refresh(event: Any) -> None:
            event.then(
                self.relabel,
                [self.language, self.visitor, self.cities],
                labelled,
                api_name="refresh",
                **HIDDEN,
            )

        self.documents.connect(self.language, refresh)

    def _labelled(self) -> list[Any]:
        return [
            self.header,
            self.note,
            self.examples_heading,
            *self.example_buttons,
            self.question,
            self.cities,
            self.ask,
            self.clear,
            self.save,
            self.evidence,
            self.messages,
            self.ask_tab,
            self.cities_tab,
            self.documents_tab,
            *self.atlas.labelled,
            *self.documents.labelled,
        ]

    def open_page(self, visitor: str, request: gr.Request) -> Updates:
        """The page as the visitor left it, in the language of `?lang=` in the address or of the browser."""
        wish = str(request.query_params.get("lang", ""))
        language = known_language(wish) or preferred_language(request.headers.get("accept-language", ""))
        updates = self.relabel(language, visitor)
        city = self._pipeline.catalogue.get(str(request.query_params.get("city", "")))
        if city and not city.is_home:
            updates[self.cities]["value"] = [city.name]
        key = str(request.query_params.get("key", ""))
        updates[self.visitor] = visitor
        if not self._memory.recall(visitor).exchanges:  # a reload would ask it again and again
            linked = str(request.query_params.get("q", ""))[:MAX_QUESTION_CHARACTERS]
            if linked:  # what a quick visitor has typed by now stays
                updates[self.question]["value"] = linked
        updates[self.examples] = gr.update(visible=not self._memory.recall(visitor).exchanges)
        updates[self.language] = gr.update(value=language, label=say("language_label", language))
        updates[self.documents.key] = gr.update(label=say("staff_key", language), value=key)
        return updates

    def relabel(self, language: str, visitor: str, chosen: list[str] | None = None) -> Updates:
        """Every label in `language`, with what the index holds at this moment, and what it says of the `chosen`
        cities. Answers stay as they are."""
        code = closest_language(language)
        conversation = self._memory.recall(visitor)
        catalogue = self._pipeline.catalogue
        partners = [(catalogue.display_name(city.name, code), city.name) for city in catalogue.partners]
        names = [shown for shown, _ in partners]
        documents = len(self._pipeline.records())
        updates: Updates = {
            self.header: header_html(documents=documents, cities=names, language=code),
            self.note: notice_html(say("page_note", code)),
            self.examples_heading: notice_html(say("examples_heading", code)),
            self.question: gr.update(
                label=say("question_label", code), placeholder=say("question_placeholder", code)
            ),
            self.cities: gr.update(
                choices=partners,
                label=say("city_label", code),
                info=say("city_hint", code),
                visible=bool(partners),
            ),
            self.ask: gr.update(value=say("ask", code)),
            self.clear: gr.update(value=say("clear", code)),
            self.save: gr.update(value=say("save_conversation", code)),
            self.ask_tab: gr.update(label=say("tab_ask", code)),
            self.cities_tab: gr.update(label=tab_label(code)),
            self.documents_tab: gr.update(label=say("tab_documents", code)),
            **self.atlas.show(chosen, code),
            **self.documents.relabel(code),
            self.evidence: conversation.evidence_html(language=code),
            self.messages: conversation.messages_html(),
        }
        for number, button in enumerate(self.example_buttons):
            text = say("example", code, city=names[number]) if number < len(names) else ""
            updates[button] = gr.update(value=text, visible=bool(text))
        return updates

    def answer(self, question: str, cities: list[str], visitor: str, language: str) -> Iterator[Updates]:
        """First the question with a sign that it is looked into, then the answer with its evidence."""
        question = question.strip()
        conversation = self._memory.recall(visitor)
        yield {
            self.messages: conversation.waiting_html(question, language=language),
            self.examples: gr.update(visible=False),
        }
        exchange = hold_exchange(
            self._pipeline, question, conversation=conversation, cities=cities, language=language
        )
        conversation = conversation.with_exchange(exchange)
        self._memory.keep(visitor, conversation)
        # What was too long stays in its box, to be shortened there.
        typed = question if len(question) > MAX_QUESTION_CHARACTERS else ""
        yield {
            self.question: typed,
            self.messages: conversation.messages_html(),
            self.evidence: conversation.evidence_html(language=language),
        }

    def answer_linked(
        self, question: str, cities: list[str], visitor: str, language: str, request: gr.Request
    ) -> Iterator[Updates]:
        """The answer to the question that a link brought along, if any; not what a quick visitor types by now."""
        linked = str(request.query_params.get("q", ""))[:MAX_QUESTION_CHARACTERS]
        if linked.strip() and question == linked and not self._memory.recall(visitor).exchanges:
            yield from self.answer(question, cities, visitor, language)
        else:
            yield {self.examples: gr.update()}  # Gradio empties what a generator says nothing of

    def start_again(self, visitor: str, language: str) -> Updates:
        """An empty conversation, with the examples shown again."""
        self._memory.keep(visitor, Conversation())
        return {
            self.question: "",
            self.messages: "",
            self.evidence: Conversation().evidence_html(language=language),
            self.examples: gr.update(visible=True),
        }

    def rate_answer(self, what: list[Any]) -> bool:
        """True if the verdict in `what` ([visitor, turn, verdict, reason]) was kept; it can come from anybody."""
        try:
            visitor, turn, verdict, reason = what
            if verdict not in get_args(Verdict):
                return False
            conversation = self._memory.recall(str(visitor))
            rated = conversation.with_rating(
                int(turn), verdict, str(reason), self._pipeline.settings.index_dir
            )
        except (TypeError, ValueError):
            return False
        except QAError as error:
            logger.warning("a verdict could not be kept: %s", error)
            return False
        if rated:
            self._memory.keep(str(visitor), rated)
        return rated is not None

    def open_document(self, what: list[Any]) -> str:
        """The whole document as HTML with a quote marked; `what` is [doc_id, version, start, end, language].

        It is shown as it was read for the answer, and says so if its source has changed or gone since. Anybody can
        call this with anything, so it takes nothing on trust; every document here is public.
        """
        try:
            doc_id, version, start, end, language = what
            span, code = Span(int(start), int(end)), closest_language(str(language))
        except (TypeError, ValueError):
            return notice_html(say("document_gone", "en"))
        document = self._pipeline.document(str(doc_id), str(version))
        if document is None or span.end > len(document.text):
            return notice_html(say("document_gone", code))
        is_current = self._pipeline.is_current(document)
        note = {True: "", False: "source_changed", None: "source_gone"}[is_current]
        return join(
            [
                notice_html(say(note, code)) if note else Html(),
                document_html(document, span, language=code),
            ]
        )


def build_page(pipeline: Pipeline, *, admin_key: str = "") -> gr.Blocks:
    """The page as a Gradio application. Whoever offers `admin_key` on it may change the documents; where it is
    empty, those may who are at the machine itself."""
    return Page(pipeline, access=Access(admin_key)).blocks


def launch(pipeline: Pipeline, *, on_ready: Callable[[str], None], mcp: bool = False) -> None:
    """Serves the page until it is interrupted.

    `on_ready` is called once, when the page can be opened, with a message for whoever started the program: the
    page's address, and how documents are brought in. With `mcp` language models can call what programs can.
    Raises `ConfigError` where the port is taken.
    """
    blocks = build_page(pipeline, admin_key=pipeline.settings.admin_key)
    serve(blocks, pipeline=pipeline, on_ready=on_ready, mcp=mcp)
