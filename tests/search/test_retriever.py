"""Facts about which passages are found, and in which order."""

from __future__ import annotations

import dataclasses
import math
import random
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from conftest import CountingEmbedder, DigitReader, OverlapReranker, RecordingReranker
from passages import chunk_of, passage_of
from qa.config import Settings
from qa.domain import Passage, Query, Source
from qa.engine.library import Library, open_library
from qa.indexing.chunking import text_to_embed
from qa.indexing.run import index_corpus
from qa.models import Models
from qa.models.reader import Reading
from qa.search.fusion import LEXICAL_WEIGHT
from qa.search.retriever import FAR_AHEAD, OF_EACH_LANGUAGE, READ_WEIGHT, SURE, best_focus, choose_to_read
from qa.storage.bm25 import K1, B

CITIES = ("Dalian", "Surabaya", "Davao", "Hai Phong", "Phnom Penh")
WORDS = [f"word{number}" for number in range(60)]


def make_sentences(chance: random.Random, *, count: int) -> str:
    lengths = [chance.randint(4, 9) for _ in range(count)]
    return " ".join(f"{' '.join(chance.choices(WORDS, k=length)).capitalize()}." for length in lengths)


def write_random_corpus(corpus: Path, *, documents: int, seed: int = 7) -> None:
    """Documents of random words, each about one city, with two sections of three sentences."""
    chance = random.Random(seed)
    for number in range(documents):
        city = CITIES[number % len(CITIES)]
        sections = [f"## Part {part}\n\n{make_sentences(chance, count=3)}\n" for part in ("one", "two")]
        front = f"---\ntitle: Report {number}\ncities: [{city}]\nlanguage: en\n---\n"
        (corpus / f"report{number:02}.md").write_text(front + "\n".join(sections), encoding="utf-8")


def open_indexed(settings: Settings, reranker: OverlapReranker | None = None) -> Library:
    """The library over the settings' corpus, indexed."""
    index_corpus(settings, CountingEmbedder())
    return open_library(settings, Models(CountingEmbedder(), reranker))


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Library:
    """Forty chunks, so many as each search hands on, without a cross-encoder."""
    return open_indexed(_random_settings(tmp_path_factory.mktemp("random"), documents=20))


def _random_settings(folder: Path, *, documents: int) -> Settings:
    (folder / "corpus").mkdir()
    write_random_corpus(folder / "corpus", documents=documents)
    repository = Path(__file__).parents[2]
    return Settings(
        corpus_dir=folder / "corpus",
        index_dir=folder / "index",
        cities_file=repository / "corpus" / "cities.toml",
    )


def ask(text: str, *, language: str = "en", cities: tuple[str, ...] = ()) -> Query:
    return Query(question=text, text=text, language=language, cities=cities)


def brute_force(library: Library, query: Query) -> list[tuple[str, float, float]]:
    """(chunk id, fused score, similarity) of every chunk, best first, worked out from the texts alone."""
    embedder = CountingEmbedder()
    documents = {document.doc_id: document for document in library.documents()}
    chunks = library.retriever.chunks
    vector = embedder.encode_query(query.text)
    tokens = embedder.subwords([f"{c.source.title}\n{c.place.heading}\n{c.text}" for c in chunks])
    asked = embedder.subwords([query.text])[0]
    length = float(np.mean([len(each) for each in tokens]))
    idf = {
        word: math.log(1 + (len(tokens) - df + 0.5) / (df + 0.5))
        for word in asked
        for df in [sum(word in each for each in tokens)]
    }
    weight = sum(idf[word] for word in set(asked))
    scored = []
    for chunk, words in zip(chunks, tokens, strict=True):
        own = embedder.encode_query(text_to_embed(chunk, documents[chunk.source.doc_id])) @ vector
        best = max(embedder.encode_query(chunk.cut(span)) @ vector for span in chunk.sentences)
        counts = Counter(words)
        bm25 = sum(
            idf[word] * counts[word] / (counts[word] + K1 * (1 - B + B * len(words) / length))
            for word in asked
        )
        similarity = float(own + best) / 2
        scored.append((chunk.chunk_id, similarity + LEXICAL_WEIGHT * bm25 / weight, similarity))
    return sorted(scored, key=lambda each: -each[1])


