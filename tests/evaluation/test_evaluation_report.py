"""The HTML report: whole in itself, harmless whatever was asked and said, and true to the rows."""

from __future__ import annotations

import dataclasses
import math
import os
import re
import shutil
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import sync_playwright

from qa.domain import Turn
from qa.evaluation.cases import MAX_CASES, worst_cases
from qa.evaluation.curves import answered_at, latency, reliability
from qa.evaluation.gold import GoldDocument, GoldQuestion, GoldSet
from qa.evaluation.judging import Row, judge
from qa.evaluation.prediction import Prediction
from qa.evaluation.report import render_report
from qa.evaluation.results import SetResult, evaluate_set
from qa.rendering.plots import Bar, bars_svg

HOSTILE = (
    "</style></svg></title><script>window.hacked=1</script>"
    """<img src=//evil.example onerror='hacked()'>"{x}&"""
)
DOCUMENTS = (
    GoldDocument("d1", f"Title {HOSTILE}", f"It burns 45 tonnes. {HOSTILE}", "en"),
    GoldDocument("d2", "Other", "Nothing of that.", "en"),
)


def question(number: int, *, is_answerable: bool = True, **more: Any) -> GoldQuestion:
    return GoldQuestion(
        id=f"q{number}{HOSTILE}",
        question=f"How much {number}? {HOSTILE}",
        language=more.pop("language", "en"),
        answers=(f"45 tonnes {HOSTILE}",) if is_answerable else (),
        doc_ids=("d1",) if is_answerable else (),
        is_answerable=is_answerable,
        kind=more.pop("kind", "answerable" if is_answerable else "near_miss"),
        **more,
    )


def said(asked: GoldQuestion, answer: str, *, confidence: float, seconds: float = 0.1) -> Prediction:
    return Prediction(
        question_id=asked.id,
        is_answered=bool(answer),
        answer=answer,
        reason="" if answer else f"weak_evidence{HOSTILE}",
        citations=(("d1", "It burns 45 tonnes."),) if answer else (),
        ranked=("d2", "d1"),
        seconds=seconds,
        confidence=confidence,
        passages=(("d1", f"It burns 45 tonnes. {HOSTILE}"), ("d2", "Nothing of that.")),
    )


def make_result(name: str = "set") -> SetResult:
    """Of four questions one is right, one refused, one answered wrongly, one answered without need."""
    questions = (
        question(1),
        question(2, language=f"xx{HOSTILE}"),
        question(3, kind=f"kind{HOSTILE}"),
        question(4, is_answerable=False),
    )
    predictions = (
        said(questions[0], f"45 tonnes {HOSTILE}", confidence=0.9),
        said(questions[1], "", confidence=0.2),
        said(questions[2], f"Much. {HOSTILE}", confidence=0.7),
        said(questions[3], f"Some. {HOSTILE}", confidence=0.6, seconds=3.0),
    )
    return evaluate_set(name, GoldSet(questions, DOCUMENTS), predictions)


