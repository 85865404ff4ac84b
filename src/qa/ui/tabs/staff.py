"""Bringing in new documents from the page: for those who may, and for nobody else."""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from qa.corpus.change_log import changed_paths, list_changes, note_change, note_purge, note_report
from qa.corpus.intake import add_address, add_uploads, is_address, remove
from qa.corpus.receipts import IndexReport, Receipt
from qa.errors import QAError
from qa.feedback import delete_refused, most_refused
from qa.i18n.messages import say
from qa.i18n.reasons import Reason, in_language
from qa.maintenance.purging import list_taken_out, purge
from qa.rendering import changes_html, notice_html, purge_html, refused_html, report_html
from qa.rendering.escaping import Html
from qa.rendering.wording import shorten
from qa.ui.access.permissions import Access, Request
from qa.ui.access.sessions import Person

if TYPE_CHECKING:
    from qa.pipeline import Pipeline

logger = logging.getLogger(__name__)

BUSY_WAIT_S = 120.0
"""Seconds that an upload waits for another run of the indexer, such as `qa index --watch`."""

MAX_ADDRESSES = 20
"""Web addresses taken at a time: each may take a minute."""

Choices = list[tuple[str, str | int]]
"""What a list offers: how each is shown, and what it stands for."""


def bring_in_html(
    pipeline: Pipeline,
    request: Request,
    *,
    access: Access,
    files: Sequence[Path] = (),
    addresses: str = "",
    on_progress: Callable[[int, int, str], None],
    language: str,
) -> Html:
    """The receipt of what was brought in and indexed, or a polite refusal."""

    def bring_in(person: Person) -> Html:
        try:
            refused = _take(files, addresses, pipeline.settings.corpus_dir, on_progress)
        finally:
            for file in files:
                file.unlink(
                    missing_ok=True
                )  # Gradio keeps uploads, and serves them to whoever knows their path
        report = pipeline.reindex(wait_s=BUSY_WAIT_S, on_progress=on_progress)
        note_report(pipeline.settings.index_dir, person.name, report)
        report = dataclasses.replace(report, receipts=(*report.receipts, *refused))
        return _report_html(report, pipeline, language)

    return _change(bring_in, request, access=access, language=language)


def _report_html(report: IndexReport, pipeline: Pipeline, language: str) -> Html:
    return report_html(report, language=language, name_city=pipeline.library.catalogue.display_name)


def take_out_html(
    pipeline: Pipeline, request: Request, *, access: Access, names: Sequence[str], language: str
) -> Html:
    """The receipt of taking the documents `names` out of the corpus and the index, or a polite refusal."""

    def take_out(person: Person) -> Html:
        remove(names, pipeline.settings.corpus_dir)
        report = pipeline.reindex(wait_s=BUSY_WAIT_S)
        note_report(pipeline.settings.index_dir, person.name, report)
        return _report_html(report, pipeline, language)

    return _change(take_out, request, access=access, language=language)


def roll_back_html(pipeline: Pipeline, request: Request, *, access: Access, language: str) -> Html:
    """What came of going back to the state before the last change, or a polite refusal."""

    def roll_back(person: Person) -> Html:
        before = pipeline.library.records
        count = pipeline.roll_back()
        names = changed_paths(before, pipeline.library.records)
        note_change(pipeline.settings.index_dir, person.name, "rolled_back", names)
        return notice_html(say("staff_rolled_back", language, count=count))

    return _change(roll_back, request, access=access, language=language)


def refused_questions_html(pipeline: Pipeline, request: Request, *, access: Access, language: str) -> Html:
    """The questions that were refused most, or a polite refusal: what people type may name somebody."""

    def show(_: Person) -> Html:
        return refused_html(most_refused(pipeline.settings.index_dir), language=language)

    return _change(show, request, access=access, language=language)


