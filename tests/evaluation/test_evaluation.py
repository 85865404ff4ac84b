"""Figures worked out by hand, and, where it is at hand, the same figures from the reference scorer."""

from __future__ import annotations

import dataclasses
import importlib.util
import json
import math
import random
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any, Literal

import pytest

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
from qa.evaluation.gold import GoldDocument, GoldQuestion, GoldSet, write_gold_corpus
from qa.evaluation.gold_files import load_gold
from qa.evaluation.judging import judge
from qa.evaluation.matching import holds_any, normalise, stands_in, token_f1
from qa.evaluation.prediction import Prediction, predict
from qa.evaluation.scoring import Figures, figures_of, group_rows, score

EVAL = Path(__file__).parents[3] / "shared" / "eval"
SETS = ("near_miss", "japanese", "indonesian", "en_and_crosslingual")


def gold_question(question_id: str, answer: str, *doc_ids: str, **more: Any) -> GoldQuestion:
    return GoldQuestion(
        id=question_id,
        question=f"question {question_id}?",
        language=more.pop("language", "en"),
        answers=(answer,) if answer else (),
        doc_ids=doc_ids,
        is_answerable=bool(doc_ids),
        **more,
    )


def said(question_id: str, answer: str, *citations: tuple[str, str], ranked: str = "") -> Prediction:
    return Prediction(
        question_id=question_id,
        is_answered=True,
        answer=answer,
        citations=citations,
        ranked=tuple(ranked.split()),
    )


def refused(question_id: str, *, ranked: str = "") -> Prediction:
    return Prediction(question_id=question_id, is_answered=False, ranked=tuple(ranked.split()))


DOCUMENTS = (
    GoldDocument("d1", "Waste", "The city burns 45% of its  waste. Recycling began in 1999.", "en"),
    GoldDocument("d2", "Paper", "Paper is collected on Monday.", "en"),
    GoldDocument("d3", "古紙", "古紙は月曜日に回収されます。", "ja"),
)
GOLD = GoldSet(
    questions=(
        gold_question("1", "45%", "d1", kind="answerable"),
        gold_question("2", "Monday", "d2", kind="answerable"),
        gold_question("3", "月曜日", "d3", language="ja", kind="answerable"),
        gold_question("4", "", kind="near_miss"),
        gold_question("5", "", kind="out_of_corpus"),
        gold_question("6", "1999", "d1", kind="answerable"),
    ),
    documents=DOCUMENTS,
)
PREDICTIONS = (
    said("1", "It burns 45% of it.", ("d1", "The city burns 45% of its waste."), ranked="d1 d2"),
    said(
        "2",
        "On Tuesday.",
        ("d1", "Recycling began in 1999."),
        ("d2", "Paper is burned on Monday."),
        ranked="d1 d1 d2",
    ),
    said("3", "回収日は月曜日です", ("d3", "古紙は月曜日に回収されます。"), ranked="d3"),
    refused("4", ranked="d1"),
    said("5", "Yes.", ("d2", "Paper is collected on Monday.")),
    refused("6", ranked="d2 d3"),
)


@pytest.fixture(scope="module")
def figures() -> Figures:
    return score(GOLD, PREDICTIONS)


def score_by(
    gold: GoldSet, predictions: Iterable[Prediction], key: Literal["lang", "kind"]
) -> dict[str, Figures]:
    return {name: figures_of(rows) for name, rows in group_rows(judge(gold, predictions), key).items()}


def one_question(question: GoldQuestion, *predictions: Prediction) -> Figures:
    return score(GoldSet((question,), DOCUMENTS), predictions)


# ------------------------------------------------------------------------------------------ figures by hand


def test_questions_are_counted(figures: Figures) -> None:
    names = ("n", "answerable", "must_refuse", "missing", "answered", "citations")
    assert [figures[name] for name in names] == [6, 4, 2, 0, 4, 5]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("recall@1", 2 / 4),
        ("recall@5", 3 / 4),
        ("mrr@10", (1 + 1 / 2 + 1 + 0) / 4),
        ("ndcg@10", (1 + 1 / math.log2(3) + 1 + 0) / 4),
    ],
)
def test_retrieval_is_averaged_over_answerable_questions(
    figures: Figures, name: str, expected: float
) -> None:
    assert figures[name] == pytest.approx(expected)


def test_repeated_ids_in_a_ranking_count_once() -> None:
    question = gold_question("x", "a", "d2")
    assert one_question(question, said("x", "a", ranked="d1 d1 d1 d1 d1 d2"))["mrr@10"] == 1 / 2


