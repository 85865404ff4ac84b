"""Facts about briefs: quotes and nothing else, asked once, and anew when the index has changed."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import qa.suggestions.city_briefs
from conftest import REPOSITORY, CountingEmbedder
from qa.cities import City
from qa.config import Settings
from qa.domain import Answer, Turn
from qa.i18n.messages import LANGUAGES
from qa.indexing.run import index_corpus
from qa.models import Models, load_models
from qa.pipeline import Pipeline
from qa.suggestions.city_briefs import MAX_QUOTES, Briefs

SURABAYA = "What Kitakyushu has done together with Surabaya is composting."


class CountingPipeline(Pipeline):
    """A pipeline that remembers what it was asked."""

    asked: list[str]

    def quote(self, question: str, *, history: Sequence[Turn] = (), cities: Sequence[str] = ()) -> Answer:
        self.asked = [*getattr(self, "asked", []), question]
        return super().quote(question, history=history, cities=cities)


class EnglishPipeline(CountingPipeline):
    """A pipeline that understands no other script than the Latin one."""

    def quote(self, question: str, *, history: Sequence[Turn] = (), cities: Sequence[str] = ()) -> Answer:
        self.asked = [*getattr(self, "asked", []), question]
        known = question if question.isascii() else "Who is the king of Atlantis?"
        return Pipeline.quote(self, known, history=history, cities=cities)


def build(settings: Settings, **documents: str) -> CountingPipeline:
    for name, text in documents.items():
        (settings.corpus_dir / f"{name}.md").write_text(text, encoding="utf-8")
    index_corpus(settings, CountingEmbedder())
    pipeline = CountingPipeline(settings, Models(CountingEmbedder()))
    pipeline.asked = []
    return pipeline


def city(pipeline: Pipeline, name: str) -> City:
    found = pipeline.library.catalogue.get(name)
    assert found is not None
    return found


def document(text: str, *, date: str = "2020-01-31", cities: str = "Surabaya") -> str:
    return f"---\ntitle: A report\ncities: [{cities}]\ndate: {date}\n---\n\n{text}\n"


def test_a_brief_is_looked_for_once_and_then_known(settings: Settings) -> None:
    pipeline = build(settings, surabaya=document(SURABAYA))
    briefs, surabaya = Briefs(pipeline), city(pipeline, "Surabaya")
    assert briefs.recall(surabaya, "en").quotes is None
    assert pipeline.asked == []
    found = briefs.find(surabaya, "en")
    assert found.quotes
    assert [quote.quote for quote in found.quotes] == [SURABAYA]
    assert briefs.find(surabaya, "en") == briefs.recall(surabaya, "en") == found
    assert pipeline.asked == ["What has Kitakyushu done together with Surabaya?"]


def test_visitors_who_come_at_the_same_time_ask_once(settings: Settings) -> None:
    pipeline = build(settings, surabaya=document(SURABAYA))
    briefs, surabaya = Briefs(pipeline), city(pipeline, "Surabaya")
    with ThreadPoolExecutor(8) as pool:
        found = set(pool.map(lambda _: briefs.find(surabaya, "en"), range(16)))
    assert len(found) == 1
    assert len(pipeline.asked) == 1


def test_a_brief_is_asked_for_in_the_language_of_the_page(settings: Settings) -> None:
    pipeline = build(settings, surabaya=document(SURABAYA))
    Briefs(pipeline).find(city(pipeline, "Surabaya"), "ja")
    assert pipeline.asked[0] == "北九州市はスラバヤとどのような協力を行ってきましたか。"


def test_what_is_not_answered_in_one_language_is_asked_for_in_english(settings: Settings) -> None:
    build(settings, surabaya=document(SURABAYA))
    pipeline = EnglishPipeline(settings, Models(CountingEmbedder()))
    found = Briefs(pipeline).find(city(pipeline, "Surabaya"), "km")
    assert [question.isascii() for question in pipeline.asked] == [False, True]
    assert [quote.quote for quote in found.quotes or ()] == [SURABAYA]


def test_documents_that_do_not_answer_are_asked_once_and_give_no_quotes(settings: Settings) -> None:
    pipeline = build(settings, surabaya=document("The mayor likes tea."))
    briefs, surabaya = Briefs(pipeline), city(pipeline, "Surabaya")
    assert briefs.find(surabaya, "en").quotes == ()
    assert briefs.find(surabaya, "en").quotes == ()
    assert len(pipeline.asked) == 1


def test_a_city_without_documents_is_not_asked_about(settings: Settings) -> None:
    pipeline = build(settings, surabaya=document(SURABAYA))
    briefs, davao = Briefs(pipeline), city(pipeline, "Davao")
    found = briefs.find(davao, "en")
    assert found == briefs.recall(davao, "en")
    assert (found.records, found.quotes, found.newest) == ((), (), None)
    assert pipeline.asked == []


def test_a_changed_index_makes_a_new_brief(settings: Settings) -> None:
    pipeline = build(settings, surabaya=document(SURABAYA))
    briefs, surabaya = Briefs(pipeline), city(pipeline, "Surabaya")
    briefs.find(surabaya, "en")
    changed = SURABAYA.replace("composting", "water")
    (settings.corpus_dir / "surabaya.md").write_text(document(changed), encoding="utf-8")
    pipeline.reindex()
    assert briefs.recall(surabaya, "en").quotes is None
    assert [quote.quote for quote in briefs.find(surabaya, "en").quotes or ()] == [changed]


def test_documents_come_newest_first_and_the_newest_date_is_known(settings: Settings) -> None:
    pipeline = build(
        settings,
        a=document(SURABAYA, date="2019-01-31"),
        b=document("Of another year.", date="2021-03-31"),
        c=document("Of another city.", date="2022-03-31", cities="Davao"),
        d="---\ntitle: A report\ncities: [Surabaya]\n---\n\nWithout a date.\n",
    )
    found = Briefs(pipeline).recall(city(pipeline, "Surabaya"), "en")
    assert [record.path for record in found.records] == ["b.md", "a.md", "d.md"]
    assert found.newest == "2021-03-31"


def test_no_more_briefs_are_kept_than_there_is_room_for(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(qa.suggestions.city_briefs, "MAX_KEPT", 2)
    pipeline = build(settings, surabaya=document(SURABAYA))
    briefs, surabaya = Briefs(pipeline), city(pipeline, "Surabaya")
    for language in ("en", "id", "fil"):
        briefs.find(surabaya, language)
    known = [briefs.recall(surabaya, language).quotes is not None for language in ("en", "id", "fil")]
    assert known == [False, True, True]


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Pipeline:
    """The real models over the real documents."""
    settings = Settings(corpus_dir=REPOSITORY / "corpus", index_dir=tmp_path_factory.mktemp("index"))
    return Pipeline.build(settings, load_models(settings))


@pytest.mark.model
@pytest.mark.slow
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_city_of_the_corpus_has_quotes_that_stand_verbatim_in_its_documents(
    language: str, real: Pipeline
) -> None:
    briefs = Briefs(real)
    for each in real.library.catalogue.partners:
        found = briefs.find(each, language)
        assert found.records
        assert found.quotes, each.name
        assert 2 <= len(found.quotes) <= MAX_QUOTES
        for quote in found.quotes:
            assert quote.source.doc_id in {record.doc_id for record in found.records}
            document_ = real.library.find_document(quote.source.doc_id, quote.source.version)
            assert document_ is not None
            assert quote.place.span.cut(document_.text) == quote.quote
            source = Path(real.settings.corpus_dir / quote.source.path).read_text(encoding="utf-8")
            assert " ".join(quote.quote.split()) in " ".join(source.split())
