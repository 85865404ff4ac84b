"""Facts about what is known of all documents together."""

from __future__ import annotations

import gc
import weakref

import pytest

from conftest import CountingEmbedder
from passages import SAID, chunk_of
from qa.config import Settings
from qa.domain import Chunk
from qa.models import Models
from qa.search.retriever import Retriever
from qa.search.vocabulary import Vocabulary
from qa.storage.store import LoadedChunks, open_store

CHUNKS = (
    chunk_of("Kitakyushu and Medan met in 2016.", title="Meetings"),
    chunk_of(*SAID[:2], path="b.txt", title="Meetings"),
    chunk_of("バンコクで２０１４年に会った。", path="c.txt", title="Dalian"),
)


def retriever_over(settings: Settings, *chunks: Chunk) -> Retriever:
    store = open_store(settings, build="b", fingerprint="f")
    known = LoadedChunks(chunks)
    return Retriever(known, store=store, models=Models(CountingEmbedder()), settings=settings)


@pytest.fixture
def vocabulary(settings: Settings) -> Vocabulary:
    return retriever_over(settings, *CHUNKS).vocabulary


def test_each_title_is_known_once(vocabulary: Vocabulary) -> None:
    assert vocabulary.titles == ("Meetings", "Dalian")


def test_places_and_years_are_known_in_every_script(vocabulary: Vocabulary) -> None:
    assert {"Medan", "Bangkok"} <= vocabulary.places
    assert vocabulary.years == {"2014", "2016"}


def test_words_of_titles_and_texts_are_known_folded(vocabulary: Vocabulary) -> None:
    assert {"meetings", "kitakyushu", "sixty"} <= vocabulary.words
    assert "paris" not in vocabulary.words


def test_coverage_is_the_share_of_the_question_that_a_text_has(vocabulary: Vocabulary) -> None:
    whole, half, none = vocabulary.coverage("sixty experts", ["sixty experts came", "sixty", "rain"])

    assert whole == pytest.approx(1)
    assert 0 < half < 1
    assert none == 0


def test_a_question_is_as_near_to_everyday_sentences_whatever_the_documents_say(settings: Settings) -> None:
    one, other = (retriever_over(settings, chunk).vocabulary for chunk in CHUNKS[:2])

    assert one.background_similarity("sixty experts") == other.background_similarity("sixty experts")


def test_without_documents_nothing_is_known(settings: Settings) -> None:
    vocabulary = retriever_over(settings).vocabulary

    assert vocabulary.is_empty
    assert (vocabulary.titles, vocabulary.places, vocabulary.years) == ((), frozenset(), frozenset())


def test_a_vocabulary_does_not_hold_the_retriever(settings: Settings) -> None:
    """In a circle the store's files would stay open for as long as it is not collected."""
    retriever = retriever_over(settings, *CHUNKS)
    gone = weakref.ref(retriever)
    vocabulary = retriever.vocabulary
    gc.disable()
    try:
        del retriever
        assert gone() is None
    finally:
        gc.enable()
    assert vocabulary.titles