def test_a_document_below_the_top_ten_is_not_found() -> None:
    ranking = " ".join(f"n{number}" for number in range(10))
    found = one_question(gold_question("x", "a", "d1"), said("x", "a", ranked=f"{ranking} d1"))
    assert (found["mrr@10"], found["ndcg@10"]) == (0, 0)


def test_the_sixth_document_is_beyond_recall_at_5() -> None:
    found = one_question(gold_question("x", "a", "d1"), said("x", "a", ranked="n1 n2 n3 n4 n5 d1"))
    assert (found["recall@5"], found["mrr@10"]) == (0, 1 / 6)


def test_each_of_two_gold_documents_gains() -> None:
    found = one_question(gold_question("x", "a b", "d1", "d2"), said("x", "b", ranked="d3 d2 d1"))
    assert found["ndcg@10"] == pytest.approx((1 / math.log2(3) + 1 / 2) / (1 + 1 / math.log2(3)))
    assert found["recall@1"] == 0


def test_a_refusal_contains_nothing(figures: Figures) -> None:
    assert figures["contains"] == pytest.approx(2 / 4)
    assert figures["contains_if_answered"] == pytest.approx(2 / 3)


def test_f1_of_a_refusal_is_zero() -> None:
    gold = GoldSet((gold_question("x", "red car", "d1"), gold_question("y", "red car", "d1")), DOCUMENTS)
    found = score(gold, [said("x", "the red car park"), refused("y")])
    assert found["answer_f1_if_answered"] == pytest.approx(0.8)
    assert found["answer_f1"] == pytest.approx(0.4)


def test_an_answer_in_the_questions_own_language_is_right() -> None:
    question = gold_question("x", "France", "d1", answers_native=("法国",))
    assert one_question(question, said("x", "是法国。"))["contains"] == 1


def test_a_quote_that_is_not_in_the_document_is_not_real(figures: Figures) -> None:
    assert figures["cit_real"] == pytest.approx(4 / 5)


def test_a_quote_from_an_unknown_document_is_not_real() -> None:
    found = one_question(gold_question("x", "45%", "d1"), said("x", "45%", ("d9", DOCUMENTS[0].text)))
    assert (found["citations"], found["cit_real"]) == (1, 0)


def test_citations_of_unanswerable_questions_are_wrong(figures: Figures) -> None:
    assert figures["cit_precision"] == pytest.approx(2 / 5)
    assert figures["cit_precision_answerable"] == pytest.approx(2 / 4)


def test_citation_recall_is_over_all_answerable_questions(figures: Figures) -> None:
    assert figures["cit_recall"] == pytest.approx(2 / 4)
    assert figures["cit_support"] == pytest.approx(2 / 4)


def test_a_gold_quote_without_the_answer_does_not_support() -> None:
    found = one_question(
        gold_question("x", "45%", "d1"), said("x", "45%", ("d1", "Recycling began in 1999."))
    )
    assert (found["cit_recall"], found["cit_support"]) == (1, 0)


def test_support_is_measured_where_answers_are_spans() -> None:
    question = gold_question("x", "45%", "d1", answer_type="free")
    found = one_question(question, said("x", "45%", ("d1", "Recycling began in 1999.")))
    assert found["cit_recall"] == 1
    assert math.isnan(found["cit_support"])


def test_answers_without_citation_are_told() -> None:
    found = one_question(gold_question("x", "45%", "d1"), said("x", "45%"))
    assert found["answered_without_citation"] == 1
    assert math.isnan(found["cit_precision"])


def test_citations_of_a_refusal_do_not_count() -> None:
    quote = "Recycling began in 1999."
    gold = GoldSet((gold_question("x", "1999", "d1"), gold_question("y", "1999", "d1")), DOCUMENTS)
    withdrawn = dataclasses.replace(said("x", "", ("d1", quote)), is_answered=False)
    found = score(gold, [withdrawn, said("y", "1999", ("d1", quote))])
    assert [found[name] for name in ("citations", "cit_real", "cit_precision", "cit_recall")] == [
        1,
        1,
        1,
        1 / 2,
    ]


