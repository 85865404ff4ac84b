"""Facts about the questions that are offered: each of them is answered, and none is offered twice."""

from __future__ import annotations

from pathlib import Path

import pytest

from conftest import REPOSITORY, CountingEmbedder
from qa.config import Settings
from qa.i18n.messages import LANGUAGES
from qa.models import Models, load_models
from qa.pipeline import Pipeline
from qa.suggestions.next_questions import Suggester

DALIAN = "Kitakyushu sent 67 experts to Dalian in 1996."
SURABAYA = "What Kitakyushu and Surabaya did in 2009: compost."


@pytest.fixture
def pipeline(settings: Settings) -> Pipeline:
    """Two documents, about a city each."""
    (settings.corpus_dir / "dalian.txt").write_text(DALIAN, encoding="utf-8")
    (settings.corpus_dir / "surabaya.txt").write_text(SURABAYA, encoding="utf-8")
    return Pipeline.build(settings, Models(CountingEmbedder()))


def test_only_what_is_answered_is_offered(pipeline: Pipeline) -> None:
    offered = Suggester(pipeline).suggest(cities=(), language="en", count=10)
    assert "What did Kitakyushu and Surabaya do in 2009?" in offered
    assert all(pipeline.ask(question).statements for question in offered)
    assert not any(city in question for question in offered for city in ("Davao", "Phnom Penh"))


def test_a_year_is_offered_only_where_its_answer_names_it(pipeline: Pipeline) -> None:
    corpus = pipeline.settings.corpus_dir
    # The question about 2010 would be answered by the other sentence, which shares more words with it.
    (corpus / "more.txt").write_text("A park near Surabaya was closed in 2010, they say.", encoding="utf-8")
    pipeline.reindex()
    offered = Suggester(pipeline).suggest(cities=("Surabaya",), language="en", count=10)
    for question in offered:
        if "2010" in question:
            assert any("2010" in each.text for each in pipeline.ask(question).statements)
    assert any("2009" in question for question in offered)


def test_the_cities_of_the_talk_come_first(pipeline: Pipeline) -> None:
    first, *_ = Suggester(pipeline).suggest(cities=("Surabaya",), language="en")
    assert "Surabaya" in first


def test_what_was_asked_is_not_offered_again(pipeline: Pipeline) -> None:
    suggester = Suggester(pipeline)
    offered = suggester.suggest(cities=("Surabaya",), language="en", count=10)
    fewer = suggester.suggest(cities=("Surabaya",), language="en", asked=[offered[0].upper() + " "], count=10)
    assert set(fewer) == set(offered[1:])


def test_what_the_documents_say_no_more_is_offered_no_more(pipeline: Pipeline) -> None:
    suggester = Suggester(pipeline)
    assert any(
        "Surabaya" in each for each in suggester.suggest(cities=("Surabaya",), language="en", count=10)
    )
    (pipeline.settings.corpus_dir / "surabaya.txt").unlink()
    pipeline.reindex()
    offered = suggester.suggest(cities=("Surabaya",), language="en", count=10)
    assert not any("Surabaya" in each for each in offered)


@pytest.mark.model
@pytest.mark.slow(seconds=30)
def test_each_city_of_the_corpus_has_questions_in_each_language(tmp_path: Path) -> None:
    settings = Settings(
        corpus_dir=REPOSITORY / "corpus",
        index_dir=tmp_path / "index",
        cities_file=REPOSITORY / "corpus" / "cities.toml",
    )
    pipeline = Pipeline.build(settings, load_models(settings))
    suggester = Suggester(pipeline)
    for language in LANGUAGES:
        for city in pipeline.library.covered_cities:
            name = pipeline.library.catalogue.display_name(city, language)
            offered = suggester.suggest(cities=(city,), language=language)
            assert len(offered) == 3, (language, city)
            assert name in offered[0]
