"""The report of an evaluation → one HTML file that needs nothing else: no script, no other host."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources

from qa.rendering.escaping import Html, fill, wrap


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of cells under headings. The first cell of a row names it; `note` says how to read them."""

    title: str
    note: str
    headings: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Plot:
    """A plot that `plots` drew, what it shows, and how to read it. `keys` pairs a CSS class with a label."""

    title: str
    svg: Html
    note: str = ""
    keys: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class ShownPassage:
    """A passage that was found, and whether its document is one that holds the answer."""

    title: str
    text: str
    is_gold: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A question that went wrong: what was asked, what would have been right, what was said."""

    id: str
    question: str
    language: str
    gold: tuple[str, ...]
    said: str
    confidence: float
    passages: tuple[ShownPassage, ...] = ()


@dataclass(frozen=True, slots=True)
class CaseList:
    """The worst of all `total` cases of one kind, worst first."""

    title: str
    cases: tuple[Case, ...]
    total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """What is shown of one set. `plots` are groups of plots, each under a heading."""

    name: str
    summary: str
    first_tables: tuple[Table, ...]
    plots: tuple[tuple[str, tuple[Plot, ...]], ...]
    case_lists: tuple[CaseList, ...]
    tables: tuple[Table, ...]


PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>{title}</title>
<style>{style}</style>
</head>
<body>
<header><h1>{title}</h1><p>{about}</p>{contents}</header>
<main>{sections}</main>
</body>
</html>
"""
"""The policy forbids scripts and every other host, should a document's text ever get past the escaping."""


def evaluation_html(sections: Sequence[Section], *, about: str) -> Html:
    """The whole file. `about` says in a line when and with which settings it was made."""
    return fill(
        PAGE,
        title="Evaluation",
        style=Html(resources.files("qa").joinpath("data", "report.css").read_text(encoding="utf-8")),
        about=about,
        contents=_contents(sections),
        sections=[_section(number, section) for number, section in enumerate(sections, start=1)],
    )


def _contents(sections: Sequence[Section]) -> Html:
    links = [
        fill('<li><a href="#set-{number}">{name}</a></li>', number=number, name=section.name)
        for number, section in enumerate(sections, start=1)
    ]
    return wrap("<nav><ul>{}</ul></nav>", links if len(links) > 1 else ())


def _section(number: int, section: Section) -> Html:
    plots = [
        fill(
            '<h3>{title}</h3><div class="plots">{plots}</div>',
            title=title,
            plots=[_plot(plot) for plot in group],
        )
        for title, group in section.plots
    ]
    return fill(
        '<section id="set-{number}"><h2>{name}</h2><p>{summary}</p>{first}{plots}{cases}{tables}</section>',
        number=number,
        name=section.name,
        summary=section.summary,
        plots=plots,
        first=[_table(table) for table in section.first_tables],
        tables=[_table(table) for table in section.tables],
        cases=[_case_list(cases) for cases in section.case_lists],
    )


def _table(table: Table) -> Html:
    head = [fill('<th scope="col">{cell}</th>', cell=cell) for cell in table.headings]
    row = '<tr><th scope="row">{name}</th>{cells}</tr>'
    rows = [
        fill(row, name=name, cells=[fill("<td>{cell}</td>", cell=cell) for cell in cells])
        for name, *cells in table.rows
    ]
    return fill(
        '<h3>{title}</h3>{note}<div class="scroll" tabindex="0" role="region" aria-label="{title}">'
        "<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>",
        title=table.title,
        note=wrap("<p>{}</p>", table.note),
        head=head,
        rows=rows,
    )


def _plot(plot: Plot) -> Html:
    keys = [
        fill('<li><span class="key {style}"></span>{label}</li>', style=style, label=label)
        for style, label in plot.keys
    ]
    return fill(
        "<figure><figcaption>{title}</figcaption>{keys}{svg}{note}</figure>",
        title=plot.title,
        keys=wrap('<ul class="keys">{}</ul>', keys),
        svg=plot.svg,
        note=wrap("<p>{}</p>", plot.note),
    )


def _case_list(cases: CaseList) -> Html:
    shown = len(cases.cases)
    counted = f"{cases.total}" if cases.total == shown else f"{cases.total}; the worst {shown}"
    return fill(
        "<h3>{title} ({counted})</h3>{cases}",
        title=cases.title,
        counted=counted,
        cases=[_case(case) for case in cases.cases],
    )


def _case(case: Case) -> Html:
    passages = [
        fill(
            '<li><p class="source">{title}{mark}</p><p dir="auto">{text}</p></li>',
            title=passage.title,
            mark=Html(' <span class="tag">holds the answer</span>') if passage.is_gold else Html(),
            text=passage.text,
        )
        for passage in case.passages
    ]
    return fill(
        '<article><h4 lang="{language}" dir="auto">{question}</h4>'
        '<p class="source">{id}, {language}, confidence {confidence}</p>'
        '<dl><dt>Right</dt><dd dir="auto">{gold}</dd><dt>Said</dt><dd dir="auto">{said}</dd></dl>'
        "{passages}</article>",
        question=case.question,
        language=case.language,
        id=case.id,
        confidence=f"{case.confidence:.2f}",
        gold="; ".join(case.gold) or "none: the documents do not say",
        said=case.said,
        passages=wrap("<details><summary>The best passages</summary><ol>{}</ol></details>", passages),
    )
