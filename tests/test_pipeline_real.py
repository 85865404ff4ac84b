"""What is asked of the centre, asked of the real models over the real documents: answered, or refused."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import pytest

from conftest import REPOSITORY, SHARED
from qa.config import Settings
from qa.domain import Answer, Refused
from qa.indexing.run import index_corpus
from qa.models import Embedder, Models, load_models
from qa.pipeline import Pipeline, open_pipeline
from qa.rendering.text_formats import to_json

pytestmark = [pytest.mark.model, pytest.mark.slow]

FOLDERS = {"corpus": REPOSITORY / "corpus", "originals": SHARED / "originals"}


@dataclass(frozen=True)
class Case:
    """A question, and what a quote in its answer must hold (None: it is to be refused)."""

    name: str
    question: str
    holds: str | None = None


CASES = (
    Case("sister city", "When did Phnom Penh become a sister city of Kitakyushu?", "March 2016"),
    Case("experts", "How many experts did Kitakyushu send to Dalian?", "67"),
    Case("loans", "How many ODA loans were granted?", "five"),
    Case("households", "How many households compost in Surabaya?", "20,000"),
    Case("treatment plant", "What was introduced at the Vinh Bao water treatment plant?", "U-BCF"),
    Case("memorandum", "When did Davao sign the memorandum with Kitakyushu?", "November 2017"),
    Case("pilot projects", "How many pilot projects does Hai Phong's plan have?", "15"),
    Case(
        "payback",
        "Why does solar power with storage batteries take long to pay back in Hai Phong?",
        "sunlight conditions",
    ),
    Case("zero-carbon", "By when does Kitakyushu intend to be a zero-carbon city?", "2050"),
    Case("Japanese", "北九州市は大連に専門家を何人派遣しましたか？", "67"),
    Case("Chinese", "北九州与金边何时签订了姐妹城市协议？", "March 2016"),
    Case("Vietnamese", "Có bao nhiêu hộ gia đình ở Surabaya ủ phân hữu cơ?", "20,000"),
    Case("Indonesian", "Kapan Kitakyushu dan Surabaya menandatangani nota kesepahaman?", "November 2012"),
    Case("Khmer", "តើភ្នំពេញ និងគីតាគ្យូស៊ូ បានចុះកិច្ចព្រមព្រៀងទីក្រុងបងប្អូននៅពេលណា?", "March 2016"),
    Case("Filipino", "Kailan nilagdaan ng Kitakyushu at Davao ang memorandum?", "November 2017"),
    Case("mayor", "Who is the mayor of Davao?"),
    Case("population", "What is the population of Surabaya?"),
    Case("Bangkok", "When did Kitakyushu sign an agreement with Bangkok?"),
    Case("ramen", "What is a good recipe for ramen?"),
)


@pytest.fixture(scope="module")
def models() -> Models:
    return load_models(Settings())


@pytest.fixture(scope="module", params=sorted(FOLDERS))
def named_pipeline(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, models: Models
) -> tuple[str, Pipeline]:
    """A folder's name, and the pipeline over what lies in it."""
    corpus: Path = FOLDERS[request.param]
    if not corpus.is_dir():
        pytest.skip(f"{request.param} is not beside the repository")
    settings = Settings(
        corpus_dir=corpus,
        index_dir=tmp_path_factory.mktemp(request.param),
        cities_file=REPOSITORY / "corpus" / "cities.toml",
    )
    return request.param, Pipeline.build(settings, models)


def describe(answer: Answer) -> str:
    """What a failing test should say: how sure the pipeline was, and what it had in hand."""
    nearest = answer.refusal.nearest if isinstance(answer, Refused) else ()
    texts = [citation.quote for citation in answer.citations] or [piece.text for piece in nearest]
    reason = answer.refusal.reason if isinstance(answer, Refused) else "answered"
    return f"{reason}, confidence {answer.confidence:.3f}, best first: {texts}"


