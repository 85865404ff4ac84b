"""The tab where questions are asked: conversation, evidence beside it, and questions to go on with."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any, get_args

import gradio as gr

from qa.domain import Partial, Refused, Span, Step
from qa.errors import QAError
from qa.feedback import Verdict
from qa.i18n.messages import LANGUAGES, closest_language, say
from qa.pipeline import Pipeline
from qa.question.understanding import MAX_QUESTION_CHARS
from qa.rendering.escaping import join
from qa.rendering.evidence import document_html
from qa.rendering.page_parts import notice_html, suggestions_html
from qa.suggestions.next_questions import Suggester
from qa.ui.conversation.conversation import Conversation, hold_exchange
from qa.ui.conversation.memory import ConversationMemory
from qa.ui.conversation.saved import restore, to_saved
from qa.ui.conversation.translating import Translations
from qa.ui.queue.waiting import AS_A_QUESTION
from qa.ui.scripts import CONNECT_EVIDENCE, FORGET_CONVERSATION, KEEP_EXCHANGE, SCROLL_TO_NEWEST
from qa.ui.server.states import UNCHECKED, check_choices
from qa.ui.tabs.tab import HIDDEN, Surroundings, Tab, Updates

MAX_EXAMPLES = 5
"""Example questions offered: one for each city, as many as fit without scrolling on a phone."""

logger = logging.getLogger(__name__)


class AskTab(Tab):
    """The widgets of the tab and what happens on them."""

    key = "ask"

    def __init__(self, pipeline: Pipeline) -> None:
        self._pipeline = pipeline
        self._memory = ConversationMemory(pipeline.settings.visitors_mib * 2**20)
        self._suggester = Suggester(pipeline)
        self._translations = Translations(pipeline, self._memory)

    def build(self, tab: gr.Tab) -> None:
        """Make the widgets."""
        self.newest = gr.Textbox(visible=False)
        with gr.Row(elem_id="desk", equal_height=False):
            with gr.Column(elem_id="talk", scale=3, min_width=0):
                self._lay_out_talk()
            with gr.Column(elem_id="evidence", scale=2, min_width=0):
                # A function of its own, for Gradio marks it as callable and methods cannot be marked.
                def open_document(what: list[Any]) -> str:
                    return self.open_document(what)

                def translate_quote(what: list[Any]) -> str:
                    return self._translations.translate_quote(what)

                self.evidence = gr.HTML(
                    js_on_load=CONNECT_EVIDENCE, server_functions=[open_document, translate_quote]
                )

    def _lay_out_talk(self) -> None:
        def rate_answer(what: list[Any]) -> bool:
            return self.rate_answer(what)

        self.messages = gr.HTML(
            elem_id="conversation", js_on_load=SCROLL_TO_NEWEST, server_functions=[rate_answer]
        )
        self.suggestions = gr.HTML(elem_id="suggestions")
        with gr.Column(elem_id="composer"):
            self.question = gr.Textbox(lines=1, max_lines=6, elem_id="question", autofocus=True)
            self.cities = gr.CheckboxGroup([], elem_id="cities")
            with gr.Row(elem_id="actions"):
                self.ask = gr.Button(variant="primary", elem_id="ask", min_width=0)
                self.clear = gr.Button(variant="secondary", elem_id="clear", min_width=0)
                self.save = gr.Button(variant="secondary", elem_id="save", min_width=0)
        with gr.Column(elem_id="examples") as self.examples:
            self.examples_heading = gr.HTML()
            self.example_buttons = [
                gr.Button(visible=False, elem_classes="example", size="sm") for _ in range(MAX_EXAMPLES)
            ]

    @property
    def labelled(self) -> list[Any]:
        """The widgets that `relabel` has updates for."""
        buttons = [*self.example_buttons, self.ask, self.clear, self.save]
        return [self.examples_heading, self.question, self.cities, *buttons, self.evidence, self.messages]

    def relabel(self, language: str, visitor: str) -> Updates:
        """Every label in `language`, with what the index holds at this moment. Answers stay as they are."""
        conversation = self._memory.recall(visitor)
        catalogue = self._pipeline.library.catalogue
        partners = [(catalogue.display_name(city.name, language), city.name) for city in catalogue.partners]
        updates: Updates = {
            self.examples_heading: notice_html(say("examples_heading", language)),
            self.question: gr.update(
                label=say("question_label", language), placeholder=say("question_placeholder", language)
            ),
            self.cities: gr.update(
                choices=partners,
                label=say("city_label", language),
                info=say("city_hint", language),
                visible=bool(partners),
            ),
            self.ask: gr.update(value=say("ask", language)),
            self.clear: gr.update(value=say("clear", language)),
            self.save: gr.update(value=say("save_conversation", language)),
            self.evidence: conversation.evidence_html(language=language),
            self.messages: conversation.messages_html(),
        }
        for number, button in enumerate(self.example_buttons):
            text = say("example", language, city=partners[number][0]) if number < len(partners) else ""
            updates[button] = gr.update(value=text, visible=bool(text))
        return updates

    def connect(self, page: Surroundings) -> None:
        """Let questions be asked, in the name of the page's visitor."""
        for trigger, source in [
            (self.ask.click, self.question),
            (self.question.submit, self.question),
            *((button.click, button) for button in self.example_buttons),
        ]:
            self.asking(trigger, self.answer, source, page.visitor, page.language, api_name="answer")
        self.clear.click(
            self.start_again,
            [page.visitor, page.language],
            [self.question, self.messages, self.evidence, self.examples, self.suggestions],
            js=FORGET_CONVERSATION,
            api_name="clear",
            **HIDDEN,
        )

    def asking(
        self,
        trigger: Any,
        answer: Any,
        source: Any,
        visitor: gr.Textbox,
        language: gr.Dropdown,
        *,
        api_name: str,
    ) -> None:
        """At `trigger`, `answer` what stands in `source`; then the browser keeps it, and questions are offered.

        Not where the line was full: it would keep the answer before a second time.
        """
        trigger(
            answer,
            [source, self.cities, visitor, language],
            [self.question, self.messages, self.evidence, self.examples, self.suggestions, self.newest],
            api_name=api_name,
            **AS_A_QUESTION,
            **UNCHECKED,
            **HIDDEN,
        ).success(None, self.newest, js=KEEP_EXCHANGE, api_visibility="private").then(
            self.suggest,
            [visitor, language],
            self.suggestions,
            concurrency_limit=1,
            concurrency_id="suggestions",
            api_name=f"suggest_{api_name}",
            **HIDDEN,
        )

    def restore(self, visitor: str, saved: str, *, language: str) -> None:
        """Take up the visitor's conversation from their browser (`saved`), where there is none here."""
        if not self._memory.recall(visitor).exchanges:
            self._memory.keep(visitor, restore(saved, self._pipeline, language=language))

    def open(self, labels: Updates, visitor: str, *, linked: str, chosen: str) -> Updates:
        """`labels`, and in the box `linked`, the question that the visitor came with, unless they have a
        conversation; `chosen` is a city to narrow it to."""
        is_new = not self._memory.recall(visitor).exchanges
        updates = {**labels, self.examples: gr.update(visible=is_new)}
        city = self._pipeline.library.catalogue.get(chosen)
        if city and not city.is_home:
            updates[self.cities] = {**labels[self.cities], "value": [city.name]}
        # A reload would ask it again and again; without one, what a quick visitor has typed by now stays.
        if linked and is_new:
            updates[self.question] = {**labels[self.question], "value": linked[:MAX_QUESTION_CHARS]}
        return updates

    def answer(self, question: str, cities: list[str], visitor: str, language: str) -> Iterator[Updates]:
        """First the question with what is being done for it, then the answer with its evidence.

        Anybody can call this with anything.
        """
        question, visitor = str(question or "").strip(), str(visitor)
        catalogue = self._pipeline.library.catalogue
        cities = check_choices(cities, [city.name for city in catalogue.partners])
        check_choices([language], LANGUAGES)
        conversation = self._memory.recall(visitor)
        name_city = catalogue.display_name
        yield {
            self.messages: conversation.waiting_html(question, language=language, name_city=name_city),
            self.examples: gr.update(visible=False),
            self.suggestions: "",
            self.newest: "",
        }
        was_seen = False
        for step in hold_exchange(
            self._pipeline, question, conversation=conversation, cities=cities, language=language
        ):
            if isinstance(step, (Step, Partial)):
                was_seen = was_seen or isinstance(step, Partial)
                waiting = conversation.waiting_html(question, step, language=language, name_city=name_city)
                yield {self.messages: waiting}
                continue
            conversation = conversation.with_exchange(step)
            self._memory.keep(visitor, conversation)
            yield {
                # What was too long stays in its box, to be shortened there.
                self.question: question if len(question) > MAX_QUESTION_CHARS else "",
                self.messages: conversation.messages_html(has_new=not was_seen),
                self.evidence: conversation.evidence_html(language=language),
                self.newest: to_saved(step),
            }

    def answer_linked(
        self, question: str, cities: list[str], visitor: str, language: str, request: gr.Request
    ) -> Iterator[Updates]:
        """The answer to the question that a link brought along, if any; not what a quick visitor types by now."""
        linked = str(request.query_params.get("q", ""))[:MAX_QUESTION_CHARS]
        if linked.strip() and question == linked and not self._memory.recall(str(visitor)).exchanges:
            yield from self.answer(question, cities, visitor, language)
        else:
            yield {self.examples: gr.update()}  # Gradio empties what a generator says nothing of

    def suggest(self, visitor: str, language: str) -> str:
        """Questions to go on with after the newest answer; none where nothing was asked."""
        exchanges = self._memory.recall(visitor).exchanges
        given = exchanges[-1].given if exchanges else None
        if given is None:
            return ""
        cited = dict.fromkeys(city for citation in given.citations for city in citation.source.cities)
        try:
            questions = self._suggester.suggest(
                cities=given.searched_cities or tuple(cited),
                language=closest_language(given.language),
                asked=[exchange.question for exchange in exchanges],
            )
        except QAError as error:
            logger.warning("no questions could be offered: %s", error)
            return ""
        heading = "suggest_instead" if isinstance(given, Refused) else "suggest_heading"
        return suggestions_html(questions, heading=heading, language=closest_language(given.language))

    def start_again(self, visitor: str, language: str) -> Updates:
        """An empty conversation, with the examples shown again."""
        self._memory.keep(visitor, Conversation())
        return {
            self.question: "",
            self.messages: "",
            self.suggestions: "",
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
            rated = conversation.with_rating(int(turn), verdict, str(reason), self._pipeline)
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
        library = self._pipeline.library
        document = library.find_document(str(doc_id), str(version))
        if document is None or span.end > len(document.text):
            return notice_html(say("document_gone", code))
        shown = [document_html(document, span, language=code)]
        note = {True: "", False: "source_changed", None: "source_gone"}[library.is_current(document)]
        return join([notice_html(say(note, code)), *shown] if note else shown)