def test_no_citation_is_right_for_an_unanswerable_question_whatever_it_names() -> None:
    question = dataclasses.replace(gold_question("x", "", "d1"), is_answerable=False)
    found = one_question(question, said("x", "1999", ("d1", "Recycling began in 1999.")))
    assert (found["cit_real"], found["cit_precision"]) == (1, 0)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("abst_precision", 1 / 2),
        ("abst_recall", 1 / 2),
        ("abst_f1", 1 / 2),
        ("false_refusal", 1 / 4),
        ("abst_recall[near_miss]", 1),
        ("abst_recall[out_of_corpus]", 0),
    ],
)
def test_refusals_are_held_against_what_must_be_refused(figures: Figures, name: str, expected: float) -> None:
    assert figures[name] == pytest.approx(expected)


def test_unanswerable_questions_without_a_kind_have_a_name() -> None:
    assert one_question(gold_question("x", ""), refused("x"))["abst_recall[unanswerable]"] == 1


def test_utility_is_right_minus_wrong(figures: Figures) -> None:
    assert figures["utility"] == pytest.approx((3 - 2) / 6)


def test_answer_length_is_over_answered_questions(figures: Figures) -> None:
    assert figures["mean_answer_chars"] == pytest.approx((19 + 11 + 9 + 4) / 4)


def test_questions_without_a_prediction_count_as_refused() -> None:
    found = score(GOLD, [])
    assert (found["missing"], found["abst_recall"], found["contains"], found["recall@5"]) == (6, 1, 0, 0)
    assert math.isnan(found["cit_precision"])
    assert math.isnan(found["seconds_p50"])


def test_predictions_for_other_questions_change_nothing(figures: Figures) -> None:
    stray = dataclasses.replace(PREDICTIONS[0], question_id="stray", seconds=9.0)
    assert score(GOLD, (*PREDICTIONS, stray)) == figures


def test_seconds_are_percentiles_over_questions() -> None:
    gold = GoldSet(tuple(gold_question(str(number), "") for number in range(101)), ())
    taken = [dataclasses.replace(refused(str(number)), seconds=float(number)) for number in range(101)]
    found = score(gold, taken)
    assert (found["seconds_p50"], found["seconds_p95"]) == (50, 95)


# --------------------------------------------------------------------------------------------------- groups


def test_score_by_language_splits_the_questions() -> None:
    groups = score_by(GOLD, PREDICTIONS, "lang")
    assert {name: group["n"] for name, group in groups.items()} == {"en": 5, "ja": 1}
    assert groups["ja"]["contains"] == 1


def test_score_by_kind_splits_the_questions() -> None:
    groups = score_by(GOLD, PREDICTIONS, "kind")
    assert list(groups) == ["answerable", "near_miss", "out_of_corpus"]
    assert groups["near_miss"]["abst_recall"] == 1
    assert math.isnan(groups["near_miss"]["recall@1"])


# ------------------------------------------------------------------------------------------------- matching


def test_normalising_drops_punctuation_and_articles() -> None:
    assert normalise('The  U.S. "Rhine-Gorge"') == "us rhine gorge"


@pytest.mark.parametrize(
    ("answer", "gold"),
    [("about $1,000.", "$1,000"), ("ประมาณ 45 คน", "45"), ("五十人です", "五十人"), ("ＡＢＣ　ｄ", "abc d")],
)
def test_an_answer_holds_the_gold_answer(answer: str, gold: str) -> None:
    assert holds_any(answer, [gold])


@pytest.mark.parametrize(
    ("answer", "gold"), [("in 1999", "199"), ("45 tonnes", "45%"), ("anything", ""), ("anything", "the")]
)
def test_an_answer_does_not_hold_what_is_not_a_whole_word_of_it(answer: str, gold: str) -> None:
    assert not holds_any(answer, [gold])


@pytest.mark.parametrize(
    ("answer", "golds", "expected"),
    [
        ("the red car", ["red car park"], 0.8),
        ("東京", ["東京都"], 0.8),
        ("red", ["blue", "red"], 1.0),
        ("red", ["blue"], 0.0),
        ("red", [], 0.0),
        ("red red", ["red"], 2 / 3),
    ],
)
def test_f1_is_that_of_the_best_gold_answer(answer: str, golds: list[str], expected: float) -> None:
    assert token_f1(answer, golds) == pytest.approx(expected)


@pytest.mark.parametrize("quote", ["“In 1999, it began.”", "… in 1999, it began ...", "IN  1999,\nit began"])
def test_a_quote_is_found_whatever_stands_around_it(quote: str) -> None:
    assert stands_in(quote, "in 1999, it began. then")


@pytest.mark.parametrize("quote", ["in 1999", "in 1998, it began", ""])
def test_a_short_or_changed_quote_is_not_found(quote: str) -> None:
    assert not stands_in(quote, "in 1999, it began. then")