@pytest.mark.parametrize("case", [case for case in CASES if case.holds], ids=lambda case: case.name)
def test_it_is_answered_with_a_citation_that_holds_the_answer(
    named_pipeline: tuple[str, Pipeline], case: Case
) -> None:
    _folder, pipeline = named_pipeline
    answer = pipeline.ask(case.question)

    assert not isinstance(answer, Refused), describe(answer)
    assert any(str(case.holds) in citation.quote for citation in answer.citations), describe(answer)
    for citation in answer.citations:
        document = pipeline.library.find_document(citation.source.doc_id)
        assert document is not None
        assert document.text[citation.place.span.start : citation.place.span.end] == citation.quote


@pytest.mark.parametrize("case", [case for case in CASES if not case.holds], ids=lambda case: case.name)
def test_it_is_refused(named_pipeline: tuple[str, Pipeline], case: Case) -> None:
    _folder, pipeline = named_pipeline
    answer = pipeline.ask(case.question)

    assert isinstance(answer, Refused), describe(answer)


@pytest.mark.parametrize(
    ("question", "words"),
    [
        ("When did Phnom Penh become a sister city of Kitakyushu?", "March 2016"),
        ("How many experts did Kitakyushu send to Dalian?", "67"),
        ("北九州市は大連に専門家を何人派遣しましたか？", "67"),
        ("Có bao nhiêu hộ gia đình ở Surabaya ủ phân hữu cơ?", "20,000"),
        ("Kapan Kitakyushu dan Surabaya menandatangani nota kesepahaman?", "November 2012"),
    ],
)
def test_the_words_asked_for_are_set_off(
    named_pipeline: tuple[str, Pipeline], question: str, words: str
) -> None:
    highlights = to_json(named_pipeline[1].ask(question))["highlights"]

    assert any(words in each for each in highlights), highlights
    assert all(len(each) < 60 for each in highlights), highlights


@pytest.mark.parametrize("question", ["Tell me about Dalian", "大連について教えてください", "Dalian"])
def test_a_story_is_told_in_the_documents_order(named_pipeline: tuple[str, Pipeline], question: str) -> None:
    answer = named_pipeline[1].ask(question)

    assert 2 <= len(answer.statements) <= 10, describe(answer)
    assert sum(len(statement.text) for statement in answer.statements) > 500, describe(answer)
    assert any("67" in statement.text for statement in answer.statements)
    for document in {citation.source.doc_id for citation in answer.citations}:
        places = [
            citation.place.span.start for citation in answer.citations if citation.source.doc_id == document
        ]
        assert places == sorted(places)


ASKED_TWICE = {
    "English": "How many experts did Kitakyushu send to Dalian?",
    "Japanese": "北九州市は大連に専門家を何人派遣しましたか？",
    "city by city": "Which cities work with Kitakyushu on waste?",
    "refused": "Who is the mayor of Davao?",
}


def index_in(folder: Path, embedder: Embedder) -> Settings:
    """Settings over an index of the corpus, built anew in `folder`."""
    settings = Settings(corpus_dir=FOLDERS["corpus"], index_dir=folder)
    index_corpus(settings, embedder)
    return settings


def records_of(pipeline: Pipeline) -> dict[str, bytes]:
    """What programs get for each question, to the byte, but for how long it took."""
    records = {}
    for name, question in ASKED_TWICE.items():
        record = to_json(pipeline.ask(question))
        del record["seconds"], record["timings"]
        records[name] = json.dumps(record, ensure_ascii=False).encode()
    return records


def test_the_same_corpus_and_question_give_the_same_answer_to_the_byte(
    tmp_path: Path, models: Models
) -> None:
    settings = index_in(tmp_path / "index", models.embedder)
    first = records_of(open_pipeline(settings))

    assert records_of(open_pipeline(settings)) == first
    assert records_of(open_pipeline(index_in(tmp_path / "rebuilt", models.embedder))) == first
    answered = {name: json.loads(record)["answered"] for name, record in first.items()}
    assert answered == {name: name != "refused" for name in ASKED_TWICE}
