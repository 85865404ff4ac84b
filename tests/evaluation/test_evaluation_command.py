"""`qa eval` from its arguments to what it prints and writes, over scripted answers and over a real pipeline."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

import qa.cli
import qa.models
import qa.pipeline
from conftest import REPOSITORY, CountingEmbedder
from qa.config import Settings
from qa.domain import (
    Answer,
    Chunk,
    Citation,
    Passage,
    Place,
    Quoted,
    Refusal,
    Refused,
    Source,
    Span,
    Statement,
    Turn,
)
from qa.errors import InputError
from qa.evaluation.command import evaluate, write_report
from qa.evaluation.results import read_earlier, to_json
from qa.evaluation.tables import format_result

TEXT = "Kitakyushu sent 67 experts to Dalian."
QUESTION = "experts to Dalian Kitakyushu sent?"


class ScriptedPipeline:
    """Answers what it `knows`: whatever has the word "experts" in it. Notes what it was asked."""

    def __init__(self) -> None:
        self.knows: Callable[[str], bool] = lambda question: "experts" in question
        self.asked: list[tuple[str, tuple[Turn, ...], tuple[str, ...]]] = []
        self.built: list[tuple[str, ...]] = []

    def build(self, settings: Settings, *models: object) -> ScriptedPipeline:
        self.built.append(tuple(sorted(path.name for path in settings.corpus_dir.iterdir())))
        return self

    def ask(self, question: str, *, history: Sequence[Turn] = (), cities: Sequence[str] = ()) -> Answer:
        self.asked.append((question, tuple(history), tuple(cities)))
        span = Span(0, len(TEXT))
        chunk = Chunk("c", Source("x", "d1.txt", "T"), Place(span), TEXT, (span,))
        found = (Passage(chunk=chunk, similarity=0.9, sentence_similarities=(0.9,)),) * 5
        if not self.knows(question):
            return Refused(
                question=question, interpreted_as=question, language="en", refusal=Refusal("weak_evidence"),
                passages=found, confidence=0.25,
            )  # fmt: skip
        return Quoted(
            question=question, interpreted_as=question, language="en", statements=(Statement(TEXT, (1,)),),
            citations=(Citation(1, Source("x", "d1.txt", "T"), Place(span), TEXT),),
            passages=found, confidence=0.75,
        )  # fmt: skip


@pytest.fixture
def loads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The models that were loaded, one name each time."""
    loaded: list[str] = []

    def load(name: str, make: Callable[[], object]) -> Callable[[Settings], object]:
        def note(settings: Settings) -> object:
            loaded.append(name)
            return make()

        return note

    monkeypatch.setattr(qa.models, "load_embedder", load("embedder", CountingEmbedder))
    monkeypatch.setattr(qa.models, "load_reader", lambda settings, embedder: None)
    return loaded


@pytest.fixture
def pipeline(loads: list[str], monkeypatch: pytest.MonkeyPatch) -> ScriptedPipeline:
    scripted = ScriptedPipeline()
    monkeypatch.setattr(qa.pipeline, "Pipeline", scripted)
    return scripted


def question(number: int, **more: Any) -> dict[str, Any]:
    row = {
        "id": f"q{number}", "question": f"{number} {QUESTION}", "lang": "en", "answers": ["67"],
        "doc_id": "d1", "answerable": True,
    }  # fmt: skip
    return row | more


def write_set(folder: Path, *questions: dict[str, Any]) -> Path:
    folder.mkdir(exist_ok=True)
    document = {"id": "d1", "title": "Experts", "text": TEXT, "lang": "en"}
    (folder / "documents.jsonl").write_text(json.dumps(document), encoding="utf-8")
    (folder / "questions.jsonl").write_text("\n".join(map(json.dumps, questions)), encoding="utf-8")
    return folder


@pytest.fixture
def sets(tmp_path: Path) -> list[Path]:
    """Two sets; of the second, one question in Japanese is refused."""
    foreign = question(2, question="何人?", lang="ja", kind="list")
    return [
        write_set(
            tmp_path / "one", question(1), question(9, question="What?", answerable=False, doc_id=None)
        ),
        write_set(tmp_path / "two", question(1), foreign),
    ]


