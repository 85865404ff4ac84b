"""Facts about the whole way from a question to an answer, over real folders with predictable models."""

from __future__ import annotations

import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from conftest import REPOSITORY, CountingEmbedder, DigitReader, OverlapReranker
from index_states import committed, store_of
from qa.config import Settings
from qa.domain import Answer, Quoted, Refused, Replied, Step, Turn
from qa.engine.assembly import load_parts, warm_up
from qa.errors import IndexMissing, InputError
from qa.indexing.run import index_corpus
from qa.models import Models
from qa.pipeline import Pipeline
from qa.storage.locks import AT_WORK, GRAPHS_LOCK_FILE
from qa.system.stopwatch import STAGES
from three_documents import DALIAN, DAVAO, FIRST_ASK, build, build_of_three, write

INDEX_ELSEWHERE = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from conftest import CountingEmbedder
from qa.system.stopwatch import STAGES
from qa.config import Settings
from qa.indexing.run import index_corpus
corpus, index, cities = map(Path, sys.argv[2:5])
index_corpus(Settings(corpus_dir=corpus, index_dir=index, cities_file=cities), CountingEmbedder())
"""


def index_in_another_process(settings: Settings) -> None:
    tests = Path(__file__).parent
    arguments = [tests, settings.corpus_dir, settings.index_dir, settings.cities_file]
    subprocess.run([sys.executable, "-c", INDEX_ELSEWHERE, *map(str, arguments)], check=True, timeout=120)


@pytest.fixture(scope="module")
def pipeline(tmp_path_factory: pytest.TempPathFactory) -> Pipeline:
    """For tests that only ask."""
    folder = tmp_path_factory.mktemp("pipeline")
    (folder / "corpus").mkdir()
    cities = REPOSITORY / "corpus" / "cities.toml"
    return build_of_three(
        Settings(corpus_dir=folder / "corpus", index_dir=folder / "index", cities_file=cities)
    )


@pytest.fixture
def changing(settings: Settings) -> Pipeline:
    """For tests that change the documents."""
    return build_of_three(settings)


def sources(answer: Answer) -> list[str]:
    return [citation.source.path for citation in answer.citations]


def test_a_question_is_answered_with_a_verbatim_citation(pipeline: Pipeline) -> None:
    answer = pipeline.ask(FIRST_ASK)

    assert not isinstance(answer, Refused)
    assert sources(answer) == ["dalian.txt"]
    assert answer.statements[0].text == answer.citations[0].quote == DALIAN
    document = pipeline.library.find_document(answer.citations[0].source.doc_id)
    assert document is not None
    assert answer.citations[0].place.span.cut(document.text) == DALIAN
    assert answer.passages[0].chunk.source.path == "dalian.txt"
    assert pipeline.settings.threshold <= answer.confidence <= 1


def test_what_the_documents_do_not_say_is_refused(pipeline: Pipeline) -> None:
    answer = pipeline.ask("which recipe makes good ramen")

    assert isinstance(answer, Refused)
    assert answer.refusal.reason == "weak_evidence"
    assert answer.confidence < pipeline.settings.threshold


def test_a_name_that_no_document_mentions_is_refused(pipeline: Pipeline) -> None:
    answer = pipeline.ask("what did Kitakyushu conclude with Bangkok in November?")

    assert isinstance(answer, Refused)
    assert (answer.refusal.reason, answer.refusal.missing) == ("unknown_name", ("Bangkok",))
    assert answer.refusal.covered


@pytest.mark.parametrize(
    "question",
    [
        "how many experts were sent by Kitakyushu to Dairen?",
        "Kitakyushu đã cử bao nhiêu chuyên gia đến Đại Liên?",
        "Kitakyushu nilagdaan kailan ang memorandum ng Dabaw?",
    ],
)
def test_another_name_of_a_city_is_not_unknown(pipeline: Pipeline, question: str) -> None:
    answer = pipeline.ask(question)

    assert len(answer.searched_cities) == 1
    assert not isinstance(answer, Refused) or answer.refusal.reason != "unknown_name"


def test_an_empty_question_is_refused(pipeline: Pipeline) -> None:
    answer = pipeline.ask(" \n ")

    assert isinstance(answer, Refused)
    assert answer.refusal.reason == "empty_question"
    assert answer.passages == ()


def test_an_empty_corpus_refuses_every_question(settings: Settings) -> None:
    pipeline = build(settings)

    answer = pipeline.ask(FIRST_ASK)

    assert isinstance(answer, Refused)
    assert answer.refusal.reason == "empty_index"
    assert pipeline.search(FIRST_ASK) == ()
    assert pipeline.library.documents() == ()


def test_a_corpus_that_is_no_longer_empty_is_answered_from(settings: Settings) -> None:
    pipeline = build(settings)
    assert isinstance(pipeline.ask(FIRST_ASK), Refused)
    write(settings, "dalian.txt", DALIAN)

    pipeline.reindex()

    assert sources(pipeline.ask(FIRST_ASK)) == ["dalian.txt"]


def test_a_follow_up_is_answered_from_the_conversation(pipeline: Pipeline) -> None:
    history = [Turn("user", FIRST_ASK), Turn("assistant", DALIAN)]

    answer = pipeline.ask("experts to Dalian sent there?", history=history)
    swapped = pipeline.ask("And Davao?", history=history)

    assert answer.question == "experts to Dalian sent there?"
    assert answer.searched_cities == ("Dalian",)
    assert swapped.interpreted_as == "experts to Davao Kitakyushu sent?"
    assert swapped.searched_cities == ("Davao",)
    assert {passage.chunk.source.path for passage in swapped.passages} == {"davao.txt"}


def test_a_chosen_city_narrows_the_answer_to_its_documents(pipeline: Pipeline) -> None:
    question = "the composting method has spread to 20,000 households in"

    assert sources(pipeline.ask(question)) == ["surabaya.txt"]
    answer = pipeline.ask(question, cities=("Davao",))

    assert answer.searched_cities == ("Davao",)
    assert {passage.chunk.source.path for passage in answer.passages} == {"davao.txt"}
    assert isinstance(answer, Refused)


def test_a_named_city_wins_over_a_chosen_one(pipeline: Pipeline) -> None:
    answer = pipeline.ask(FIRST_ASK, cities=("Davao",))

    assert answer.searched_cities == ("Dalian",)
    assert answer.set_aside_cities == ("Davao",)
    assert sources(answer) == ["dalian.txt"]


def test_a_city_without_documents_is_refused_as_not_found(pipeline: Pipeline) -> None:
    answer = pipeline.ask("what happened with waste", cities=("Phnom Penh",))

    assert isinstance(answer, Refused)
    assert answer.refusal.reason == "nothing_found"


def test_an_unknown_chosen_city_is_an_error(pipeline: Pipeline) -> None:
    with pytest.raises(InputError, match="Bangkok"):
        pipeline.ask("how many experts were sent", cities=("Bangkok",))
    with pytest.raises(InputError, match="Bangkok"):
        pipeline.search("how many experts were sent", cities=("Bangkok",))


def test_an_over_long_question_is_an_error(pipeline: Pipeline) -> None:
    with pytest.raises(InputError, match="at most 2000"):
        pipeline.ask("x" * 2001)


def test_a_search_gives_passages_best_first(pipeline: Pipeline) -> None:
    passages = pipeline.search(FIRST_ASK)

    assert passages[0].chunk.source.path == "dalian.txt"
    assert passages == pipeline.ask(FIRST_ASK).passages


def test_a_reindex_in_this_process_is_seen_by_the_next_question(changing: Pipeline) -> None:
    question = "trains run between both towns"
    assert isinstance(changing.ask(question), Refused)
    write(changing.settings, "trains.txt", "Trains run between both towns.")

    report = changing.reindex()

    assert [receipt.path for receipt in report.of("added")] == ["trains.txt"]
    assert len(report.of("unchanged")) == 3
    assert sources(changing.ask(question)) == ["trains.txt"]


@pytest.mark.slow
def test_a_reindex_in_another_process_is_seen_by_the_next_question(changing: Pipeline) -> None:
    added, removed = "trains run between both towns", "rain fell in spring"
    write(changing.settings, "rain.txt", "Rain fell in spring.")
    changing.reindex()
    assert isinstance(changing.ask(added), Refused)
    assert sources(changing.ask(removed)) == ["rain.txt"]
    write(changing.settings, "trains.txt", "Trains run between both towns.")
    (changing.settings.corpus_dir / "rain.txt").unlink()

    index_in_another_process(changing.settings)

    assert sources(changing.ask(added)) == ["trains.txt"]
    assert isinstance(changing.ask(removed), Refused)
    paths = [document.path for document in changing.library.documents()]
    assert paths == ["dalian.txt", "davao.txt", "surabaya.txt", "trains.txt"]


@pytest.mark.slow
def test_a_changed_document_is_cited_as_it_is_now(changing: Pipeline) -> None:
    changing.ask(FIRST_ASK)
    write(changing.settings, "dalian.txt", "Kitakyushu sent 68 experts to Dalian.")

    index_in_another_process(changing.settings)
    answer = changing.ask(FIRST_ASK)

    assert [citation.quote for citation in answer.citations] == ["Kitakyushu sent 68 experts to Dalian."]


def test_until_the_reindex_a_changed_document_is_cited_as_it_was(changing: Pipeline) -> None:
    write(changing.settings, "dalian.txt", "Nothing is known.")

    assert [citation.quote for citation in changing.ask(FIRST_ASK).citations] == [DALIAN]


@pytest.mark.slow
def test_questions_are_answered_while_the_index_changes(changing: Pipeline) -> None:
    with ThreadPoolExecutor(max_workers=3) as pool:
        asked = []
        for number in range(4):
            asked += [pool.submit(changing.ask, FIRST_ASK) for _ in range(6)]
            write(changing.settings, f"new{number}.txt", f"Trains run between towns number {number}.")
            changing.reindex()
        answers = [future.result(timeout=60) for future in asked]

    assert [sources(answer) for answer in answers] == [["dalian.txt"]] * len(answers)


def test_two_runs_give_the_same_answer(pipeline: Pipeline) -> None:
    first, second = pipeline.ask(FIRST_ASK), pipeline.ask(FIRST_ASK)

    assert (first.statements, first.citations, first.passages, first.confidence) == (
        second.statements,
        second.citations,
        second.passages,
        second.confidence,
    )


def test_timings_have_seconds_by_stage_and_in_total(pipeline: Pipeline) -> None:
    timings = dict(pipeline.ask(FIRST_ASK).timings)

    total = timings.pop("total")
    assert list(timings) == [stage for stage in STAGES if stage != "write"]
    assert min(timings.values()) >= 0
    assert total == pytest.approx(sum(timings.values()))


def test_without_an_index_there_is_no_pipeline(settings: Settings) -> None:
    with pytest.raises(IndexMissing, match="qa index"):
        Pipeline(settings, Models(CountingEmbedder()))


def test_a_pipeline_without_a_cross_encoder_answers(settings: Settings) -> None:
    write(settings, "dalian.txt", DALIAN)

    answer = Pipeline.build(settings, Models(CountingEmbedder())).ask(DALIAN)

    assert sources(answer) == ["dalian.txt"]
    assert [passage.rerank_score for passage in answer.passages] == [None]


@pytest.mark.parametrize("message", ["Hello!", "Thanks", "What can you do?", "どんな文書がありますか？"])
def test_a_greeting_is_answered_from_what_there_is_without_a_search(pipeline: Pipeline, message: str) -> None:
    answer = pipeline.ask(message)

    assert isinstance(answer, Replied)
    assert answer.titles == tuple(document.title for document in pipeline.library.documents())
    assert answer.passages == ()


def test_documents_that_give_different_figures_are_both_shown_and_named(changing: Pipeline) -> None:
    write(changing.settings, "newer.txt", DALIAN.replace("67", "70"))
    changing.reindex()

    answer = changing.ask(FIRST_ASK)

    assert {"dalian.txt", "newer.txt"} <= set(sources(answer))
    assert isinstance(answer, Quoted)
    numbers = {citation.source.path: citation.number for citation in answer.citations}
    assert answer.disagreements == (tuple(sorted((numbers["dalian.txt"], numbers["newer.txt"]))),)


def test_the_reader_s_words_are_set_off_in_the_answer(settings: Settings) -> None:
    write(settings, "dalian.txt", DALIAN)
    pipeline = Pipeline.build(settings, Models(CountingEmbedder(), OverlapReranker(), DigitReader()))

    (statement,) = pipeline.ask(FIRST_ASK).statements

    assert statement.focus is not None
    assert statement.focus.cut(statement.text) == "67"


def test_a_story_about_a_city_is_told_whatever_the_threshold(settings: Settings) -> None:
    write(
        settings,
        "dalian.txt",
        f"{DALIAN} A plan was made in 1996. Five loans were given. An award came in 2001.",
    )
    pipeline = Pipeline.build(replace(settings, threshold=1.0), Models(CountingEmbedder()))

    answer = pipeline.ask("Tell me about Dalian")

    assert [statement.text for statement in answer.statements] == [
        f"{DALIAN} A plan was made in 1996. Five loans were given. An award came in 2001."
    ]


def test_what_is_being_done_is_told_before_the_answer(pipeline: Pipeline) -> None:
    first, second, answer = pipeline.work_on(FIRST_ASK)
    assert first == Step("search", cities=("Dalian",))
    assert second == Step("read", passages=1, cities=("Dalian",))
    assert isinstance(answer, Answer)
    assert answer.statements == pipeline.ask(FIRST_ASK).statements


def test_each_city_is_told_of_where_an_answer_goes_city_by_city(pipeline: Pipeline) -> None:
    *steps, _ = pipeline.work_on("Compare Dalian and Surabaya")
    assert [(step.kind, step.cities) for step in steps if isinstance(step, Step)] == [
        (kind, (city,)) for city in ("Dalian", "Surabaya") for kind in ("search", "read")
    ]


@pytest.mark.slow
def test_where_a_new_state_cannot_be_read_the_one_before_goes_on(
    settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    write(settings, "a.md", f"{DALIAN}\n")
    pipeline = build(settings)
    assert pipeline.ask("experts Kitakyushu sent").statements[0].text == DALIAN
    write(settings, "a.md", f"{DAVAO}\n")
    old = committed(settings).versions
    index_corpus(settings, CountingEmbedder())
    store_of(settings).delete_except(old)
    (lock,) = settings.index_dir.glob(f"*/{GRAPHS_LOCK_FILE}")
    lock.write_bytes(AT_WORK)  # as if who did that had been killed
    for _ in range(2):
        assert pipeline.ask("experts Kitakyushu sent").statements[0].text == DALIAN
    assert caplog.text.count("cannot be opened again") == 1
    pipeline.reindex()
    assert pipeline.ask("memorandum Kitakyushu and Davao concluded in November?").statements[0].text == DAVAO


class BrokenReranker(OverlapReranker):
    def score(self, text_pairs: list[tuple[str, str]]) -> list[float]:
        raise ValueError("no such layer")


def test_models_are_warmed_up_with_what_the_first_question_wants_and_once() -> None:
    embedder, reader = CountingEmbedder(), DigitReader()
    for _ in range(2):
        warm_up(Models(embedder, OverlapReranker(), reader))
    assert len(embedder.embedded) == len(set(embedder.embedded)) > 20
    assert reader.passages


def test_a_model_that_cannot_be_warmed_up_is_told_of_when_it_is_asked(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    models = Models(CountingEmbedder(), BrokenReranker())
    monkeypatch.setattr("qa.models.load_models", lambda settings: models)
    parts = load_parts(settings)
    for thread in threading.enumerate():
        if thread.name == "warming":
            thread.join(20)
    assert parts == (models, None)
    assert capfd.readouterr().err == ""
