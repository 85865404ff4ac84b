"""What became of files that were brought in: for the page, and line by line for a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import get_args

from qa.corpus.receipts import IndexReport, Outcome, PurgeReceipt, Receipt
from qa.domain import Origin
from qa.i18n.messages import format_number, join_names, language_name, say
from qa.i18n.reasons import Reason, in_language, number_runs
from qa.rendering.escaping import Html, fill, join, one_line, without_controls, wrap
from qa.rendering.wording import NameCity

MAX_NAMED = 20
"""Files named in each part of a receipt."""

OUTCOMES: tuple[Outcome, ...] = ("added", "updated", "removed", "failed", "skipped", "unchanged")
"""In the order in which they matter to whoever brought the files in."""

PURGED = ("files", "texts", "passages", "states", "vectors", "feedback", "refused")
"""What a purge counts, in the order of its receipt."""


def report_html(report: IndexReport, *, language: str, name_city: NameCity | None = None) -> Html:
    """The receipt of a reindex: what was added, updated, removed, and what failed and why."""
    notes = [wrap('<p class="problem">{}</p>', in_language(note, language)) for note in report.notes]
    parts = [_part(outcome, report.of(outcome), language, name_city) for outcome in OUTCOMES]
    return _receipt_html(report.seconds, notes, parts, language)


def _receipt_html(seconds: float, notes: Sequence[Html], parts: Sequence[Html], language: str) -> Html:
    return fill(
        '<div class="receipt" role="status" lang="{language}"><p>{heading}</p>{notes}<ul>{parts}</ul></div>',
        language=language,
        heading=say("receipt_heading", language, seconds=format_number(seconds, language, digits=1)),
        notes=notes,
        parts=parts,
    )


def report_lines(report: IndexReport) -> Iterator[str]:
    """The same for a terminal, in English: a line for each file that was not left as it was, then the numbers."""
    # Names of files can paint a terminal, and break its lines.
    return (without_controls(line.replace("\n", " ")) for line in _lines(report))


def _lines(report: IndexReport) -> Iterator[str]:
    yield from report.notes
    for outcome in OUTCOMES:
        for receipt in report.of(outcome) if outcome != "unchanged" else ():
            yield f"{outcome:9} {receipt.message or receipt.path}"
            facts = "; ".join(receipt_facts(receipt, "en"))
            if facts and outcome in ("added", "updated"):
                yield f"{'':9}   {facts}"
            yield from (f"{'':9}   {warning}" for warning in receipt.warnings)
    counts = ", ".join(f"{len(report.of(outcome))} {outcome}" for outcome in get_args(Outcome))
    yield f"{counts}; {report.chunks} chunks in the index; {report.seconds:.1f} s"


def purge_html(receipt: PurgeReceipt, *, language: str) -> Html:
    """The receipt of a purge: which documents, and how much of each kind went with them."""
    parts = [wrap("<li><bdi>{}</bdi></li>", line) for line in _purged(receipt, language)]
    return _receipt_html(receipt.seconds, (), parts, language)


def purge_lines(receipt: PurgeReceipt) -> Iterator[str]:
    """The same for a terminal, in English."""
    return map(one_line, _purged(receipt, "en"))


def _purged(receipt: PurgeReceipt, language: str) -> Iterator[str]:
    yield from (say("purged_document", language, name=name) for name in receipt.documents)
    yield from (say(f"purged_{part}", language, count=getattr(receipt, part)) for part in PURGED)
    yield from (say("purged_also_in", language, name=name) for name in receipt.also_in)


def receipt_facts(receipt: Receipt, language: str, name_city: NameCity | None = None) -> Iterator[str]:
    """What was found in a file that was read: passages, pages, language, and where title and cities are from."""
    if not receipt.passages:
        return
    yield say("receipt_passages", language, count=receipt.passages)
    if receipt.pages:
        pages = say(f"receipt_{receipt.page_kind}", language, count=receipt.pages)
        empty = say("receipt_empty", language, numbers=number_runs(receipt.empty_pages))
        yield f"{pages} ({empty})" if receipt.empty_pages else pages
    if receipt.language:
        yield language_name(receipt.language, language)
    cities = tuple(name_city(city, language) if name_city else city for city in receipt.cities)
    values = {"title": receipt.title, "date": receipt.date or "", "cities": join_names(cities, language)}
    for fact, origin in receipt.origins:
        if values.get(fact) and origin in get_args(Origin):
            yield say(
                f"receipt_{fact}", language, value=values[fact], origin=say(f"origin_{origin}", language)
            )


def _part(outcome: Outcome, receipts: tuple[Receipt, ...], language: str, name_city: NameCity | None) -> Html:
    if not receipts:
        return Html()
    # Who brings in one file of a hundred does not want to read the other ninety-nine.
    shown = receipts[:MAX_NAMED] if outcome != "unchanged" else ()
    items = [_item(receipt, language, name_city) for receipt in shown]
    if shown and len(receipts) > MAX_NAMED:
        items.append(wrap("<li>{}</li>", say("receipt_more", language, count=len(receipts) - MAX_NAMED)))
    return fill(
        '<li class="{name}">{label}{items}</li>',
        name=outcome,
        label=say(f"receipt_{outcome}", language, count=len(receipts)),
        items=wrap("<ul>{}</ul>", items),
    )


def _item(receipt: Receipt, language: str, name_city: NameCity | None) -> Html:
    message = receipt.message
    if message and receipt.path not in message:  # most messages name their file themselves
        message = Reason("why_of_file", file=receipt.path, reason=message)
    facts = " · ".join(receipt_facts(receipt, language, name_city))
    return fill(
        "<li><bdi>{line}</bdi>{facts}{warnings}</li>",
        line=in_language(message, language) or receipt.path,
        facts=wrap('<p class="facts">{}</p>', facts),
        warnings=warnings_html(receipt, language),
    )


def warnings_html(receipt: Receipt, language: str) -> Html:
    """What was left out of a file that was read, a paragraph each."""
    texts = [in_language(warning, language) for warning in receipt.warnings]
    return join([wrap('<p class="warning">{}</p>', text) for text in texts])