@pytest.mark.parametrize("seed", range(6))
def test_the_order_is_that_of_brute_force(library: Library, seed: int) -> None:
    query = ask(" ".join(random.Random(seed).sample(WORDS, 5)))
    expected = brute_force(library, query)

    passages = library.retriever.retrieve(query)

    assert len(library.retriever.chunks) == len(passages) == 40
    assert [p.fused_score for p in passages] == pytest.approx([score for _, score, _ in expected], abs=1e-5)
    similarities = {chunk_id: similarity for chunk_id, _, similarity in expected}
    for passage, (chunk_id, score, _) in zip(passages, expected, strict=True):
        assert passage.similarity == pytest.approx(similarities[passage.chunk.chunk_id], abs=1e-5)
        if passage.chunk.chunk_id != chunk_id:  # only a tie may come in another order
            assert passage.fused_score == pytest.approx(score, abs=1e-5)


def test_of_more_chunks_those_found_are_ordered_as_by_brute_force(tmp_path: Path) -> None:
    settings = dataclasses.replace(_random_settings(tmp_path, documents=40), candidates=10)
    library = open_indexed(settings)

    for seed in range(4):
        query = ask(" ".join(random.Random(seed).sample(WORDS, 6)))
        exact = {chunk_id: (score, own) for chunk_id, score, own in brute_force(library, query)}
        passages = library.retriever.retrieve(query)
        assert 10 <= len(passages) < len(library.retriever.chunks) == 80
        fused = [passage.fused_score for passage in passages]
        assert fused == sorted(fused, reverse=True)
        for passage in passages:
            score, similarity = exact[passage.chunk.chunk_id]
            assert passage.similarity == pytest.approx(similarity, abs=1e-5)
            if passage.lexical_rank is not None:
                assert passage.fused_score == pytest.approx(score, abs=1e-5)


def test_the_best_by_each_search_are_among_those_found(tmp_path: Path) -> None:
    library = open_indexed(dataclasses.replace(_random_settings(tmp_path, documents=40), candidates=10))
    query = ask("word3 word4 word5 word6")

    passages = library.retriever.retrieve(query)

    ranks = sorted(passage.lexical_rank for passage in passages if passage.lexical_rank is not None)
    assert ranks[:10] == list(range(1, 11))
    assert passages[0].chunk.chunk_id == brute_force(library, query)[0][0]


def test_every_passage_says_why_it_was_found(library: Library) -> None:
    query = ask("word1 word2 word3")
    vector = CountingEmbedder().encode_query(query.text)

    passages = library.retriever.retrieve(query)

    by_similarity = sorted(passages, key=lambda passage: passage.dense_rank or 0)
    assert [passage.dense_rank for passage in by_similarity] == list(range(1, len(passages) + 1))
    similarities = [passage.similarity for passage in by_similarity]
    assert similarities == sorted(similarities, reverse=True)
    assert sum(passage.lexical_rank is not None for passage in passages) > 0
    for passage in passages:
        chunk = passage.chunk
        assert passage.rerank_score is None
        assert passage.sentence_similarities == pytest.approx(
            [float(CountingEmbedder().encode_query(chunk.cut(span)) @ vector) for span in chunk.sentences],
            abs=1e-5,
        )
        has_word = any(word in CountingEmbedder().subwords([chunk.text])[0] for word in query.text.split())
        assert (passage.lexical_rank is not None) == has_word


@pytest.mark.parametrize("city", CITIES)
def test_a_city_lets_only_its_own_chunks_through(library: Library, city: str) -> None:
    foreign = next(chunk for chunk in library.retriever.chunks if city not in chunk.source.cities)

    passages = library.retriever.retrieve(ask(foreign.text, cities=(city,)))

    assert {passage.chunk.source.cities for passage in passages} == {(city,)}
    assert len(passages) == 8


@hypothesis_settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    words=st.lists(st.sampled_from(WORDS), min_size=1, max_size=8),
    cities=st.sets(st.sampled_from(CITIES), min_size=1),
)
def test_another_citys_chunk_never_gets_through(library: Library, words: list[str], cities: set[str]) -> None:
    passages = library.retriever.retrieve(ask(" ".join(words), cities=tuple(sorted(cities))))

    assert passages
    for passage in passages:
        assert not cities.isdisjoint(passage.chunk.source.cities)


