"""Results → the HTML report: tables, plots and the worst cases."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from qa.evaluation.bootstrap import Measured
from qa.evaluation.cases import worst_cases
from qa.evaluation.curves import LATENCY_END_PERCENT, answered_at, latency, reliability
from qa.evaluation.judging import Row
from qa.evaluation.results import SetResult
from qa.evaluation.tables import (
    Cells,
    change_rows,
    describe_comparison,
    describe_ways,
    figure_rows,
    summarise,
    way_rows,
)
from qa.rendering.escaping import Html
from qa.rendering.evaluation import Plot, Section, Table, evaluation_html
from qa.rendering.plots import Bar, Curve, bars_svg, curves_svg, dots_svg, histogram_svg

BY_LANGUAGE = (
    ("recall@1", "The right document is found first"),
    ("recall@5", "The right document is in the first five"),
    ("contains", "The answer holds a gold answer"),
    ("cit_precision", "Citations that are real and right"),
    ("abst_recall", "Refused of what must be refused"),
    ("false_refusal", "Refused of what has an answer: less is better"),
)
"""The figures that are drawn for each language."""


def render_report(results: Sequence[SetResult], *, threshold: float, about: str) -> Html:
    """The report as one HTML file. `threshold` is the confidence from which on answers were given."""
    return evaluation_html([_section(result, threshold) for result in results], about=about)


def _section(result: SetResult, threshold: float) -> Section:
    first_tables = []
    if (ways := result.ways) is not None:
        first_tables.append(_table("Quoted, drafted, verified", way_rows(ways), note=describe_ways(ways)))
    if (moved := result.comparison) is not None:
        first_tables.append(_table("What moved", change_rows(moved), note=describe_comparison(moved)))
    tables = [_table("All figures", figure_rows({"all": result.measured}))]
    for title, by in (("Figures by language", result.by["lang"]), ("Figures by kind", result.by["kind"])):
        if len(by) > 1:
            groups = {name or "none": measured for name, measured in by.items()}
            tables.append(_table(title, figure_rows(groups)))
    return Section(
        name=result.name,
        summary=summarise(result),
        first_tables=tuple(first_tables),
        plots=(
            ("By language", tuple(_language_plots(result))),
            ("Answering and refusing", tuple(_refusal_plots(result, threshold))),
            ("Time", tuple(_latency_plots(result.rows))),
        ),
        case_lists=worst_cases(result),
        tables=tuple(tables),
    )


def _table(title: str, rows: Sequence[Cells], *, note: str = "") -> Table:
    return Table(title, note, rows[0], tuple(rows[1:]))


def _language_plots(result: SetResult) -> list[Plot]:
    groups: Mapping[str, Measured] = result.by["lang"]
    if len(groups) > 1:
        groups = {"all": result.measured, **groups}
    return [
        Plot(
            title, bars_svg([_bar(name, figure, measured) for name, measured in groups.items()], title=title)
        )
        for figure, title in BY_LANGUAGE
    ]


def _refusal_plots(result: SetResult, threshold: float) -> list[Plot]:
    title = "Refused, by kind of question"
    bars = [
        _bar(kind or "none", "abst_recall" if measured.figures["must_refuse"] else "false_refusal", measured)
        for kind, measured in result.by["kind"].items()
    ]
    plots = [Plot(title, bars_svg(bars, title=title), note="Of answerable kinds, less is better.")]
    return [_threshold_plot(result.rows, threshold), _reliability_plot(result.rows), *plots]


def _threshold_plot(rows: Sequence[Row], threshold: float) -> Plot:
    title = "Answered, as the threshold moves"
    at = answered_at(rows, threshold=threshold)
    curves = [
        Curve(style, tuple((step, share) for step, *shares in at if not math.isnan(share := shares[place])))
        for place, style in enumerate(("good", "bad"))
    ]
    _, right, wrong = min(at, key=lambda triple: abs(triple[0] - threshold))
    return Plot(
        title,
        curves_svg(curves, title=title, marker=threshold),
        note=f"At the threshold in force, {threshold:g}: {_percent(right)} of questions with an answer, "
        f"{_percent(wrong)} of those without.",
        keys=(("good", "of those with an answer"), ("bad", "of those without: wrongly")),
    )


def _reliability_plot(rows: Sequence[Row]) -> Plot:
    title = "How far confidence can be trusted"
    return Plot(
        title,
        dots_svg(reliability(rows), title=title),
        note="Across: confidence. Up: the share of questions that do have an answer. "
        "On the dashed line both agree; larger dots stand for more questions.",
    )


def _latency_plots(rows: Sequence[Row]) -> list[Plot]:
    histogram = latency(rows)
    if histogram is None:
        return []
    title = "Seconds for an answer"
    beyond = 100 - LATENCY_END_PERCENT
    note = f"Questions by how long they took; the slowest {beyond}% stand in the last column."
    return [Plot(title, histogram_svg(histogram, title=title), note=note)]


def _bar(label: str, figure: str, measured: Measured) -> Bar:
    interval = measured.intervals[figure]
    return Bar(label, float(measured.figures[figure]), interval.low, interval.high)


def _percent(share: float) -> str:
    return "none" if math.isnan(share) else f"{100 * share:.0f}%"
