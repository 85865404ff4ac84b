"""Facts about telling which subjects a passage is about; how well, `pytest -s` prints."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from conftest import REPOSITORY
from qa.cities import Subject, parse_subjects
from qa.cities.own_subjects import MAX_SUBJECTS
from qa.config import Settings
from qa.domain import Chunk, Place, Source, Span
from qa.engine.library import Library, open_library
from qa.errors import ConfigError
from qa.indexing.run import index_corpus
from qa.models import Models, load_embedder
from qa.overview.subjects import BATCH, SUBJECTS, SubjectFinder
from qa.storage.records import Vectors

DATA = Path(__file__).parents[1] / "data" / "coverage"
DIMENSION = len(SUBJECTS) + 2
EVERYDAY = np.eye(DIMENSION, dtype=np.float32)[-1]
AXES = {
    sentence: np.eye(DIMENSION, dtype=np.float32)[number]
    for number, subject in enumerate((*SUBJECTS, Subject("floods", ("Floods.",))))
    for sentence in subject.description
}
"""Made-up vectors: each built-in subject has an axis of its own, so has "Floods.", and so has everyday life."""


def unit(*parts: Vectors) -> Vectors:
    total: Vectors = np.sum(parts, axis=0)
    return total / np.linalg.norm(total)


def finder(subjects: Sequence[Subject] = SUBJECTS) -> SubjectFinder:
    nearly = [unit(EVERYDAY, 0.1 * AXES[subject.description[0]]) for subject in SUBJECTS]
    return SubjectFinder(subjects, encode=AXES.__getitem__, background=np.stack(nearly))


def found_in(vector: Vectors, subjects: Sequence[Subject] = SUBJECTS) -> set[str]:
    about = finder(subjects).find(vector[np.newaxis])[0]
    return {subject.name for subject, is_about in zip(subjects, about, strict=True) if is_about}


WATER, WASTE = AXES["Water supply and drinking water."], AXES["Waste disposal and recycling."]


def test_a_sentence_is_about_what_it_is_nearest_to_be_it_one_subject_or_two() -> None:
    assert found_in(WATER) == {"water"}
    assert found_in(unit(WATER, WASTE)) == {"water", "waste"}


def test_an_everyday_sentence_is_about_nothing_even_if_one_subject_is_nearest() -> None:
    assert found_in(EVERYDAY) == set()
    assert found_in(unit(EVERYDAY, 0.3 * WATER)) == set()


def test_what_is_equally_near_to_all_subjects_is_about_none() -> None:
    assert found_in(unit(*(AXES[subject.description[0]] for subject in SUBJECTS))) == set()


def test_a_corpus_may_have_one_subject_alone() -> None:
    floods = [Subject("floods", ("Floods.",))]

    assert found_in(AXES["Floods."], floods) == {"floods"}
    assert found_in(WATER, floods) == set()


def chunk(number: int) -> Chunk:
    return Chunk(f"{number}", Source("d", "d.md", "D"), Place(Span(0, 4)), "A. B", (Span(0, 2), Span(3, 4)))


def test_a_passage_is_about_what_any_of_its_sentences_is_about() -> None:
    about = finder().find_in_chunks([chunk(0)], lambda chunks: {"0": np.stack([WASTE, WATER])})

    assert about.tolist() == [[True, True, *[False] * (len(SUBJECTS) - 2)]]


def test_many_passages_are_looked_at_in_batches_and_one_without_vectors_is_about_nothing() -> None:
    sizes: list[int] = []

    def fetch(chunks: Sequence[Chunk]) -> Mapping[str, Vectors]:
        sizes.append(len(chunks))
        return {each.chunk_id: WATER[np.newaxis] for each in chunks if each.chunk_id != "7"}

    about = finder().find_in_chunks([chunk(number) for number in range(BATCH + 1)], fetch)

    assert sizes == [BATCH, 1]
    assert np.flatnonzero(~about[:, 0]).tolist() == [7]
    assert not about[:, 1:].any()


OWN = """
[[subject]]
name = "Floods"
description = ["Floods  and storms.", "防災"]
[subject.names]
ja = "防災"
[[subject]]
name = "Ports"
description = "Ports and ships."
"""


def test_a_corpus_may_name_its_own_subjects_beside_its_cities() -> None:
    floods, ports = parse_subjects(OWN, where="cities.toml")

    assert (floods.name, floods.description) == ("Floods", ("Floods and storms.", "防災"))
    assert dict(floods.names) == {"ja": "防災"}
    assert (ports.name, ports.description, dict(ports.names)) == ("Ports", ("Ports and ships.",), {})
    assert parse_subjects("", where="cities.toml") == ()


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('name = "Floods"', "", r"subject 1 \(no name\): name has None; write words"),
        ('name = "Floods"', f'name = "{"F" * 61}"', "at most 60 characters"),
        ('"Ports and ships."', "[]", r"subject 2 \(Ports\): description is empty"),
        ('"Ports and ships."', "7", "description has 7; write words"),
        ('"Ports and ships."', '["…"]', "description has '…'; write words"),
        ('name = "Ports"', 'name = "Floods"', "more than one subject is called 'Floods'"),
        (
            'name = "Ports"',
            'name = "Ports"\nsize = 2',
            r"\(Ports\): size is not a key; the keys are description",
        ),
        ('[subject.names]\nja = "防災"', 'names = "x"', "names must be a table"),
        ('ja = "防災"', "ja = 1", r"names\.ja has 1"),
        (OWN, "subject = 3", r"write \[\[subject\]\] tables"),
        (OWN, "subject = [3]", "subject 1 is not a table"),
        (OWN, OWN * MAX_SUBJECTS, "12 at most"),
        (OWN, "[[subject", "cannot be read as TOML"),
    ],
)
def test_a_malformed_subject_is_an_error_that_says_where_and_what_to_write(
    old: str, new: str, message: str
) -> None:
    assert old in OWN
    with pytest.raises(ConfigError, match=message) as error:
        parse_subjects(OWN.replace(old, new), where="my/cities.toml")
    assert "my/cities.toml" in str(error.value)


def read_lines(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (DATA / name).read_text(encoding="utf-8").splitlines()]


def precision_and_recall(
    labelled: Sequence[Mapping[str, Any]], found: Sequence[set[str]]
) -> tuple[float, float]:
    """Over all pairs of a text and a subject. What a label calls arguable (`also`) counts neither way."""
    pairs = list(zip(labelled, found, strict=True))
    right = sum(len(names & set(label["subjects"])) for label, names in pairs)
    wrong = sum(len(names - set(label["subjects"]) - set(label["also"])) for label, names in pairs)
    missed = sum(len(set(label["subjects"]) - names) for label, names in pairs)
    return right / (right + wrong), right / (right + missed)


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Library:
    """The seven documents of `corpus/`, indexed with the real embedder."""
    settings = Settings(corpus_dir=REPOSITORY / "corpus", index_dir=tmp_path_factory.mktemp("index"))
    embedder = load_embedder(settings)
    index_corpus(settings, embedder)
    return open_library(settings, Models(embedder))


def names_of(about: Any) -> list[set[str]]:
    return [{SUBJECTS[number].name for number in np.flatnonzero(row)} for row in about]


@pytest.fixture(scope="module")
def real_finder(library: Library) -> SubjectFinder:
    retriever = library.retriever
    return SubjectFinder(SUBJECTS, encode=retriever.encode, background=retriever.vocabulary.background)


@pytest.mark.model
@pytest.mark.slow
def test_the_passages_of_the_corpus_are_sorted_nearly_as_by_hand(
    library: Library, real_finder: SubjectFinder
) -> None:
    labelled = read_lines("passages.jsonl")
    chunks = library.retriever.chunks
    assert [(each["path"], each["heading"]) for each in labelled] == [
        (c.source.path, c.place.heading) for c in chunks
    ]

    about = real_finder.find_in_chunks(list(chunks), library.retriever.fetch_sentences)
    precision, recall = precision_and_recall(labelled, names_of(about))

    print(f"\n{len(labelled)} passages of the corpus: precision {precision:.2f}, recall {recall:.2f}")
    assert precision >= 0.85
    assert recall >= 0.7


@pytest.mark.model
@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "least_precision", "least_recall"),
    [
        pytest.param("sentences.jsonl", 0.78, 0.86, id="those that the limits were chosen on"),
        pytest.param("unseen.jsonl", 0.85, 0.9, id="others, written afterwards"),
    ],
)
def test_sentences_in_many_languages_are_sorted_nearly_as_by_hand(
    library: Library, real_finder: SubjectFinder, name: str, least_precision: float, least_recall: float
) -> None:
    labelled = read_lines(name)
    assert {"ja", "vi", "id", "zh", "km"} <= {each["language"] for each in labelled}
    vectors = load_embedder(library.settings).encode_passages([each["text"] for each in labelled])

    found = names_of(real_finder.find(vectors))
    precision, recall = precision_and_recall(labelled, found)

    print(f"\n{len(labelled)} sentences ({name}): precision {precision:.2f}, recall {recall:.2f}")
    assert precision >= least_precision
    assert recall >= least_recall
