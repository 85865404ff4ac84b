"""The figures in the README and in docs/ are those that the benchmarks printed, rounded."""

from __future__ import annotations

import re
from decimal import ROUND_HALF_UP, Decimal

import pytest

from conftest import REPOSITORY

RESULTS = (REPOSITORY / "benchmarks" / "RESULTS.md").read_text(encoding="utf-8")
README = (REPOSITORY / "README.md").read_text(encoding="utf-8")
EVALUATING, PERFORMANCE, SCALING = (
    " ".join((REPOSITORY / "docs" / f"{name}.md").read_text(encoding="utf-8").split())
    for name in ("evaluating", "performance", "scaling")
)
"""Each as one line: where a sentence is broken does not matter."""

SETS = {
    "XQuAD": "en_and_crosslingual",
    "JaQuAD": "japanese",
    "IDK-MRC": "indonesian",
    "SQuAD 2.0": "near_miss",
}
"""What the README calls each set, and what the benchmark does."""

STORES = {"Chroma folder": "folder", "Chroma server": "chroma", "PostgreSQL": "postgres"}


def section(name: str) -> str:
    """What RESULTS.md says under a heading of the second level."""
    (text,) = re.findall(rf"^## {name}\n(.*?)(?=^## |\Z)", RESULTS, re.DOTALL | re.MULTILINE)
    return str(text)


def rounded(value: str, places: str = ".01") -> str:
    """A figure as prose has it: two places, and no zero before the point."""
    return str(Decimal(value).quantize(Decimal(places), ROUND_HALF_UP)).removeprefix("0")


def seconds(milliseconds: str) -> str:
    return rounded(str(Decimal(milliseconds) / 1000))


def cells(text: str, *first: str) -> list[str]:
    """The cells of the one row of a Markdown table that begins with `first`, without those."""
    rows = [[cell.strip() for cell in row.strip("|").split("|")] for row in re.findall(r"\|[^\n]*\|", text)]
    (row,) = [row for row in rows if row[: len(first)] == list(first)]
    return row[len(first) :]


def retrieval_of(name: str) -> tuple[str, str, list[str], list[str]]:
    """The documents and questions of a set, and the figures of the tutorial stack and of ours on it."""
    found = re.search(
        rf"^{name}: (\d+) documents, (\d+) answerable.*\n.*\n +LangChain tutorial stack(.*)\n +Kitakyushu QA(.*)$",
        section("retrieval"),
        re.MULTILINE,
    )
    assert found
    documents, questions, theirs, ours = found.groups()
    return documents, questions, theirs.split(), ours.split()


def page_figure(what: str) -> tuple[str, str]:
    """Seconds of ours and of the plain page."""
    found = re.search(rf"^ +{what} +(\d+) ms +(\d+) ms", section("page"), re.MULTILINE)
    assert found
    ours, theirs = found.groups()
    return seconds(ours), seconds(theirs)


@pytest.mark.parametrize("name", SETS)
def test_the_table_of_sets_has_the_recall_that_the_benchmark_printed(name: str) -> None:
    documents, questions, theirs, ours = retrieval_of(SETS[name])
    (row,) = [line for line in README.splitlines() if line.startswith(f"| {name}: ")]
    said, stack, mine = (cell.strip() for cell in row.strip("|").split("|"))
    assert re.findall(r"\d+", said.removeprefix(name)) == [documents, questions]
    assert stack == f"{rounded(theirs[0])} / {rounded(theirs[1])}"
    assert mine == f"**{rounded(ours[0])} / {rounded(ours[1])}**"


def test_the_seconds_of_a_question_are_those_that_the_benchmark_printed() -> None:
    medians = [Decimal(retrieval_of(name)[3][5]) for name in SETS.values()]
    assert f"takes {seconds(str(min(medians)))} to {seconds(str(max(medians)))} s there" in EVALUATING
    few, many = (cells(section("answering"), size)[0] for size in ("100", "10,000"))
    assert f"{seconds(few)} s among 100 passages and {seconds(many)} s among 10,000" in EVALUATING


def test_the_seconds_of_the_page_are_those_that_the_benchmark_printed() -> None:
    paint, usable, words = map(
        page_figure, ("first paint", "question box usable", "first words after asking")
    )
    assert f"painted after {paint[0]} s (the plain page: {paint[1]} s)" in EVALUATING
    assert f"can be used after {usable[0]} s ({usable[1]} s)" in EVALUATING
    assert f"stand there {words[0]} s after asking ({words[1]} s:" in EVALUATING


@pytest.mark.parametrize("size", ["100", "1,000", "10,000"])
def test_the_table_of_answers_has_the_milliseconds_that_the_benchmark_printed(size: str) -> None:
    table = (REPOSITORY / "docs" / "performance.md").read_text(encoding="utf-8")
    p50, p95, _, by_the_first = cells(section("answering").split("### Where")[0], size)[:4]
    assert cells(table, size) == [p50, p95, by_the_first]


def test_the_ratios_of_indexing_are_those_that_the_benchmark_printed() -> None:
    ratios = re.findall(r"ours by theirs \| +\| +([\d.]+) \|", section("indexing"))
    synthetic, english, indonesian, near_miss, japanese = map(rounded, ratios)
    (theirs_read,) = re.findall(r"japanese, 277 paragraphs ([\d.]+)\.$", section("indexing"), re.MULTILINE)
    assert (
        f"{synthetic} times the tutorial stack's characters a second for synthetic passages, {english} and "
        f"{indonesian} for English and Indonesian paragraphs, {near_miss} for the English paragraphs of "
        f"`near_miss`, and {japanese} for Japanese ones, of whose tokens the stack's model reads "
        f"{rounded(theirs_read)}" in PERFORMANCE
    )


def test_the_memory_of_indexing_is_what_the_benchmark_printed() -> None:
    few, many = (cells(section("indexing"), size, "stand-in")[2] for size in ("3,000", "30,000"))
    assert f"indexing 3,000 passages takes {few} MiB, and 30,000 take {many} MiB" in PERFORMANCE


@pytest.mark.parametrize("passages", ["1,000", "10,000"])
@pytest.mark.parametrize("name", STORES)
def test_the_table_of_stores_has_what_the_benchmark_printed(name: str, passages: str) -> None:
    (line,) = re.findall(rf"^{STORES[name]} +{passages} (.*?)\|", section("growth"), re.MULTILINE)
    written, disk, server, process, _, _, recall, _, _, words, _, question, *_ = line.split()
    server = "" if name == "Chroma folder" else server
    table = (REPOSITORY / "docs" / "scaling.md").read_text(encoding="utf-8")
    assert cells(table, name, passages) == [written, disk, server, process, recall, question, words]


def test_what_a_document_and_a_passage_take_is_what_the_benchmark_printed() -> None:
    size, memory, write, read = re.findall(r"(\d+) (?:bytes|µs)", section("growth").splitlines()[2])
    assert f"{size} bytes, in memory {memory} bytes; {write} µs to write, {read} µs to read" in SCALING
    names, dates = re.findall(r"(\d+) µs", section("growth").splitlines()[3])
    assert f"its words, places and years {names} µs, its dates {dates} µs" in SCALING
