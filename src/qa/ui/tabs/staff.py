"""What staff do on the page: documents come in and go out. Nobody else gets past the check here."""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Callable, Sequence
from functools import wraps
from pathlib import Path
from typing import Concatenate, ParamSpec

from qa.corpus.change_log import changed_paths, list_changes, note_change, note_purge, note_report
from qa.corpus.intake import add_address, add_uploads, is_address, remove
from qa.corpus.receipts import Progress, Receipt
from qa.errors import InputError, QAError
from qa.feedback import delete_refused, most_refused
from qa.i18n.messages import say
from qa.i18n.reasons import Reason, in_language
from qa.maintenance.purging import list_taken_out, purge
from qa.pipeline import Pipeline
from qa.rendering.changes import changes_html
from qa.rendering.coverage import refused_html
from qa.rendering.escaping import Html
from qa.rendering.page_parts import notice_html
from qa.rendering.receipts import purge_html, report_html
from qa.rendering.wording import shorten
from qa.ui.access.permissions import Access, Request
from qa.ui.access.sessions import Person

logger = logging.getLogger(__name__)

BUSY_WAIT_S = 120.0
"""Seconds that an upload waits for another run of the indexer, such as `qa index --watch`."""

MAX_ADDRESSES = 20
"""Web addresses taken at a time: each may take a minute."""

Choices = list[tuple[str, str | int]]
"""What a list offers: how each is shown, and what it stands for."""

"""(done, all, what is worked on)."""


P = ParamSpec("P")


def document_choices(pipeline: Pipeline) -> Choices:
    """The documents, by their paths."""
    return [(f"{each.title} ({each.path})", each.path) for each in pipeline.library.records]


def _for_staff(
    work: Callable[Concatenate[StaffWork, Person, str, P], Html],
) -> Callable[Concatenate[StaffWork, Request, str, P], Html]:
    """`work` for staff, with the person who asks; for others a refusal.

    The check is here, around the work itself: hiding a button or an endpoint keeps nobody out.
    """

    @wraps(work)
    def checked(self: StaffWork, request: Request, language: str, /, *args: P.args, **more: P.kwargs) -> Html:
        person = self.access.staff_of(request)
        if person is None:
            return self.refusal(language)
        try:
            return work(self, person, language, *args, **more)
        except QAError as error:
            logger.warning("changing documents failed: %s", error)
            message = in_language(error.message, language)
            return notice_html(say("staff_error", language, message=message), kind="problem")
        except Exception:  # The outermost edge: staff see words, the log has the rest
            logger.exception("changing documents failed")
            return notice_html(say("staff_error_unknown", language), kind="problem")

    return checked


class StaffWork:
    """What staff do with the documents of `pipeline`; `access` says who is staff.

    A method that changes or lists something says what came of it, in a language, or politely refuses.
    """

    def __init__(self, pipeline: Pipeline, access: Access) -> None:
        self.access = access
        self._pipeline = pipeline
        self._index_dir = pipeline.settings.index_dir

    def refusal(self, language: str) -> Html:
        """Why somebody may not change documents."""
        reason = "staff_log_in_first" if self.access.has_staff_keys else "staff_only_here"
        return notice_html(say(reason, language), kind="problem")

    @_for_staff
    def bring_in(
        self, person: Person, language: str, files: Sequence[Path], addresses: str, on_progress: Progress
    ) -> Html:
        """The receipt of what was brought in and indexed."""
        try:
            refused = _take(files, addresses, self._pipeline.settings.corpus_dir, on_progress)
        finally:
            for file in files:  # Gradio keeps uploads, and serves them to whoever knows their path
                file.unlink(missing_ok=True)
        return self._reindex(person, language, refused, on_progress)

    @_for_staff
    def take_out(self, person: Person, language: str, names: Sequence[str]) -> Html:
        """The receipt of taking the documents `names` out of the corpus and the index."""
        remove(names, self._pipeline.settings.corpus_dir)
        return self._reindex(person, language)

    def _reindex(
        self,
        person: Person,
        language: str,
        refused: Sequence[Receipt] = (),
        on_progress: Progress | None = None,
    ) -> Html:
        report = self._pipeline.reindex(wait_s=BUSY_WAIT_S, on_progress=on_progress)
        note_report(self._index_dir, person.name, report)
        report = dataclasses.replace(report, receipts=(*report.receipts, *refused))
        name_city = self._pipeline.library.catalogue.display_name
        return report_html(report, language=language, name_city=name_city)

    @_for_staff
    def roll_back(self, person: Person, language: str) -> Html:
        """What came of going back to the state before the last change."""
        before = self._pipeline.library.records
        count = self._pipeline.roll_back()
        names = changed_paths(before, self._pipeline.library.records)
        note_change(self._index_dir, person.name, "rolled_back", names)
        return notice_html(say("staff_rolled_back", language, count=count))

    @_for_staff
    def purge(self, person: Person, language: str, names: Sequence[str]) -> Html:
        """The receipt of removing the documents `names` for good."""
        receipt = purge(names, self._pipeline.settings, wait_s=BUSY_WAIT_S)
        note_purge(self._index_dir, person.name, receipt)
        self._pipeline.catch_up()  # and lets go of the state that has them in memory
        return purge_html(receipt, language=language)

    @_for_staff
    def list_refused(self, _: Person, language: str) -> Html:
        """The questions that were refused most: what people type may name somebody."""
        return refused_html(most_refused(self._index_dir), language=language)

    @_for_staff
    def delete_refused(self, _: Person, language: str, numbers: Sequence[int]) -> Html:
        """The questions that were refused most, after those with `numbers` were deleted."""
        delete_refused(self._index_dir, numbers)
        return refused_html(most_refused(self._index_dir), language=language)

    @_for_staff
    def list_changes(self, _: Person, language: str) -> Html:
        """Who changed which documents, the newest change first."""
        return changes_html(list_changes(self._index_dir), language=language)

    def refused_choices(self, request: Request) -> Choices:
        """The questions that were refused most, by their numbers; none for those who may not read them."""

        def find() -> Choices:
            found = most_refused(self._index_dir)
            return [(f"#{each.number} {shorten(each.question)}", each.number) for each in found]

        return self._offer(find, request)

    def purge_choices(self, request: Request) -> Choices:
        """What can be removed for good, by its path: documents, and what was taken out; none for others."""

        def find() -> Choices:
            taken_out = list_taken_out(self._pipeline.settings)
            return document_choices(self._pipeline) + [(path, path) for path in taken_out]

        return self._offer(find, request)

    def _offer(self, find: Callable[[], Choices], request: Request) -> Choices:
        if self.access.staff_of(request) is None:
            return []
        try:
            return find()
        except QAError as error:  # what is shown beside it says so
            logger.warning("%s", error)
            return []


def _take(files: Sequence[Path], addresses: str, corpus: Path, on_progress: Progress) -> list[Receipt]:
    """Put files and pages into the corpus; a receipt for each that could not be."""
    refused = list(add_uploads([(file, file.name) for file in files], corpus))
    wanted = addresses.split()
    for number, url in enumerate(wanted):
        on_progress(number, len(wanted), url)
        try:
            if not is_address(url):
                raise InputError(Reason("why_no_address", url=url))
            if number >= MAX_ADDRESSES:
                raise InputError(Reason("why_too_many_addresses", url=url, limit=MAX_ADDRESSES))
            add_address(url, corpus)
        except QAError as error:
            refused.append(Receipt(path=url, outcome="failed", message=error.message))
    return refused