def test_a_city_that_no_document_is_about_finds_nothing(library: Library) -> None:
    assert library.retriever.retrieve(ask("word1 word2", cities=("Bangkok",))) == ()


def test_no_chunks_no_passages(settings: Settings) -> None:
    assert open_indexed(settings).retriever.retrieve(ask("word1")) == ()


def test_a_question_that_shares_no_word_still_has_its_nearest(library: Library) -> None:
    passages = library.retriever.retrieve(ask("nothing of this occurs anywhere"))

    assert passages
    assert {passage.lexical_rank for passage in passages} == {None}


def test_two_runs_give_the_same(library: Library) -> None:
    query = ask("word1 word2 word3 word4")
    again = open_library(library.settings, Models(CountingEmbedder()))

    assert library.retriever.retrieve(query) == library.retriever.retrieve(query)
    assert again.retriever.retrieve(query) == library.retriever.retrieve(query)


def rerank(library: Library, query: Query, **changes: Any) -> tuple[RecordingReranker, tuple[Passage, ...]]:
    """The passages for `query` with a cross-encoder, and that cross-encoder."""
    reranker = RecordingReranker()
    settings = dataclasses.replace(library.settings, **{"rerank": 6, **changes})
    retriever = open_library(settings, Models(CountingEmbedder(), reranker)).retriever
    return reranker, retriever.retrieve(query)


def test_the_cross_encoder_orders_the_best_and_leaves_the_rest(library: Library) -> None:
    query = ask("word1 word2 word3 word4 word5")
    fused = library.retriever.retrieve(query)

    reranker, passages = rerank(library, query)

    read = list(reranker.pairs)
    assert [question for question, _ in read] == [query.text] * 6
    assert all(text.endswith(p.chunk.text) for (_, text), p in zip(read, fused, strict=False))
    assert {p.chunk.chunk_id for p in passages[:6]} == {p.chunk.chunk_id for p in fused[:6]}
    scores = [passage.rerank_score for passage in passages[:6]]
    assert scores == sorted(scores, key=lambda score: -(score or 0))
    assert scores == sorted(reranker.score(read), reverse=True)
    assert passages[6:] == fused[6:]


class FixedReranker(RecordingReranker):
    """Gives these logits, in the order in which it is asked."""

    def __init__(self, *logits: float) -> None:
        super().__init__()
        self._logits = iter(logits)

    def score(self, text_pairs: list[tuple[str, str]]) -> list[float]:
        self.pairs += text_pairs
        return [next(self._logits) for _ in text_pairs]


@pytest.mark.parametrize(
    ("logits", "read"),
    [
        ((SURE, SURE - FAR_AHEAD), 2),
        ((SURE - FAR_AHEAD, SURE), 2),
        ((SURE - 0.1, SURE - FAR_AHEAD - 1), 6),  # far ahead, but not sure
        ((SURE + 3, SURE + 3.1 - FAR_AHEAD), 6),  # sure, but not far ahead
    ],
)
def test_the_cross_encoder_reads_on_unless_the_best_is_far_ahead(
    library: Library, logits: tuple[float, float], read: int
) -> None:
    query = ask("word1 word2 word3 word4 word5")
    fused = library.retriever.retrieve(query)
    reranker = FixedReranker(*logits, -1, -2, -3, -4)
    settings = dataclasses.replace(library.settings, rerank=6)
    reader = DigitReader()

    passages = open_library(settings, Models(CountingEmbedder(), reranker, reader)).retriever.retrieve(query)

    assert len(reranker.pairs) == read
    assert len(reader.passages) == min(read, settings.read)
    assert {p.chunk.chunk_id for p in passages[:read]} == {p.chunk.chunk_id for p in fused[:read]}
    assert passages[read:] == fused[read:]
    assert len({p.chunk.chunk_id for p in passages}) == len(fused)


def test_the_cross_encoder_is_not_asked_unless_that_is_set(library: Library) -> None:
    query = ask("word1 word2 word3")

    reranker, passages = rerank(library, query, rerank=0)

    assert reranker.pairs == []
    assert passages == library.retriever.retrieve(query)


def test_the_cross_encoder_reads_the_headings_too(library: Library) -> None:
    reranker, _ = rerank(library, ask("word1"))

    assert reranker.pairs
    assert all("Part one\n" in text or "Part two\n" in text for _, text in reranker.pairs)


