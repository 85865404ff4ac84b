"""Facts about `qa eval --llm`: the same questions quoted, drafted and verified, with a scripted language model."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import qa.cli
import qa.llm.language_model
import qa.models
from conftest import REPOSITORY, CountingEmbedder
from qa.config import Settings
from qa.domain import Turn
from qa.errors import LLMError
from qa.evaluation.command import evaluate, sample
from qa.evaluation.gold import GoldQuestion, GoldSet
from qa.evaluation.modes import Ways, fault_kind, judge_ways
from qa.evaluation.prediction import Prediction
from qa.evaluation.results import SetResult
from qa.evaluation.tables import format_result
from qa.evaluation.unsupported_facts import stray_digits
from qa.evaluation.writing import WAYS, Written, WrittenSentence
from scripted import Scripted, ScriptedChat, cut_off

TEXT = "Kitakyushu sent 67 experts to Dalian in 1996."
QUESTION = "experts to Dalian Kitakyushu sent?"
RIGHT = "Kitakyushu sent 67 experts to Dalian in 1996 [1]."
WRONG = "Kitakyushu sent 76 experts to Dalian in 1996 [1]."

Ask = Callable[..., SetResult]


@pytest.fixture(autouse=True)
def small_models(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(qa.models, "load_embedder", lambda settings: CountingEmbedder())
    monkeypatch.setattr(qa.models, "load_reader", lambda settings, embedder: None)
    monkeypatch.setenv("QA_CITIES_FILE", str(REPOSITORY / "corpus" / "cities.toml"))


@pytest.fixture
def reply(monkeypatch: pytest.MonkeyPatch) -> Callable[..., ScriptedChat]:
    """Lets the language model that is set reply so."""

    def script(*replies: Scripted) -> ScriptedChat:
        chat = ScriptedChat(replies=list(replies))
        monkeypatch.setattr(qa.llm.language_model, "open_chat", lambda settings: chat)
        monkeypatch.setenv("QA_LLM", "scripted:model")
        return chat

    return script


@pytest.fixture
def ask(tmp_path: Path, settings: Settings, reply: Callable[..., ScriptedChat]) -> Ask:
    """The result of one question (with `more` in its line), the language model replying so."""

    def result(*replies: Scripted, **more: Any) -> SetResult:
        reply(*replies)
        with_model = Settings(llm="scripted:model", llm_timeout_s=5, cities_file=settings.cities_file)
        [result] = evaluate([write_set(tmp_path / "s", question(1, **more))], with_model, writes=True)
        return result

    return result


def question(number: int, **more: Any) -> dict[str, Any]:
    row = {
        "id": f"q{number}", "question": QUESTION, "lang": "en", "answers": ["67"], "doc_id": "d1",
        "answerable": True,
    }  # fmt: skip
    return row | more


def write_set(folder: Path, *questions: dict[str, Any], text: str = TEXT) -> Path:
    folder.mkdir(exist_ok=True)
    documents = [
        {"id": "d1", "title": "Experts", "text": text, "lang": "en"},
        {"id": "d2", "title": "Loans", "text": "Five loans were granted to Surabaya.", "lang": "en"},
    ]
    for name, rows in (("documents", documents), ("questions", questions)):
        path = folder / f"{name}.jsonl"
        path.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    return folder


def ways_of(result: SetResult) -> Ways:
    assert result.ways is not None
    return result.ways


def figures(result: SetResult, name: str) -> list[float]:
    """One figure of each way."""
    return [ways_of(result).measured[way].figures[name] for way in WAYS]


def counted(result: SetResult, name: str) -> list[int]:
    """What is counted of the statements of each way."""
    return [ways_of(result).statements[way][name] for way in WAYS]


def sentences_of(result: SetResult) -> dict[str, int]:
    """What became of the sentences, where there were such."""
    return {name: count for name, count in ways_of(result).sentences.items() if count}


# ---------------------------------------------------------------------------------------------- the columns


def test_a_sentence_that_passes_is_in_all_columns(ask: Ask) -> None:
    result = ask(RIGHT)

    assert figures(result, "answered") == figures(result, "contains") == [1, 1, 1]
    assert figures(result, "cit_precision") == figures(result, "cit_recall") == [1, 1, 1]
    assert counted(result, "said") == [1, 1, 1]
    assert counted(result, "not_in_quotes") == counted(result, "stray_digits") == [0, 0, 0]
    assert sentences_of(result) == {"drafted": 1, "passed_at_once": 1, "reached": 1}
    assert ways_of(result).asked == 1
    assert ways_of(result).fallbacks == ways_of(result).faults == {}


def test_a_wrong_number_is_seen_in_the_draft_and_does_not_reach_the_reader(ask: Ask) -> None:
    result = ask(WRONG)

    for name in ("not_in_quotes", "not_in_documents", "stray_digits"):
        assert counted(result, name) == [0, 1, 0]
    assert figures(result, "answered") == [1, 1, 1]
    assert figures(result, "contains") == [1, 0, 1]
    assert sentences_of(result) == {"drafted": 1, "dropped": 1}
    assert ways_of(result).faults == {"the quotes that it names do not have": 1}
    assert ways_of(result).fallbacks == {"unsupported": 1}
    assert (ways_of(result).lost["drafted"], ways_of(result).lost["verified"]) == (("q1",), ())


def test_what_is_wrong_past_the_check_is_found_all_the_same(
    ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("qa.drafting.checks.Checker.find_fault", lambda checker, sentence: "")

    assert counted(ask(WRONG), "not_in_quotes") == [0, 1, 1]


def test_a_sentence_that_is_mended_is_drafted_wrong_and_reaches_the_reader_right(ask: Ask) -> None:
    result = ask(WRONG, RIGHT)

    assert figures(result, "contains") == [1, 0, 1]
    assert counted(result, "not_in_quotes") == [0, 1, 0]
    assert sentences_of(result) == {"drafted": 1, "mended": 1, "reached": 1}
    assert ways_of(result).fallbacks == {}


def test_a_gold_answer_that_is_written_away_is_lost(ask: Ask) -> None:
    result = ask("Kitakyushu sent 67 experts to Dalian [1].", answers=["1996"])

    assert figures(result, "contains") == [1, 0, 0]
    assert ways_of(result).lost == {"extractive": (), "drafted": ("q1",), "verified": ("q1",)}
    assert "the quotes held the gold answer, what the reader gets does not: 1 (q1)" in format_result(result)


def test_a_gold_answer_that_only_the_model_words_so_is_won(ask: Ask) -> None:
    result = ask("To Dalian, Kitakyushu sent 67 experts [1].", answers=["To Dalian, Kitakyushu sent"])

    assert figures(result, "contains") == [0, 1, 1]
    assert ways_of(result).won["verified"] == ("q1",)
    assert "what the reader gets holds the gold answer, the quotes did not: 1 (q1)" in format_result(result)


def test_a_mark_without_a_quote_cites_nothing_real(ask: Ask) -> None:
    result = ask("Kitakyushu sent 67 experts to Dalian [1]. They went in 1996 [7].")

    assert figures(result, "cit_real") == [1, 0.5, 1]
    assert figures(result, "cit_precision") == [1, 0.5, 1]
    assert ways_of(result).less_precise == {"extractive": (), "drafted": ("q1",), "verified": ()}
    assert ways_of(result).faults == {"it names a quote that there is not": 1}


def test_a_sentence_without_a_mark_is_held_against_all_the_quotes(ask: Ask) -> None:
    assert counted(ask("Kitakyushu sent 67 experts to Dalian."), "not_in_quotes") == [0, 0, 0]
    assert counted(ask("Kitakyushu sent 76 experts to Dalian."), "not_in_quotes") == [0, 1, 0]


def test_a_reply_that_does_not_end_counts_as_drafted_and_all_of_it_as_dropped(ask: Ask) -> None:
    result = ask(cut_off("Kitakyushu sent 67 experts to Dalian [1]. They were"))

    assert figures(result, "contains") == [1, 1, 1]
    assert sentences_of(result) == {"drafted": 2, "dropped": 2}
    assert ways_of(result).faults == {"the reply failed": 2}
    assert ways_of(result).fallbacks == {"endless": 1}


def test_a_sentence_that_is_said_again_and_again_counts_once(ask: Ask) -> None:
    for reply in (cut_off(f"{RIGHT} {RIGHT} {WRONG} {RIGHT}"), f"{RIGHT} {RIGHT} {WRONG} {RIGHT}"):
        result = ask(reply, WRONG)

        assert counted(result, "said")[1] == 2
        assert sentences_of(result)["drafted"] == 2


def test_without_a_reply_nothing_is_drafted(ask: Ask) -> None:
    result = ask(LLMError("no server", kind="wrong_key"))

    assert figures(result, "answered") == [1, 0, 1]
    assert ways_of(result).fallbacks == {"wrong_key": 1}
    assert sentences_of(result) == {}


def test_a_model_that_finds_no_answer_has_declined(ask: Ask) -> None:
    result = ask("NO_ANSWER")

    assert figures(result, "answered") == [1, 0, 1]
    assert ways_of(result).fallbacks == {"declined": 1}


def test_what_the_documents_do_not_answer_is_refused_in_every_way_and_nothing_is_asked(
    ask: Ask, reply: Callable[..., ScriptedChat]
) -> None:
    result = ask(RIGHT, question="Who composed the opera?", answers=[], doc_id=None, answerable=False)

    assert figures(result, "answered") == [0, 0, 0]
    assert ways_of(result).asked == 0
    assert counted(result, "said") == [0, 0, 0]


def test_every_way_has_its_seconds(ask: Ask) -> None:
    extractive, drafted, verified = figures(ask([0.2, WRONG], [0.3, RIGHT]), "seconds_p50")

    assert extractive + 0.2 <= drafted < drafted + 0.3 <= verified


def test_the_quotes_are_looked_for_once(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    from qa.pipeline import Pipeline

    found, find = [], Pipeline._find

    def note(*given: Any) -> object:
        found.append(1)
        return find(*given)

    monkeypatch.setattr(Pipeline, "_find", note)
    ask(RIGHT)

    assert len(found) == 1


def test_history_and_city_are_asked_with_the_question(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    from qa.pipeline import Pipeline

    asked: list[dict[str, Any]] = []
    quote = Pipeline.quote

    def note(*given: Any, **options: Any) -> object:
        asked.append(options)
        return quote(*given, **options)

    monkeypatch.setattr(Pipeline, "quote", note)
    ask(RIGHT, history=[{"role": "user", "content": "Hello"}], city="Dalian")

    assert asked == [{"history": (Turn("user", "Hello"),), "cities": ("Dalian",)}]


def test_a_sentence_that_was_added_is_not_among_those_that_were_drafted() -> None:
    sentences = (
        WrittenSentence(text="One.", quotes=("q",), has_reached=True),
        WrittenSentence(text="Two.", quotes=("q",), is_added=True, has_reached=True),
    )

    said = dict.fromkeys(WAYS, Prediction(question_id="q", is_answered=False))
    ways = judge_ways(GoldSet((), ()), [Written(question_id="q", predictions=said, sentences=sentences)])

    assert ways.sentences == {
        "drafted": 1, "passed_at_once": 1, "mended": 0, "dropped": 0, "added": 1, "reached": 2,
    }  # fmt: skip


def test_a_kind_of_fault_is_what_stands_before_the_particulars() -> None:
    assert (
        fault_kind("the quotes that it names do not have: 76, 5: 6") == "the quotes that it names do not have"
    )
    assert fault_kind("it is too long") == "it is too long"


@pytest.mark.parametrize(
    ("text", "stray"),
    [
        ("It sent 67 experts, 1,200 in all.", ()),
        ("It sent ٦٧ and १२०० and ６７.", ()),
        ("It sent 68, 68 and 12 of 1,201.", ("68", "12", "1201")),
        ("It sent sixty-eight.", ()),
    ],
)
def test_digits_that_the_documents_do_not_have_are_stray(text: str, stray: tuple[str, ...]) -> None:
    assert stray_digits(text, ["Sixty, or 67, of 1.200", "2000"]) == stray


# --------------------------------------------------------------------------------------------- the command


def run(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[str, str]:
    """What `qa eval` prints with these arguments, and what it says beside it."""
    capsys.readouterr()
    assert qa.cli.main(["eval", *map(str, arguments)]) == 0
    ended = capsys.readouterr()
    return ended.out, ended.err


def test_the_table_has_the_three_ways_side_by_side(
    tmp_path: Path, reply: Callable[..., ScriptedChat], capsys: pytest.CaptureFixture[str]
) -> None:
    reply(WRONG, RIGHT, "NO_ANSWER")
    printed, _ = run(capsys, write_set(tmp_path / "s", question(1), question(2)), "--llm")
    lines = [line.split() for line in printed.splitlines()]

    assert ["extractive", "drafted", "verified"] in lines
    assert ["answered", "2", "1", "2"] in lines
    assert "It was to write 2 answers, of which 1 were quoted after all." in printed
    for row in ("sentences drafted 1", "passed once mended 1", "sentences that reached the reader 1"):
        assert row.split() in lines
    assert "fault: the quotes that it names do not have 1".split() in lines
    assert "quoted after all: declined 1".split() in lines
    assert "of them with a fact that their quotes do not have 0 1 0".split() in lines
    assert max(len(line) for line in printed.splitlines() if line.startswith("  ")) < 130


def test_json_and_report_have_the_ways_too(
    tmp_path: Path, reply: Callable[..., ScriptedChat], capsys: pytest.CaptureFixture[str]
) -> None:
    folder, report = write_set(tmp_path / "s", question(1)), tmp_path / "report.html"
    reply(WRONG, RIGHT)
    printed, _ = run(capsys, folder, "--llm", "--json", "--html", report)
    [entry] = json.loads(printed, parse_constant=pytest.fail)["sets"]

    assert entry["ways"]["figures"]["drafted"]["contains"]["value"] == 0
    assert entry["ways"]["questions"]["verified"][0]["contains"] is True
    assert entry["ways"]["statements"]["drafted"]["not_in_quotes"] == 1
    assert entry["ways"]["sentences"]["mended"] == 1
    assert entry["ways"]["lost"] == {"extractive": [], "drafted": ["q1"], "verified": []}
    assert "passed once mended" in report.read_text(encoding="utf-8")


def test_what_was_printed_without_a_language_model_stays_as_it_was(
    tmp_path: Path, reply: Callable[..., ScriptedChat], capsys: pytest.CaptureFixture[str]
) -> None:
    folder, chat = write_set(tmp_path / "s", question(1)), reply(RIGHT)
    printed, _ = run(capsys, folder)

    assert "drafted" not in printed
    assert chat.asked == []
    assert json.loads(run(capsys, folder, "--json")[0])["sets"][0]["ways"] is None


def test_each_drafted_sentence_is_a_line_of_the_file_with_what_it_takes_to_judge_it(
    tmp_path: Path, reply: Callable[..., ScriptedChat], capsys: pytest.CaptureFixture[str]
) -> None:
    folder, path = write_set(tmp_path / "s", question(1)), tmp_path / "drafts.jsonl"
    reply(f"{WRONG} {RIGHT}", WRONG)
    _, said = run(capsys, folder, "--llm", "--llm-drafts", path)
    wrong, right = map(json.loads, path.read_text(encoding="utf-8").splitlines())

    assert said == f"{path}: 2 sentences that the language model wrote, to be judged by hand\n"
    assert wrong == {
        "set": "s", "question_id": "q1", "question": QUESTION, "language": "en", "gold": ["67"],
        "sentence": WRONG.replace(" [1]", ""), "quotes": [TEXT],
        "first_fault": "the quotes that it names do not have: 76", "mended": WRONG.replace(" [1]", ""),
        "fault": "the quotes that it names do not have: 76", "passed": False, "reached": False,
        "added": False, "evidence": [TEXT],
    }  # fmt: skip
    assert (right["fault"], right["passed"], right["reached"]) == ("", True, True)


def test_without_a_language_model_it_is_said_what_to_set(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(qa.models, "load_embedder", lambda settings: pytest.fail("models were loaded"))

    assert qa.cli.main(["eval", str(write_set(tmp_path / "s", question(1))), "--llm"]) == 1
    assert "set QA_LLM to provider:model" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (("--llm-drafts", "x.jsonl"), "--llm-drafts goes with --llm"),
        (("--most", "0"), "--most must be 1 or more"),
    ],
)
def test_arguments_that_do_not_go_together_are_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], problem: str
) -> None:
    with pytest.raises(SystemExit):
        qa.cli.main(["eval", str(tmp_path), *arguments])
    assert problem in capsys.readouterr().err


def test_drafts_that_cannot_be_written_are_refused_before_anything_is_asked(
    tmp_path: Path, reply: Callable[..., ScriptedChat], capsys: pytest.CaptureFixture[str]
) -> None:
    chat, path = reply(RIGHT), tmp_path / "no" / "drafts.jsonl"
    status = qa.cli.main(
        ["eval", str(write_set(tmp_path / "s", question(1))), "--llm", "--llm-drafts", str(path)]
    )

    assert (status, chat.asked) == (1, [])
    said = capsys.readouterr().err
    assert f"{path} cannot be written" in said
    assert "choose another --llm-drafts" in said


# ----------------------------------------------------------------------------------------------- the sample


def gold_of(count: int) -> GoldSet:
    return GoldSet(
        tuple(
            GoldQuestion(
                id=f"q{number}", question="?", language="en", answers=(), doc_ids=(), is_answerable=False
            )
            for number in range(count)
        ),
        (),
    )


def ids_of(gold: GoldSet) -> list[str]:
    return [each.id for each in gold.questions]


def test_a_sample_is_always_the_same_in_the_sets_order_and_a_larger_one_holds_it() -> None:
    gold = gold_of(100)
    few, more = ids_of(sample(gold, 10)), ids_of(sample(gold, 20))

    assert few == ids_of(sample(GoldSet(gold.questions[::-1], ()), 10))[::-1]
    assert len(few) == 10
    assert set(few) < set(more)
    assert more == [each for each in ids_of(gold) if each in more]
    assert few != ids_of(gold)[:10]


def test_a_sample_of_more_than_there_are_is_all(tmp_path: Path) -> None:
    gold = gold_of(3)

    assert sample(gold, 7).questions == gold.questions
    assert sample(gold, None) is gold


def test_so_many_of_each_set_are_asked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sets = [write_set(tmp_path / name, *map(question, range(5))) for name in ("a", "b")]
    printed, _ = run(capsys, *sets, "--most", "2")

    assert "a: 2 questions" in printed
    assert "b: 2 questions" in printed