class Seen(HTMLParser):
    """The tags and attributes of a page, and its text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str]] = []
        self.text = ""
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(name, value or "") for name, value in attrs]

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.fixture(scope="module")
def report() -> str:
    results = [make_result(f"set{HOSTILE}"), make_result("second")]
    return render_report(results, threshold=0.5, about=f"About. {HOSTILE}")


# --------------------------------------------------------------------------------------------- the whole page


def test_nothing_that_was_asked_said_or_found_becomes_a_tag(report: str) -> None:
    seen = Seen(report)
    assert {"html", "svg", "table", "details"} <= set(seen.tags)
    assert {"script", "img", "iframe", "link", "object", "form"}.isdisjoint(seen.tags)
    assert not [name for name, _ in seen.attributes if name.startswith("on")]
    assert seen.text.count("window.hacked=1") > 20  # it is shown as what it is: text


def test_the_report_names_no_other_host(report: str) -> None:
    seen = Seen(report)
    assert {name for name, _ in seen.attributes}.isdisjoint({"src", "srcset", "action", "style", "xmlns"})
    assert all(value.startswith("#set-") for name, value in seen.attributes if name == "href")
    style = report[report.index("<style>") : report.index("</style>")]
    assert not re.search(r"url\(|@import|https?:", style)
    assert "default-src 'none'" in dict(seen.attributes)["content"]


def test_each_set_has_its_section_and_is_linked(report: str) -> None:
    seen = Seen(report)
    assert [value for name, value in seen.attributes if name == "href"] == ["#set-1", "#set-2"]
    assert [value for name, value in seen.attributes if name == "id"] == ["set-1", "set-2"]


def test_the_report_has_plots_figures_with_intervals_and_cases(report: str) -> None:
    text = Seen(report).text
    for heading in (
        "The right document is found first", "Answered, as the threshold moves", "Seconds for an answer",
        "How far confidence can be trusted", "Refused, by kind of question", "Figures by language",
        "Answered, though the documents do not say", "Refused, though the documents do say",
    ):  # fmt: skip
        assert heading in text
    assert re.search(r"recall@5\s*1\.000 \(1\.000 to 1\.000\)", text)
    assert "67% of questions with an answer, 100% of those without." in text


def test_what_moved_is_in_the_report_if_something_was_compared() -> None:
    result = make_result()
    again = evaluate_set("set", result.gold, result.predictions, earlier={"set": result.rows})
    text = Seen(render_report([again], threshold=0.5, about="")).text
    assert "What moved" in text
    assert "Compared over the 4 questions" in text
    assert "What moved" not in Seen(render_report([result], threshold=0.5, about="")).text


@pytest.mark.browser
@pytest.mark.parametrize("width", [375, 1280])
def test_a_browser_fetches_nothing_runs_nothing_and_need_not_scroll_sideways(
    report: str, tmp_path: Path, width: int
) -> None:
    chromium = shutil.which("chromium")
    if chromium is None:
        message = "no `chromium` on the path; install Debian's package"
        pytest.fail(message) if os.environ.get("CI") else pytest.skip(message)
    path = tmp_path / "report.html"
    path.write_text(report, encoding="utf-8")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page(viewport={"width": width, "height": 900})
        requests: list[str] = []
        page.on("request", lambda request: requests.append(request.url))
        page.goto(path.as_uri())
        hacked, scroll_width = page.evaluate("[window.hacked ?? null, document.documentElement.scrollWidth]")
        browser.close()
    assert requests == [path.as_uri()]
    assert (hacked, scroll_width) == (None, width)


# ------------------------------------------------------------------------------------------------ the cases


def test_cases_are_sorted_into_three_lists() -> None:
    lists = worst_cases(make_result())
    assert [[case.id[:2] for case in cases.cases] for cases in lists] == [["q4"], ["q2"], ["q3"]]


def test_a_case_has_the_question_the_gold_answers_what_was_said_and_the_passages() -> None:
    [_, refused, wrong] = [cases.cases[0] for cases in worst_cases(make_result())]
    assert wrong.gold == (f"45 tonnes {HOSTILE}",)
    assert wrong.said == f"Much. {HOSTILE}"
    assert [(passage.title[:5], passage.is_gold) for passage in wrong.passages] == [
        ("Title", True),
        ("Other", False),
    ]
    assert refused.said == f"refused (weak_evidence{HOSTILE})"


def test_a_follow_up_is_shown_after_what_was_said_before() -> None:
    asked = dataclasses.replace(question(1), question="And Dalian?", history=(Turn("user", "Davao?"),))
    [_, refused, _] = worst_cases(evaluate_set("s", GoldSet((asked,), DOCUMENTS), []))
    assert refused.cases[0].question == "Davao? → And Dalian?"
    assert refused.cases[0].said == "nothing: there is no prediction"


def test_the_surest_of_many_wrong_answers_are_listed_first() -> None:
    questions = tuple(question(number, is_answerable=False) for number in range(15))
    predictions = [said(asked, "x", confidence=n / 20) for n, asked in enumerate(questions)]
    answered = worst_cases(evaluate_set("s", GoldSet(questions, DOCUMENTS), predictions))[0]
    assert answered.total == 15
    assert [case.confidence for case in answered.cases] == [n / 20 for n in range(14, 14 - MAX_CASES, -1)]


# ----------------------------------------------------------------------------------------------- the curves


def rows_of(*pairs: tuple[float, bool, bool]) -> tuple[Row, ...]:
    """Rows from (confidence, answerable, answered)."""
    questions = [question(n, is_answerable=answerable) for n, (_, answerable, _) in enumerate(pairs)]
    predictions = [
        said(asked, "x" if answered else "", confidence=confidence, seconds=float(n))
        for n, (asked, (confidence, _, answered)) in enumerate(zip(questions, pairs, strict=True))
    ]
    return judge(GoldSet(tuple(questions), DOCUMENTS), predictions)


def test_fewer_questions_are_answered_as_the_threshold_rises() -> None:
    rows = rows_of((0.9, True, True), (0.4, True, False), (0.6, False, True), (0.1, False, False))
    at = {threshold: shares for threshold, *shares in answered_at(rows, threshold=0.5)}
    assert [at[t] for t in (0.0, 0.2, 0.5, 0.7, 1.0)] == [[1, 1], [1, 0.5], [0.5, 0.5], [0.5, 0], [0, 0]]


def test_what_was_refused_in_spite_of_enough_confidence_is_refused_at_every_threshold() -> None:
    rows = rows_of((0.9, False, False), (0.6, False, True))
    assert {wrong for _, _, wrong in answered_at(rows, threshold=0.5)} == {0.5, 0}


def test_a_curve_without_questions_is_undefined() -> None:
    assert all(math.isnan(wrong) for _, _, wrong in answered_at(rows_of((0.9, True, True)), threshold=0.5))


def test_reliability_is_the_share_with_an_answer_for_each_step_of_confidence() -> None:
    rows = rows_of((0.91, True, True), (0.99, False, True), (1.0, True, True), (0.05, False, False))
    low, high = reliability(rows)
    assert (low.x, low.y, low.count) == (0.05, 0, 1)
    assert (high.y, high.count) == (2 / 3, 3)
    assert [high.x, high.low, high.high] == pytest.approx([0.9667, 0.2077, 0.9385], abs=1e-4)


def test_latency_counts_every_question_that_was_asked() -> None:
    rows = rows_of(*[(0.9, True, True)] * 101)  # 0 to 100 seconds
    histogram = latency(rows)
    assert histogram is not None
    assert (sum(histogram.counts), histogram.end) == (101, 99)
    assert histogram.marks == (("half within 50.00 s", 50), ("95% within 95.00 s", 95))


def test_without_predictions_there_is_no_latency() -> None:
    rows = judge(GoldSet((question(1),), DOCUMENTS), [])
    assert latency(rows) is None
    result = evaluate_set("s", GoldSet((question(1),), DOCUMENTS), [])
    assert "Seconds for an answer" not in render_report([result], threshold=0.5, about="")


# ------------------------------------------------------------------------------------------------- the plots


def test_a_bars_length_is_its_share_of_the_track() -> None:
    svg = bars_svg([Bar("en", 0.25, 0.1, 0.5)], title="t")
    [track, bar] = [float(width) for width in re.findall(r'<rect[^>]* width="([\d.]+)"', svg)]
    assert bar == pytest.approx(track / 4, abs=0.1)
    assert ">0.25</text>" in svg


def test_an_undefined_share_has_no_bar() -> None:
    svg = bars_svg([Bar("en", math.nan, math.nan, math.nan)], title="t")
    assert "<rect" not in svg
    assert "nan" not in svg
    assert ">–</text>" in svg