@pytest.mark.parametrize(("language", "read"), [("ja", ("en",)), ("en", ("ja",)), ("id", ("en", "vi"))])
def test_a_question_that_the_cross_encoder_does_not_read_is_ranked_without_it(
    library: Library, language: str, read: tuple[str, ...]
) -> None:
    query = ask("word1 word2", language=language)

    reranker, passages = rerank(library, query, reranker_languages=read)

    assert reranker.pairs == []
    assert passages == library.retriever.retrieve(query)


def test_documents_that_the_cross_encoder_does_not_read_are_ranked_without_it(settings: Settings) -> None:
    (settings.corpus_dir / "a.md").write_text(
        "---\nlanguage: ja\ntitle: 環境\n---\n\n大連は U-BCF を使う。\n", encoding="utf-8"
    )
    reranker = RecordingReranker()

    settings = dataclasses.replace(settings, rerank=6)
    passages = open_indexed(settings, reranker).retriever.retrieve(ask("What is U-BCF?"))

    assert reranker.pairs == []
    assert [passage.rerank_score for passage in passages] == [None]


def test_the_reader_reads_the_best_under_their_headings_and_finds_words_in_each_sentence(
    library: Library,
) -> None:
    query = ask("word1 word2 word3 word4 word5", language="ja")
    fused = library.retriever.retrieve(query)
    reader = DigitReader()
    settings = dataclasses.replace(library.settings, read=4)

    passages = open_library(settings, Models(CountingEmbedder(), None, reader)).retriever.retrieve(query)

    assert len(reader.passages) == 4
    assert all(text.endswith(p.chunk.text) for text, p in zip(reader.passages, fused, strict=False))
    assert all(
        text == f"{p.chunk.source.title}\n{p.chunk.place.heading}\n{p.chunk.text}"
        for text, p in zip(reader.passages, fused, strict=False)
    )
    assert {p.chunk.chunk_id for p in passages[:4]} == {p.chunk.chunk_id for p in fused[:4]}
    assert passages[4:] == fused[4:]
    for passage in passages[:4]:
        assert passage.read_score is not None
        assert len(passage.foci) == len(passage.chunk.sentences)
        for focus, sentence in zip(passage.foci, passage.chunk.sentences, strict=True):
            if any(character.isdigit() for character in passage.chunk.cut(sentence)):
                assert focus is not None
                assert sentence.contains(focus.span)
                assert passage.chunk.cut(focus.span)[-1].isdigit()


def test_what_the_reader_says_moves_a_passage_up(library: Library) -> None:
    query = ask("word1 word2 word3 word4 word5", language="ja")
    reader = DigitReader()

    passages = open_library(library.settings, Models(CountingEmbedder(), None, reader)).retriever.retrieve(
        query
    )

    head = passages[: library.settings.read]
    scores = [passage.fused_score + READ_WEIGHT * best_focus(passage) for passage in head]
    assert scores == sorted(scores, reverse=True)


def write_in(settings: Settings, name: str, language: str, text: str) -> None:
    """A document of one paragraph in `language`."""
    document = f"---\ntitle: {name}\nlanguage: {language}\n---\n\n{text}\n"
    (settings.corpus_dir / f"{name}.md").write_text(document, encoding="utf-8")


class AskedReader(DigitReader):
    """Keeps each pair of question and passage that it was asked to read."""

    def __init__(self) -> None:
        super().__init__()
        self.pairs: list[tuple[str, str]] = []

    def read(self, question: str, passages: Sequence[str]) -> list[Reading]:
        self.pairs += [(question, passage) for passage in passages]
        return super().read(question, passages)