def delete_refused_html(
    pipeline: Pipeline, request: Request, *, access: Access, numbers: Sequence[int], language: str
) -> Html:
    """The questions that were refused most, after those with `numbers` were deleted, or a polite refusal."""

    def delete(_: Person) -> Html:
        delete_refused(pipeline.settings.index_dir, numbers)
        return refused_html(most_refused(pipeline.settings.index_dir), language=language)

    return _change(delete, request, access=access, language=language)


def purge_documents_html(
    pipeline: Pipeline, request: Request, *, access: Access, names: Sequence[str], language: str
) -> Html:
    """The receipt of removing the documents `names` for good, or a polite refusal."""

    def remove_for_good(person: Person) -> Html:
        receipt = purge(names, pipeline.settings, wait_s=BUSY_WAIT_S)
        note_purge(pipeline.settings.index_dir, person.name, receipt)
        pipeline.catch_up()  # and lets go of the state that has them in memory
        return purge_html(receipt, language=language)

    return _change(remove_for_good, request, access=access, language=language)


def refused_choices(pipeline: Pipeline, request: Request, *, access: Access) -> Choices:
    """The questions that were refused most, by their numbers; none for those who may not read them."""

    def find() -> Choices:
        found = most_refused(pipeline.settings.index_dir)
        return [(f"#{each.number} {shorten(each.question)}", each.number) for each in found]

    return _offer(find, request, access=access)


def purge_choices(pipeline: Pipeline, request: Request, *, access: Access) -> Choices:
    """What can be removed for good, by its path: documents, and what was taken out; none for those who may not."""

    def find() -> Choices:
        own: Choices = [(f"{each.title} ({each.path})", each.path) for each in pipeline.library.records]
        return own + [(path, path) for path in list_taken_out(pipeline.settings)]

    return _offer(find, request, access=access)


def _offer(find: Callable[[], Choices], request: Request, *, access: Access) -> Choices:
    if access.staff_of(request) is None:
        return []
    try:
        return find()
    except QAError as error:  # what is shown beside it says so
        logger.warning("%s", error)
        return []


def changes_list_html(pipeline: Pipeline, request: Request, *, access: Access, language: str) -> Html:
    """Who changed which documents, the newest change first, or a polite refusal."""

    def show(_: Person) -> Html:
        return changes_html(list_changes(pipeline.settings.index_dir), language=language)

    return _change(show, request, access=access, language=language)


def _change(change: Callable[[Person], Html], request: Request, *, access: Access, language: str) -> Html:
    """What `change`, which is told who asks for it, says, or why it was not done: nothing runs for others.

    The check is here, around what does the work: hiding a button or an endpoint keeps nobody out.
    """
    person = access.staff_of(request)
    if person is None:
        return refusal_html(access, language=language)
    try:
        return change(person)
    except QAError as error:
        logger.warning("changing documents failed: %s", error)
        return notice_html(
            say("staff_error", language, message=in_language(error.message, language)), kind="problem"
        )
    except Exception:  # The outermost edge: staff see words, the log has the rest
        logger.exception("changing documents failed")
        return notice_html(say("staff_error_unknown", language), kind="problem")


def refusal_html(access: Access, *, language: str) -> Html:
    """Why somebody may not change documents."""
    reason = "staff_log_in_first" if access.has_staff_keys else "staff_only_here"
    return notice_html(say(reason, language), kind="problem")


def _take(
    files: Sequence[Path], addresses: str, corpus: Path, on_progress: Callable[[int, int, str], None]
) -> list[Receipt]:
    """Put files and pages into the corpus; a receipt for each that could not be."""
    refused = list(add_uploads([(file, file.name) for file in files], corpus))
    wanted = addresses.split()
    for number, url in enumerate(wanted):
        on_progress(number, len(wanted), url)
        if not is_address(url) or number >= MAX_ADDRESSES:
            reason = Reason("why_too_many_addresses", url=url, limit=MAX_ADDRESSES)
            if not is_address(url):
                reason = Reason("why_no_address", url=url)
            refused.append(Receipt(path=url, outcome="failed", message=reason))
            continue
        try:
            add_address(url, corpus)
        except QAError as error:
            refused.append(Receipt(path=url, outcome="failed", message=error.message))
    return refused
