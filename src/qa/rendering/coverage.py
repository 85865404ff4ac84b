"""The table of what the documents cover, and the questions that they did not answer: for authors of documents."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Iterator, Sequence

from qa.cities import Subject
from qa.i18n.messages import say
from qa.overview.coverage import Cell, Coverage, CoverageRow
from qa.overview.subjects import SUBJECTS
from qa.rendering.escaping import Html, fill, one_line
from qa.rendering.page_parts import notice_html
from qa.rendering.wording import NameCity, shorten

TINTS = 3
"""Shades of amount. The number stands in each cell, so nothing hangs on telling them apart."""

MAX_REFUSED = 20
"""Questions listed."""

COLUMN = 12
"""Characters of a column in a terminal; longer headings go over several lines."""


def subject_name(subject: Subject, language: str) -> str:
    """What a subject is called in `language`: as the corpus names it, else as we name a built-in one."""
    for code in (language, language.partition("-")[0]):
        if code in subject.names:
            return subject.names[code]
    is_built_in = any(subject.name == each.name for each in SUBJECTS)
    return say(f"subject_{subject.name}", language) if is_built_in else subject.name


def coverage_html(table: Coverage, *, language: str, name_city: NameCity) -> Html:
    """The table, in a box of its own that scrolls sideways where the page is narrow."""
    headings = [
        say("coverage_city", language),
        *(subject_name(subject, language) for subject in table.subjects),
        say("tab_documents", language),
    ]
    return fill(
        '<div class="coverage" lang="{language}"><p class="note">{say.coverage_note}</p>'
        '<div class="table" role="region" tabindex="0" aria-labelledby="coverage-caption">'
        '<table><caption class="visually-hidden" id="coverage-caption">{say.coverage_heading}</caption>'
        "<thead><tr>{headings}</tr></thead><tbody>{rows}</tbody></table></div></div>",
        language=language,
        headings=[fill('<th scope="col">{heading}</th>', heading=heading) for heading in headings],
        rows=[_row(row, most=table.most, language=language, name_city=name_city) for row in table.rows],
    )


def _row(row: CoverageRow, *, most: int, language: str, name_city: NameCity) -> Html:
    total = fill(
        '<td class="total"><span class="count">{documents}</span> <span class="newest">{newest}</span></td>',
        documents=row.documents,
        newest=row.total.newest,
    )
    is_empty = not (row.documents or row.total.passages)
    return fill(
        '<tr><th scope="row"><bdi>{city}</bdi></th>{cells}{total}</tr>',
        city=name_city(row.city, language),
        cells=[_cell(cell, most=most, language=language) for cell in row.cells],
        total=_empty(language) if is_empty else total,
    )


def _cell(cell: Cell, *, most: int, language: str) -> Html:
    if not cell.passages:
        return _empty(language)
    return fill(
        '<td class="amount-{tint}"><span class="count">{passages}</span> '
        '<span class="newest">{newest}</span></td>',
        tint=_tint(cell.passages, most),
        passages=cell.passages,
        newest=cell.newest,
    )


def _empty(language: str) -> Html:
    return fill(
        '<td class="is-empty"><span aria-hidden="true">–</span>'
        '<span class="visually-hidden">{say.coverage_none}</span></td>',
        language=language,
    )


def _tint(passages: int, most: int) -> int:
    """1 to `TINTS`: by the logarithm, as one city may have a hundred times what another has."""
    return max(1, round(TINTS * math.log1p(passages) / math.log1p(max(most, passages))))


def refused_html(refused: Sequence[tuple[int, str, int, str]], *, language: str) -> Html:
    """The questions that most often had no answer (see `qa.feedback.most_refused`), `MAX_REFUSED` at most."""
    if not refused:
        return notice_html(say("refused_empty", language))
    items = [
        fill(
            '<li><span dir="auto">{question}</span> <span class="facts">#{number} · {facts}</span></li>',
            question=shorten(question),
            number=number,
            facts=say("refused_times", language, count=times, date=last_time[:10]),
        )
        for number, question, times, last_time in refused[:MAX_REFUSED]
    ]
    return fill(
        '<div class="refused" lang="{language}"><p class="note">{say.refused_note}</p><ul>{items}</ul></div>',
        language=language,
        items=items,
    )


def coverage_lines(table: Coverage) -> Iterator[str]:
    """The table for a terminal, in English."""
    headings = ["City", *(subject_name(subject, "en") for subject in table.subjects), "Documents", "Passages"]
    rows = [
        [row.city, *(_plain(cell) for cell in row.cells), str(row.documents), _plain(row.total)]
        for row in table.rows
    ]
    wrapped = [textwrap.wrap(one_line(heading), COLUMN) or [""] for heading in headings]
    for number in range(max(map(len, wrapped))):
        yield _line([lines[number] if number < len(lines) else "" for lines in wrapped])
    yield from (_line([one_line(value) for value in row]) for row in rows)


def _plain(cell: Cell) -> str:
    return f"{cell.passages} {cell.newest}".strip() if cell.passages else "-"


def _line(values: Sequence[str]) -> str:
    return "  ".join(f"{value:{COLUMN}}" for value in values).rstrip()
