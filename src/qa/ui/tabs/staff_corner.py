"""The corner for those who may change the documents: they log in there, and everybody else sees how."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import gradio as gr

from qa.corpus.intake import UploadLimits
from qa.i18n.messages import closest_language, say
from qa.i18n.reasons import in_language
from qa.pipeline import Pipeline
from qa.rendering.changes import who_text
from qa.rendering.page_parts import login_html, notice_html
from qa.ui import scripts
from qa.ui.access.login import LOG_IN
from qa.ui.access.permissions import Access, Request
from qa.ui.server.states import UNCHECKED, check_choices
from qa.ui.tabs.staff import Choices, StaffWork, document_choices
from qa.ui.tabs.tab import HIDDEN, ONE_AT_A_TIME, PRIVATE, Updates

LIMITS = UploadLimits()


class StaffCorner:
    """The widgets of the corner and what happens on them."""

    def __init__(self, pipeline: Pipeline, *, access: Access) -> None:
        self._pipeline = pipeline
        self._access = access
        self._work = StaffWork(pipeline, access)

    def build(self) -> None:
        """Make the widgets, inside of a `gr.Tab`."""
        with gr.Accordion("", open=False, elem_id="staff") as self.staff:
            self.intro = gr.HTML()
            self.login = gr.HTML(elem_id="login", js_on_load=scripts.LOG_IN)
            with gr.Column(elem_id="intake") as self.intake:
                self.files = gr.File(file_count="multiple", elem_id="files", height=160)
                self.addresses = gr.Textbox(lines=2, max_lines=8, elem_id="addresses")
                self.reindex = gr.Button(elem_id="reindex", min_width=0)
                self.unwanted = gr.Dropdown([], multiselect=True, elem_id="unwanted")
                with gr.Row(elem_id="undo"):
                    self.take_out = gr.Button(elem_id="take-out", min_width=0)
                    self.roll_back = gr.Button(elem_id="roll-back", min_width=0)
                with gr.Accordion("", open=False, elem_id="refused") as self.refused:
                    self.questions = gr.HTML()
                    self.unanswered = gr.Dropdown([], multiselect=True, elem_id="unanswered")
                    self.delete = gr.Button(elem_id="delete-refused", min_width=0)
                with gr.Accordion("", open=False, elem_id="changes") as self.changes:
                    self.change_list = gr.HTML()
                with gr.Accordion("", open=False, elem_id="purge") as self.purging:
                    self.purge_note = gr.HTML()
                    self.doomed = gr.Dropdown([], multiselect=True, elem_id="doomed")
                    self.purge = gr.Button(elem_id="purge-documents", variant="stop", min_width=0)
            self.receipt = gr.HTML(elem_id="receipt")

    @property
    def labelled(self) -> list[Any]:
        """The widgets that `relabel` has updates for."""
        return [
            *(self.staff, self.intro, self.files, self.addresses, self.reindex),
            *(self.unwanted, self.take_out, self.roll_back, self.refused, self.changes),
            *(self.unanswered, self.delete, self.purging, self.purge_note, self.doomed, self.purge),
        ]

    def relabel(self, code: str) -> Updates:
        """Every label in the language `code`, and the documents that can be taken out at this moment."""
        size = LIMITS.file_bytes // 2**20
        documents = document_choices(self._pipeline)
        return {
            self.staff: gr.update(label=say("staff_heading", code)),
            self.intro: notice_html(say("staff_intro", code)),
            self.files: gr.update(label=say("staff_files", code, count=LIMITS.files, size=size)),
            self.addresses: gr.update(label=say("staff_addresses", code)),
            self.reindex: gr.update(value=say("staff_button", code)),
            self.unwanted: gr.update(label=say("staff_remove_label", code), choices=documents, value=[]),
            self.take_out: gr.update(value=say("staff_remove", code)),
            self.roll_back: gr.update(value=say("staff_rollback", code)),
            self.refused: gr.update(label=say("refused_heading", code)),
            self.changes: gr.update(label=say("changes_heading", code)),
            self.unanswered: gr.update(label=say("refused_delete_label", code)),
            self.delete: gr.update(value=say("refused_delete", code)),
            self.purging: gr.update(label=say("purge_heading", code)),
            self.purge_note: notice_html(say("purge_note", code)),
            self.doomed: gr.update(label=say("purge_label", code)),
            self.purge: gr.update(value=say("purge_button", code)),
        }

    def connect(self, language: gr.Dropdown, refresh: Callable[[Any], None]) -> None:
        """Let things happen; `refresh` is given each event after which the page has to be labelled anew."""
        self.login.submit(api_name="let_in", **self.letting_in(language))
        listed = [self.questions, self.unanswered]
        self.refused.expand(self.show_refused, language, listed, api_name="refused", **PRIVATE)
        chosen = [language, self.unanswered]
        self.delete.click(
            self.delete_refused, chosen, listed, api_name="delete_refused", **PRIVATE, **UNCHECKED
        )
        self._connect_changes(language)
        self.purging.expand(self.show_doomed, None, self.doomed, api_name="doomed", **PRIVATE)
        changing = {**PRIVATE, **ONE_AT_A_TIME}
        uploaded, receipt = [self.files, self.addresses], self.receipt
        for event in (
            self.reindex.click(
                self.bring_in, [*uploaded, language], [receipt, *uploaded], api_name="reindex", **changing
            ),
            self.take_out.click(
                self.remove, [language, self.unwanted], receipt, api_name="remove", **changing, **UNCHECKED
            ),
            self.purge.click(
                self.remove_for_good,
                [language, self.doomed],
                [receipt, self.doomed],
                api_name="purge",
                **changing,
                **UNCHECKED,
            ),
            self.roll_back.click(self.undo, language, receipt, api_name="rollback", **changing),
        ):
            refresh(event)

    def _connect_changes(self, language: gr.Dropdown) -> None:
        """Fetch the list when it is opened; then keep it up to language and documents."""
        self.changes.expand(self.show_changes, language, self.change_list, api_name="changes", **PRIVATE)
        gr.on(
            [language.input, self.receipt.change],
            self.show_changes_again,
            [self.change_list, language],
            self.change_list,
            api_name="changes_again",
            **HIDDEN,
        )

    def letting_in(self, language: gr.Dropdown) -> dict[str, Any]:
        """What an event needs that shows the corner to those who may."""
        outputs = [self.login, self.intake, self.receipt]
        return {"fn": self.let_in, "inputs": language, "outputs": outputs, **HIDDEN}

    def relabelling_login(self, language: gr.Dropdown) -> dict[str, Any]:
        """What an event needs that says anew who is logged in."""
        return {"fn": self.show_login, "inputs": language, "outputs": self.login, **HIDDEN}

    def show_refused(self, language: str, request: gr.Request) -> Updates:
        """The questions that the documents did not answer, to those who may change documents."""
        asking = Request.of(request)
        listed = self._work.list_refused(asking, closest_language(language))
        return {self.questions: listed, self.unanswered: _offer(self._work.refused_choices(asking))}

    def delete_refused(self, language: str, numbers: list[int] | None, request: gr.Request) -> Updates:
        """The questions after those with `numbers` were deleted."""
        asking = Request.of(request)
        given = numbers if isinstance(numbers, list) else []
        wanted = [number for number in given if isinstance(number, int)]
        listed = self._work.delete_refused(asking, closest_language(str(language)), wanted)
        return {self.questions: listed, self.unanswered: _offer(self._work.refused_choices(asking))}

    def show_doomed(self, request: gr.Request) -> Any:
        """What staff can remove for good, also of what was taken out."""
        return _offer(self._work.purge_choices(Request.of(request)))

    def show_changes(self, language: str, request: gr.Request) -> str:
        """Who changed which documents, to those who may do so."""
        return self._work.list_changes(Request.of(request), closest_language(language))

    def show_changes_again(self, shown: str, language: str, request: gr.Request) -> Any:
        """The list anew where one is shown already."""
        return self.show_changes(language, request) if shown else gr.skip()

    def show_login(self, language: str, request: gr.Request) -> str:
        """Who is logged in and can log out, or the form to log in with; nothing where no key is set."""
        if not self._access.has_keys:
            return ""
        asking, code = Request.of(request), closest_language(language)
        person = self._access.person_of(asking)
        return login_html(
            address=self._access.root_path + LOG_IN,
            who=who_text(person.name, code) if person else "",
            can_log_in=self._access.has_staff_keys and not (person and person.is_staff),
            language=code,
        )

    def remove_for_good(self, language: str, doomed: list[str] | None, request: gr.Request) -> Updates:
        """The receipt of removing documents for good, or a refusal."""
        asking = Request.of(request)
        names = [str(name) for name in doomed] if isinstance(doomed, list) else []
        receipt = self._work.purge(asking, closest_language(str(language)), names)
        return {self.receipt: receipt, self.doomed: _offer(self._work.purge_choices(asking))}

    def let_in(self, language: str, request: gr.Request) -> Updates:
        """What changes documents, shown to those who may."""
        is_staff = self._access.staff_of(Request.of(request)) is not None
        is_told = not is_staff and not self._access.has_staff_keys
        return {
            self.login: self.show_login(language, request),
            self.intake: gr.update(visible=is_staff),
            self.receipt: self._work.refusal(closest_language(language)) if is_told else "",
        }

    def bring_in(
        self,
        files: list[str] | None,
        addresses: str,
        language: str,
        request: gr.Request,
        progress: gr.Progress = gr.Progress(),  # noqa: B008 - this is how Gradio hands it in
    ) -> Updates:
        """The receipt of what was brought in, or a refusal if the asker may not change documents."""
        code = closest_language(language)
        progress(0, desc=say("staff_starting", code))
        receipt = self._work.bring_in(
            Request.of(request),
            code,
            files=[Path(file) for file in files or ()],
            addresses=str(addresses or ""),
            on_progress=lambda done, total, path: progress((done, total), desc=in_language(path, code)),
        )
        return {self.receipt: receipt, self.files: None, self.addresses: ""}

    def remove(self, language: str, unwanted: list[str] | None, request: gr.Request) -> str:
        """The receipt of taking documents out, or a refusal."""
        names = check_choices(unwanted, [record.path for record in self._pipeline.library.records])
        return self._work.take_out(Request.of(request), closest_language(str(language)), names)

    def undo(self, language: str, request: gr.Request) -> str:
        """What came of going back to the state before, or a refusal."""
        return self._work.roll_back(Request.of(request), closest_language(language))


def _offer(choices: Choices) -> Any:
    """A list to choose from, with nothing chosen."""
    return gr.update(choices=choices, value=[])