def test_a_full_stop_that_ends_the_quote_alone_does_not_matter() -> None:
    assert stands_in("In 1999, it began.", "in 1999, it began, then")


def test_spaces_do_not_matter_in_an_unspaced_quote() -> None:
    assert stands_in("古紙は 月曜日に 回収", "古紙は月曜日に回収されます。")


# ------------------------------------------------------------------------------------------- reading a set


QUESTION_ROW = {
    "id": "q1",
    "question": "When?",
    "lang": "en",
    "answers": ["1999"],
    "doc_id": "d1",
    "answerable": True,
}
DOCUMENT_ROW = {"id": "d1", "title": "Waste", "text": "It began in\u20281999.", "lang": "en"}


def write_set(folder: Path, *questions: Mapping[str, Any] | str) -> Path:
    lines = [row if isinstance(row, str) else json.dumps(row, ensure_ascii=False) for row in questions]
    (folder / "questions.jsonl").write_text("\n".join(lines), encoding="utf-8")
    (folder / "documents.jsonl").write_text(json.dumps(DOCUMENT_ROW, ensure_ascii=False), encoding="utf-8")
    return folder


def test_a_set_is_read(tmp_path: Path) -> None:
    gold = load_gold(write_set(tmp_path, QUESTION_ROW))
    assert gold.documents == (GoldDocument("d1", "Waste", "It began in\u20281999.", "en"),)
    assert gold.questions == (
        GoldQuestion(
            id="q1", question="When?", language="en", answers=("1999",), doc_ids=("d1",), is_answerable=True
        ),
    )


def test_optional_fields_are_read(tmp_path: Path) -> None:
    history = [{"role": "user", "content": "Hello"}, {"role": "assistant", "text": "Yes?"}]
    more = {"kind": "k", "answer_type": "free", "answers_native": ["九九"], "doc_ids": ["d1", "d2"]}
    row = QUESTION_ROW | more | {"history": history, "city": "Davao"}
    question = load_gold(write_set(tmp_path, row)).questions[0]
    assert question.history == (Turn("user", "Hello"), Turn("assistant", "Yes?"))
    assert (question.kind, question.answer_type, question.city) == ("k", "free", "Davao")
    assert (question.doc_ids, question.answers_native) == (("d1", "d2"), ("九九",))


def test_an_unanswerable_question_has_no_documents(tmp_path: Path) -> None:
    row = QUESTION_ROW | {"answers": [], "doc_id": None, "answerable": False}
    assert load_gold(write_set(tmp_path, row)).questions[0].doc_ids == ()


def test_another_questions_file_can_be_named(tmp_path: Path) -> None:
    write_set(tmp_path, QUESTION_ROW)
    (tmp_path / "small.jsonl").write_text("\n\n", encoding="utf-8")
    assert load_gold(tmp_path, questions="small.jsonl").questions == ()


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        ("{not json", "not JSON"),
        ("[1]", "not a JSON object"),
        ({"id": "q2"}, "no question, lang, answers, answerable"),
        (QUESTION_ROW | {"id": 7}, '"id" must be a text'),
        (QUESTION_ROW | {"id": None}, '"id" must be a text'),
        (QUESTION_ROW | {"id": "q2", "answers": "1999"}, '"answers" must be a list of texts'),
        (QUESTION_ROW | {"id": "q2", "answerable": "no"}, '"answerable" must be true or false'),
        (QUESTION_ROW | {"id": "q2", "history": ["Hello"]}, '"history" must be a list'),
        (QUESTION_ROW | {"id": "q2", "history": "Hello"}, '"history" must be a list'),
        (QUESTION_ROW, "id q1 was used in line 1"),
    ],
)
def test_a_line_that_cannot_be_used_is_named(
    tmp_path: Path, row: Mapping[str, Any] | str, problem: str
) -> None:
    with pytest.raises(InputError) as caught:
        load_gold(write_set(tmp_path, QUESTION_ROW, "", row))
    assert "questions.jsonl, line 3" in str(caught.value)
    assert problem in str(caught.value)


def test_bytes_that_are_not_utf_8_are_named(tmp_path: Path) -> None:
    write_set(tmp_path)
    (tmp_path / "questions.jsonl").write_bytes(b'{"id": "\xff"}')
    with pytest.raises(InputError, match=r"line 1: not JSON in UTF-8"):
        load_gold(tmp_path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"questions\.jsonl cannot be read"):
        load_gold(tmp_path)