def test_passages_are_asked_in_the_words_for_their_language_or_as_asked(settings: Settings) -> None:
    write_in(settings, "one", "en", "Dalian had many experts.")
    write_in(settings, "two", "ja", "大連 had many guests.")
    write_in(settings, "three", "ja", "Dalian had ferries.")
    renamed = {"ja": "which experts saw 大連"}
    asked = "which experts saw Dalian"
    reader = AskedReader()
    index_corpus(settings, CountingEmbedder())
    library = open_library(settings, Models(CountingEmbedder(), None, reader))

    passages = library.retriever.retrieve(dataclasses.replace(ask(asked), renamed=renamed))

    vectors = {text: CountingEmbedder().encode_query(text) for text in (asked, renamed["ja"])}
    for passage in passages:
        (similarity,) = passage.sentence_similarities
        text = CountingEmbedder().encode_query(passage.chunk.text)
        wanted = {"one": asked, "two": renamed["ja"], "three": asked}[passage.chunk.source.title]
        assert similarity == pytest.approx(float(text @ vectors[wanted]), abs=1e-5)
        assert passage.lexical_rank is not None
    assert {(question, text.split("\n")[0]) for question, text in reader.pairs} == {
        (asked, "one"),
        (renamed["ja"], "two"),
        (renamed["ja"], "three"),
    }


def test_the_languages_of_most_documents_come_first_however_long_they_are(settings: Settings) -> None:
    write_in(settings, "long", "ja", "\n\n".join(f"# {word}\n\n{word} は長い。" for word in WORDS))
    write_in(settings, "short", "en", "Experts came.")
    write_in(settings, "other", "en", "Experts went.")

    library = open_indexed(settings)

    assert library.retriever.languages == ("en", "ja")
    assert len(library.retriever.chunks) > 40


def test_without_documents_there_is_no_language(settings: Settings) -> None:
    assert open_indexed(settings).retriever.languages == ()


def test_passages_of_each_language_are_found_however_many_of_another_are_nearer(settings: Settings) -> None:
    for number in range(60):
        write_in(settings, f"near{number}", "ja", f"word1 word2 word3 report {number}")
    for number in range(10):
        write_in(settings, f"far{number}", "vi", f"word1 word4 word5 word6 word7 bericht {number}")
    write_in(settings, "farther", "id", "Nothing of it.")
    settings = dataclasses.replace(settings, candidates=10)

    passages = open_indexed(settings).retriever.retrieve(ask("word1 word2 word3"))

    counts = Counter(passage.chunk.source.language for passage in passages)
    assert counts["ja"] >= 10
    assert counts["vi"] == OF_EACH_LANGUAGE
    assert counts["id"] == 1
    assert all(passage.dense_rank for passage in passages)


def test_a_language_lets_no_other_city_through(settings: Settings) -> None:
    for number in range(20):
        write_in(settings, f"near{number}", "en", f"Dalian word1 word2 {number}")
    write_in(settings, "far", "ja", "Surabaya word3 word4")

    passages = open_indexed(settings).retriever.retrieve(ask("word1 word2", cities=("Dalian",)))

    assert {passage.chunk.source.language for passage in passages} == {"en"}


def spread(languages: str, *, scored: int = 0, best: float = 0.0) -> list[Passage]:
    """Passages in these languages, best first; the cross-encoder gave the first ones `best` and less."""
    return [
        dataclasses.replace(
            passage_of(chunk_of("It is said.", path=f"{number}.txt"), 0.9),
            chunk=dataclasses.replace(
                chunk_of("It is said.", path=f"{number}.txt"),
                source=Source(f"{number}", f"{number}.txt", "A", language),
            ),
            rerank_score=best - number if number < scored else None,
        )
        for number, language in enumerate(languages.split())
    ]


@pytest.mark.parametrize(
    ("languages", "count", "read"),
    [
        ("en en en en en en", 3, "012"),
        ("en en en ja en ja ja", 3, "01235"),
        ("en ja en ja ja km", 3, "01235"),
        ("ja en vi km ja en vi km ja en", 2, "01234567"),
        ("en en ja", 1, "02"),
        ("", 3, ""),
    ],
)
def test_the_best_of_each_language_are_read(languages: str, count: int, read: str) -> None:
    chosen = choose_to_read(spread(languages), count=count)

    assert "".join(passage.chunk.source.doc_id for passage in chosen) == read


@pytest.mark.parametrize(
    ("scored", "best", "read"), [(2, 0.0, "01256"), (3, 0.0, "01256"), (2, SURE, "01"), (5, SURE, "012")]
)
def test_what_the_cross_encoder_left_out_is_read_in_other_languages_unless_it_is_sure(
    scored: int, best: float, read: str
) -> None:
    passages = spread("en en ja en en ja km en", scored=scored, best=best)

    chosen = choose_to_read(passages, count=2)

    assert "".join(passage.chunk.source.doc_id for passage in chosen) == read
