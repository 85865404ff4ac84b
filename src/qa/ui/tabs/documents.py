"""The tab with the documents: the list for everybody, and beneath it the corner for those who may change them."""

from __future__ import annotations

import logging
from typing import Any

import gradio as gr

from qa.errors import QAError
from qa.i18n.messages import closest_language, say
from qa.indexing.outcomes import receipt_of
from qa.pipeline import Pipeline
from qa.rendering.coverage import coverage_html
from qa.rendering.documents import documents_html
from qa.rendering.page_parts import notice_html
from qa.ui.access.permissions import Access
from qa.ui.tabs.staff_corner import StaffCorner
from qa.ui.tabs.tab import HIDDEN, PRIVATE, Surroundings, Tab, Updates

logger = logging.getLogger(__name__)


class DocumentsTab(Tab):
    """The widgets of the tab and what happens on them."""

    key = "documents"

    def __init__(self, pipeline: Pipeline, *, access: Access) -> None:
        self._pipeline = pipeline
        self.corner = StaffCorner(pipeline, access=access)

    def build(self, tab: gr.Tab) -> None:
        """Make the widgets."""
        with gr.Accordion("", open=False, elem_id="coverage") as self.coverage:
            self.table = gr.HTML()
        self.search = gr.Textbox(elem_id="search", lines=1)
        self.list = gr.HTML(elem_id="documents")
        self.corner.build()

    @property
    def labelled(self) -> list[Any]:
        """The widgets that `relabel` has updates for."""
        return [self.search, self.list, self.coverage, *self.corner.labelled]

    def relabel(self, language: str, visitor: str) -> Updates:
        """Every label in `language`, and the documents that there are at this moment."""
        return {
            self.search: gr.update(label=say("documents_search", language)),
            self.list: self.show("", language),
            self.coverage: gr.update(label=say("coverage_heading", language)),
            **self.corner.relabel(language),
        }

    def connect(self, page: Surroundings) -> None:
        """Let documents be found, brought in and taken out."""
        self.search.change(self.show, [self.search, page.language], self.list, api_name="documents", **HIDDEN)
        self.corner.connect(page.language, page.refresh)
        self._connect_coverage(page.language)

    def _connect_coverage(self, language: gr.Dropdown) -> None:
        """Make the table when it is opened, not for every visitor; then keep it up to language and documents."""
        making: dict[str, Any] = {"outputs": self.table, **PRIVATE}
        making |= {"concurrency_limit": 1, "concurrency_id": "coverage"}  # the second one finds it made
        self.coverage.expand(self.show_coverage, language, api_name="coverage", **making)
        gr.on(
            [language.input, self.corner.receipt.change],
            self.show_coverage_again,
            [self.table, language],
            api_name="coverage_again",
            show_progress="hidden",
            **making,
        )

    def show(self, search: str, language: str) -> str:
        """The documents that `search` finds, as HTML."""
        library = self._pipeline.library
        entries = [
            (receipt_of(record, "unchanged"), record.doc_id, record.version, record.url)
            for record in library.records
        ]
        catalogue = library.catalogue

        def names_of(city: str) -> tuple[str, ...]:
            known = catalogue.get(city)
            return known.all_names() if known else (city,)

        return documents_html(
            entries,
            search=str(search)[:200],
            language=closest_language(language),
            name_city=catalogue.display_name,
            names_of=names_of,
        )

    def show_coverage(self, language: str) -> str:
        """The table of cities and subjects, or a polite word where the index cannot be read."""
        code = closest_language(language)
        try:
            library = self._pipeline.library
            return coverage_html(library.coverage, language=code, name_city=library.catalogue.display_name)
        except QAError as error:
            logger.warning("the table of what is covered could not be made: %s", error)
            return notice_html(say("coverage_error", code), kind="problem")

    def show_coverage_again(self, shown: str, language: str) -> Any:
        """The table anew where one is shown already."""
        return self.show_coverage(language) if shown else gr.skip()