# ------------------------------------------------------------------------------------- writing the corpus


def test_each_document_becomes_a_file_of_exactly_its_text(tmp_path: Path) -> None:
    text = "One\r\ntwo\rthree\n\n古紙 "
    gold = GoldSet((), (GoldDocument("d-1_a.b", "Title", text, "en"),))
    write_gold_corpus(gold, tmp_path / "corpus")
    assert [path.name for path in (tmp_path / "corpus").iterdir()] == ["d-1_a.b.txt"]
    assert (tmp_path / "corpus" / "d-1_a.b.txt").read_bytes() == text.encode("utf-8")


@pytest.mark.parametrize(
    "doc_id", ["../../etc/passwd", "a/b", "古紙", ".hidden", "", "x" * 300, "a\x00b", "~$a"]
)
def test_an_unsafe_id_becomes_a_safe_name_that_leads_back(doc_id: str, tmp_path: Path) -> None:
    gold = GoldSet((), (GoldDocument(doc_id, "T", "text", "en"),))
    write_gold_corpus(gold, tmp_path)
    [path] = tmp_path.iterdir()
    assert path.name == gold.source_of(doc_id)
    assert path.name[0].isalnum()
    assert gold.id_of(path.name) == doc_id


def test_ids_that_look_alike_get_different_files() -> None:
    ids = ("a/b", "a?b", "a_b", "A_b", "古", "紙")
    gold = GoldSet((), tuple(GoldDocument(doc_id, "T", "text", "en") for doc_id in ids))
    assert len({gold.source_of(doc_id).casefold() for doc_id in ids}) == len(ids)


def test_a_path_from_elsewhere_is_refused() -> None:
    with pytest.raises(InputError, match=r"other\.txt is none of the set's 3 documents"):
        GOLD.id_of("other.txt")


# ------------------------------------------------------------------------------------------------ predicting


def passage(path: str) -> Passage:
    chunk = Chunk("c", Source("x", path, "T"), Place(Span(0, 1)), "P", (Span(0, 1),))
    return Passage(chunk=chunk, similarity=0.5, sentence_similarities=(0.5,))


def answer_about_paper(question: GoldQuestion) -> Answer:
    quote = "Paper is collected on Monday."
    return Quoted(
        question=question.question,
        interpreted_as=question.question,
        language="en",
        statements=(Statement("On Monday.", (1,)), Statement("Not on Tuesday.", (1,))),
        citations=(Citation(1, Source("x", "d2.txt", "T"), Place(Span(0, len(quote))), quote),),
        passages=(passage("d2.txt"), passage("d1.txt"), passage("d2.txt"), passage("d3.txt")),
    )


def refuse(question: GoldQuestion) -> Answer:
    return Refused(
        question=question.question,
        interpreted_as=question.question,
        language="en",
        refusal=Refusal("weak_evidence"),
        passages=(passage("d1.txt"),),
    )


def first_prediction(ask: Callable[[GoldQuestion], Answer]) -> Prediction:
    return predict(GOLD, ask)[0]


def test_a_prediction_has_the_answers_words_quotes_and_distinct_documents() -> None:
    found = first_prediction(answer_about_paper)
    assert found.question_id == "1"
    assert found.is_answered
    assert found.answer == "On Monday. Not on Tuesday."
    assert found.citations == (("d2", "Paper is collected on Monday."),)
    assert found.ranked == ("d2", "d1", "d3")


def test_a_refusal_keeps_what_was_found() -> None:
    found = first_prediction(refuse)
    assert (found.is_answered, found.answer, found.ranked) == (False, "", ("d1",))


def test_every_question_is_asked_in_order_and_told_of() -> None:
    asked: list[GoldQuestion] = []
    told: list[tuple[int, int]] = []

    def ask(question: GoldQuestion) -> Answer:
        asked.append(question)
        return refuse(question)

    found = predict(GOLD, ask, on_progress=lambda done, total: told.append((done, total)))
    assert tuple(asked) == GOLD.questions
    assert [prediction.question_id for prediction in found] == ["1", "2", "3", "4", "5", "6"]
    assert told == [(done, 6) for done in range(1, 7)]


def test_seconds_are_those_of_the_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter([10.0, 10.25])
    monkeypatch.setattr("qa.evaluation.prediction.time.perf_counter", lambda: next(clock))
    [found] = predict(dataclasses.replace(GOLD, questions=GOLD.questions[:1]), refuse)
    assert found.seconds == 0.25