def run(capsys: pytest.CaptureFixture[str], *arguments: object) -> str:
    """What `qa eval` prints with these arguments."""
    capsys.readouterr()
    status = qa.cli.main(["eval", *map(str, arguments)])
    ended = capsys.readouterr()
    assert (status, ended.err) == (0, "")
    return ended.out


def message_of(capsys: pytest.CaptureFixture[str], *arguments: object) -> str:
    """The message that `qa eval` ends with."""
    assert qa.cli.main(["eval", *map(str, arguments)]) == 1
    return capsys.readouterr().err


def save_json(capsys: pytest.CaptureFixture[str], path: Path, *sets: Path) -> Path:
    path.write_text(run(capsys, *sets, "--json"), encoding="utf-8")
    return path


# ---------------------------------------------------------------------------------------------- several sets


def test_every_set_has_a_table_and_the_models_are_loaded_once(
    sets: list[Path],
    pipeline: ScriptedPipeline,
    loads: list[str],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    printed = run(capsys, *sets)
    assert "one: 2 questions, 1 with an answer and 1 without; 1 answered, with 1 citations\n" in printed
    assert "two: 2 questions, 2 with an answer and 0 without; 1 answered, with 1 citations\n" in printed
    assert printed.count("recall@1") == 2
    assert loads == ["embedder"]
    assert pipeline.built == [("d1.txt",), ("d1.txt",)]


def test_a_figure_has_its_interval_beside_it(
    sets: list[Path], pipeline: ScriptedPipeline, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = [line.split() for line in run(capsys, sets[1]).splitlines()]
    assert ["contains", "0.500", "(0.000", "to", "1.000)"] in lines
    assert ["recall@1", "1.000", "(1.000", "to", "1.000)"] in lines
    assert ["abst_recall", "–"] in lines


@pytest.mark.parametrize(("by", "headings"), [("lang", "lang=en lang=ja"), ("kind", "kind= kind=list")])
def test_groups_stand_beside_the_whole(
    sets: list[Path],
    pipeline: ScriptedPipeline,
    capsys: pytest.CaptureFixture[str],
    by: str,
    headings: str,
) -> None:
    lines = [line.split() for line in run(capsys, sets[1], "--by", by).splitlines()]
    assert ["all", *headings.split()] in lines
    assert ["questions", "2", "1", "1"] in lines


def test_many_groups_go_on_below(
    tmp_path: Path, pipeline: ScriptedPipeline, capsys: pytest.CaptureFixture[str]
) -> None:
    questions = [question(number, kind=f"k{number}") for number in range(6)]
    lines = run(capsys, write_set(tmp_path / "s", *questions), "--by", "kind").splitlines()
    assert ["kind=k3", "kind=k4", "kind=k5"] in [line.split() for line in lines]
    assert max(map(len, lines)) < 130


def test_history_and_city_are_asked_with_the_question(
    tmp_path: Path, pipeline: ScriptedPipeline, capsys: pytest.CaptureFixture[str]
) -> None:
    history = [{"role": "user", "content": "Hello"}]
    run(capsys, write_set(tmp_path / "s", question(1, history=history, city="Dalian"), question(2)))
    assert pipeline.asked == [
        (f"1 {QUESTION}", (Turn("user", "Hello"),), ("Dalian",)),
        (f"2 {QUESTION}", (), ()),
    ]


def test_sets_of_one_name_are_refused(
    tmp_path: Path, pipeline: ScriptedPipeline, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "other").mkdir()
    twice = [write_set(tmp_path / "s", question(1)), write_set(tmp_path / "other" / "s", question(1))]
    assert "there is another set called s" in message_of(capsys, *twice)


def test_a_set_without_questions_is_refused(
    tmp_path: Path, pipeline: ScriptedPipeline, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "questions.jsonl has no questions" in message_of(capsys, write_set(tmp_path / "s"))


# ------------------------------------------------------------------------------------------------------ JSON


def test_json_has_figures_with_intervals_groups_and_every_question(
    sets: list[Path], pipeline: ScriptedPipeline, capsys: pytest.CaptureFixture[str]
) -> None:
    printed = json.loads(run(capsys, *sets, "--json"), parse_constant=pytest.fail)  # NaN is no JSON
    one, two = printed["sets"]
    assert (one["name"], two["name"]) == ("one", "two")
    assert two["figures"]["contains"] == {"value": 0.5, "low": 0.0, "high": 1.0}
    assert two["figures"]["abst_recall"] == {"value": None, "low": None, "high": None}
    assert one["figures"]["answered"] == {"value": 1}
    assert two["by"]["lang"]["ja"]["false_refusal"]["value"] == 1
    assert set(two["by"]["kind"]) == {"", "list"}
    answered, refused = two["questions"]
    seconds = answered.pop("seconds")
    assert seconds > 0
    assert answered.pop("digest") != refused["digest"]
    assert answered == {
        "id": "q1", "lang": "en", "kind": "", "answerable": True, "span": True, "missing": False,
        "answered": True, "confidence": 0.75, "contains": True, "f1": pytest.approx(2 / 7),
        "reciprocal_rank": 1, "ndcg": 1, "citations": 1, "real_citations": 1, "gold_citations": 1,
        "supported": True, "answer_chars": len(TEXT),
    }  # fmt: skip
    assert (refused["answered"], refused["confidence"], refused["lang"]) == (False, 0.25, "ja")


def test_what_was_written_is_read_back_as_it_was(
    sets: list[Path], pipeline: ScriptedPipeline, tmp_path: Path
) -> None:
    results = evaluate(sets, Settings())
    path = tmp_path / "old.json"
    path.write_text(json.dumps(to_json(results)), encoding="utf-8")
    assert read_earlier(path) == {result.name: result.rows for result in results}


def test_a_missing_time_is_read_back_as_missing(tmp_path: Path) -> None:
    path = tmp_path / "old.json"
    row = {
        "id": "q", "digest": "d", "lang": "en", "kind": "", "answerable": True, "span": True,
        "missing": True, "answered": False, "confidence": 0.0, "contains": False, "f1": 0.0,
        "reciprocal_rank": 0.0, "ndcg": 0.0, "citations": 0, "real_citations": 0, "gold_citations": 0,
        "supported": False, "answer_chars": 0, "seconds": None,
    }  # fmt: skip
    path.write_text(json.dumps({"format": 1, "sets": [{"name": "s", "questions": [row]}]}), encoding="utf-8")
    assert math.isnan(read_earlier(path)["s"][0].seconds)


# --------------------------------------------------------------------------------------------------- compare


def verdicts(printed: str) -> dict[str, str]:
    """The verdict of each figure in the table of what moved."""
    table = printed[printed.index("95% of the change") :]
    return {line.split()[0]: line.split()[-1] for line in table.splitlines()[1:] if line.startswith("  ")}


def test_compared_with_itself_nothing_moved(
    sets: list[Path], pipeline: ScriptedPipeline, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    old = save_json(capsys, tmp_path / "old.json", *sets)
    printed = run(capsys, *sets, "--compare", old)
    assert (
        printed.count("Compared over the 2 questions that were asked both times (0 only now, 0 only then)")
        == 2
    )
    assert printed.count("right now, wrong then: 0\nwrong now, right then: 0") == 2
    found = verdicts(run(capsys, sets[0], "--compare", old))
    assert {found[name] for name in ("recall@1", "contains", "abst_f1", "utility")} == {"noise"}


def test_what_moved_is_said_with_its_interval_and_questions(
    tmp_path: Path,
    pipeline: ScriptedPipeline,
    capsys: pytest.CaptureFixture[str],
) -> None:
    folder = write_set(tmp_path / "s", *(question(number) for number in range(30)))
    pipeline.knows = lambda question: int(question.split()[0]) % 2 == 0
    old = save_json(capsys, tmp_path / "old.json", folder)
    pipeline.knows = lambda question: True
    printed = run(capsys, folder, "--compare", old)
    assert verdicts(printed)["contains"] == "better"
    assert verdicts(printed)["recall@1"] == "noise"
    moved = json.loads(run(capsys, folder, "--compare", old, "--json"))["sets"][0]["comparison"]
    contains = moved["changes"]["contains"]
    assert (contains["then"], contains["now"], contains["change"]) == (0.5, 1, 0.5)
    assert 0 < contains["low"] < contains["change"] < contains["high"]
    assert contains["verdict"] == "better"
    assert moved["mended"] == [f"q{number}" for number in range(1, 30, 2)]
    assert "right now, wrong then: 15 (q1, q3, q5, q7, q9, q11, q13, q15, …)" in printed


def test_json_of_another_question_set_is_refused_before_anything_is_asked(
    sets: list[Path],
    pipeline: ScriptedPipeline,
    loads: list[str],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    old = save_json(capsys, tmp_path / "old.json", *sets)
    loads.clear()
    other = write_set(tmp_path / "three", question(1))
    assert "old.json has no set called three (it has: one, two)" in message_of(
        capsys, other, "--compare", old
    )
    write_set(sets[0], question(1, question="Asked otherwise?"))
    message = message_of(capsys, sets[0], "--compare", old)
    assert "old.json is about another question set: none of the 1 questions of one is in it" in message
    assert loads == []


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (None, "cannot be read"),
        ("{", "is not JSON"),
        ("[]", "was not written by qa eval --json"),
        ('{"sets": []}', "was not written by qa eval --json ('format')"),
        ('{"format": 99, "sets": []}', "has format 99"),
        ('{"format": 1, "sets": [{"name": "s", "questions": [{}]}]}', "was not written by"),
        ('{"format": 1, "sets": [{"name": "s", "questions": [{"id": 7}]}]}', '"id" is 7'),
    ],
)
def test_a_file_that_is_no_earlier_output_is_named(tmp_path: Path, content: str | None, problem: str) -> None:
    path = tmp_path / "old.json"
    if content is not None:
        path.write_text(content, encoding="utf-8")
    with pytest.raises(InputError) as caught:
        read_earlier(path)
    assert str(caught.value).startswith(str(path))
    assert problem in str(caught.value)


# ---------------------------------------------------------------------------------------------------- report


def test_the_report_is_written_and_the_figures_are_printed_too(
    sets: list[Path], pipeline: ScriptedPipeline, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "report.html"
    assert "recall@1" in run(capsys, *sets, "--html", path)
    page = path.read_text(encoding="utf-8")
    assert page.startswith("<!doctype html>")
    assert page.count("<section") == 2
    assert "何人?" in page
    assert "threshold 0.5" in page


def test_a_report_that_could_not_be_written_is_refused_before_anything_is_asked(
    sets: list[Path], pipeline: ScriptedPipeline, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for path in (tmp_path, tmp_path / "no" / "report.html"):
        assert f"{path} cannot be written" in message_of(capsys, *sets, "--html", path)
    assert pipeline.asked == []


def test_a_report_that_cannot_be_written_after_all_is_an_error(
    sets: list[Path], pipeline: ScriptedPipeline, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match="choose another --html"):
        write_report(tmp_path / "no" / "report.html", evaluate(sets[:1], Settings()), Settings())


# ------------------------------------------------------------------------------------------ the real pipeline


def test_a_set_goes_through_index_and_pipeline(loads: list[str], tmp_path: Path, settings: Settings) -> None:
    told: list[tuple[int, int, str]] = []
    folder = write_set(tmp_path / "s", question(1, question=QUESTION))
    [result] = evaluate([folder], settings, on_progress=lambda *step: told.append(step))
    assert told == [(1, 1, "s")]
    assert result.measured.figures["recall@1"] == 1
    assert result.predictions[0].passages == (("d1", TEXT),)
    assert "s: 1 questions" in format_result(result)
    assert settings.cities_file == REPOSITORY / "corpus" / "cities.toml"