# ------------------------------------------------------------------------- against the reference scorer


@pytest.fixture(scope="module")
def reference() -> Iterator[ModuleType]:
    path = EVAL / "score.py"
    if not path.exists():
        pytest.skip("the reference scorer is not beside the repository")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "dont_write_bytecode", True)  # its folder is not ours to write to
        yield _load_module(path)


def _load_module(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location("reference_score", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def random_predictions(gold: GoldSet, rng: random.Random) -> tuple[Prediction, ...]:
    """Predictions of every kind: missing, refused, right, half right, with true, cut and altered quotes."""
    return tuple(random_prediction(gold, question, rng) for question in gold.questions if rng.random() < 0.95)


def random_prediction(gold: GoldSet, question: GoldQuestion, rng: random.Random) -> Prediction:
    near = [document for document in gold.documents if document.id in question.doc_ids]
    pool = near * 3 + rng.sample(gold.documents, 4)
    source = rng.choice(pool)
    start = rng.randrange(len(source.text))
    cut = source.text[start : start + rng.randrange(60)]
    answer = rng.choice(
        [cut, *question.answers, *(f"(the) {text.upper()}, {cut}" for text in question.answers)]
    )
    return Prediction(
        question_id=question.id,
        is_answered=rng.random() < 0.7,
        answer=answer,
        citations=tuple(random_citation(pool, question, rng) for _ in range(rng.randrange(4))),
        ranked=tuple(document.id for document in rng.choices(pool, k=rng.randrange(15))),
        seconds=rng.random(),
    )


def random_citation(pool: list[GoldDocument], question: GoldQuestion, rng: random.Random) -> tuple[str, str]:
    document = rng.choice(pool)
    places = [document.text.find(text) for text in question.answers if text in document.text]
    start = max(0, rng.choice([*places, rng.randrange(len(document.text))]) - rng.randrange(20))
    quote = document.text[start : start + rng.randrange(80)]
    altered = [
        quote,
        quote,
        quote.upper(),
        f"“{quote}…”",
        quote.replace(" ", "  "),
        quote + " not",
        quote[:5],
    ]
    return rng.choice([document.id, document.id, document.id, "unknown"]), rng.choice(altered)


def read_rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_bytes().split(b"\n") if line]


def as_row(prediction: Prediction) -> dict[str, Any]:
    return {
        "id": prediction.question_id,
        "answered": prediction.is_answered,
        "answer": prediction.answer,
        "citations": [{"doc_id": doc_id, "quote": quote} for doc_id, quote in prediction.citations],
        "ranked": list(prediction.ranked),
    }


def assert_same(found: Figures, expected: Mapping[str, float]) -> None:
    timings = {"seconds_p50", "seconds_p95"}
    assert set(found) - timings == set(expected)
    wanted = {name: pytest.approx(value, abs=1e-9, nan_ok=True) for name, value in expected.items()}
    assert {name: found[name] for name in expected} == wanted


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("name", SETS)
def test_figures_are_those_of_the_reference_scorer(reference: ModuleType, name: str, seed: int) -> None:
    gold = load_gold(EVAL / name, questions="questions_small.jsonl")
    predictions = random_predictions(gold, random.Random(seed))
    questions = read_rows(EVAL / name / "questions_small.jsonl")
    documents = read_rows(EVAL / name / "documents.jsonl")
    rows = [as_row(prediction) for prediction in predictions]
    figures = score(gold, predictions)
    assert_same(figures, reference.score(questions, rows, documents))
    assert 0 < figures["cit_precision"] < figures["cit_real"] < 1
    assert 0 < figures["contains_if_answered"] < 1
    for language, group in score_by(gold, predictions, "lang").items():
        chosen = [question for question in questions if question["lang"] == language]
        assert_same(group, reference.score(chosen, rows, documents))


@pytest.mark.parametrize("name", SETS)
def test_text_matching_is_that_of_the_reference_scorer(reference: ModuleType, name: str) -> None:
    gold = load_gold(EVAL / name, questions="questions_small.jsonl")
    rng = random.Random(0)
    texts = [document.text[: rng.randrange(120)] for document in gold.documents]
    texts += [answer for question in gold.questions for answer in question.answers]
    for _ in range(500):
        answer, other = rng.choices(texts, k=2)
        assert normalise(answer) == reference.norm(answer)
        assert token_f1(answer, [other]) == pytest.approx(reference.f1(answer, [other]), abs=1e-9)
        assert holds_any(answer, [other]) == reference.contains(answer, [other])
