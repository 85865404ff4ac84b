"""Facts about one committed state of the index, opened for reading."""

from __future__ import annotations

import dataclasses
import shutil
from typing import Any

import pytest

from conftest import REPOSITORY, CountingEmbedder
from qa.config import Settings
from qa.corpus.receipts import IndexReport
from qa.engine.library import Library, open_library
from qa.errors import IndexMismatch, IndexMissing
from qa.indexing.run import index_corpus
from qa.models import Models


def write(settings: Settings, name: str, text: str) -> None:
    (settings.corpus_dir / name).write_text(text, encoding="utf-8")


def index(settings: Settings) -> IndexReport:
    return index_corpus(settings, CountingEmbedder())


@pytest.fixture
def library(settings: Settings) -> Library:
    write(settings, "b.txt", "Kitakyushu sent 67 experts to Dalian.")
    write(settings, "a.txt", "Composting has spread in Surabaya.")
    index(settings)
    return open_library(settings, Models(CountingEmbedder()))


def test_without_an_index_the_error_names_the_folder_and_the_command(settings: Settings) -> None:
    with pytest.raises(IndexMissing) as caught:
        open_library(settings, Models(CountingEmbedder()))

    assert str(settings.index_dir) in str(caught.value)
    assert "qa index" in str(caught.value)


def test_a_model_that_is_not_here_is_an_error_that_names_both_and_the_command(library: Library) -> None:
    with pytest.raises(IndexMismatch) as caught:
        open_library(library.settings, Models(CountingEmbedder(identity="another")))

    assert str(library.settings.index_dir) in str(caught.value)
    assert "(counting)" in str(caught.value)
    assert "(another)" in str(caught.value)
    assert "qa index" in str(caught.value)


@pytest.mark.parametrize(
    "changes",
    [{"chunk_tokens": 100}, {"embedder_query_prefix": "q: "}, {"embedder_passage_prefix": "passage: "}],
)
def test_an_index_of_other_settings_answers_with_the_model_that_made_it(
    library: Library, changes: dict[str, Any]
) -> None:
    settings = dataclasses.replace(library.settings, **changes)
    opened = open_library(settings, Models(CountingEmbedder()))
    assert (opened.is_outdated, library.is_outdated) == (True, False)
    assert list(opened.retriever.chunks) == list(library.retriever.chunks)


def test_settings_that_do_not_change_the_index_open_it(library: Library) -> None:
    settings = dataclasses.replace(library.settings, threshold=0.9, candidates=20, rerank=3)

    assert len(open_library(settings, Models(CountingEmbedder())).retriever.chunks) == 2


def test_documents_come_in_the_order_of_their_paths(library: Library) -> None:
    assert [document.path for document in library.documents()] == ["a.txt", "b.txt"]


def test_every_chunk_stands_in_its_document(library: Library) -> None:
    assert library.retriever.chunks
    for chunk in library.retriever.chunks:
        document = library.find_document(chunk.source.doc_id)
        assert document is not None
        assert chunk.place.span.cut(document.text) == chunk.text


def test_a_document_is_as_it_was_indexed_even_when_its_file_has_changed(library: Library) -> None:
    doc_id = library.documents()[1].doc_id
    write(library.settings, "b.txt", "Something else.")

    found = library.find_document(doc_id)

    assert found is not None
    assert found.text == "Kitakyushu sent 67 experts to Dalian."


def test_a_document_whose_text_is_kept_no_more_is_gone_also_from_memory(library: Library) -> None:
    document = library.documents()[0]
    assert library.find_document(document.doc_id) == document

    (library.settings.index_dir / "texts" / f"{document.version}.json").unlink()

    assert library.find_document(document.doc_id) is None
    assert library.find_document(document.doc_id, document.version) is None
    assert document not in library.documents()


def test_an_unknown_document_is_none(library: Library) -> None:
    assert library.find_document("0" * 16) is None


def test_a_library_is_stale_once_the_index_has_been_committed_to(library: Library) -> None:
    assert not library.is_stale()
    index(library.settings)
    assert not library.is_stale()

    write(library.settings, "c.txt", "Davao separates waste.")
    index(library.settings)

    assert library.is_stale()
    assert not open_library(library.settings, Models(CountingEmbedder())).is_stale()


def test_a_library_is_stale_after_a_rebuild(library: Library) -> None:
    index_corpus(library.settings, CountingEmbedder(), rebuild=True)

    assert library.is_stale()


def test_a_library_is_stale_when_its_index_is_gone(library: Library) -> None:
    shutil.rmtree(library.settings.index_dir)

    assert library.is_stale()


def test_the_covered_cities_are_those_of_documents_about_cities(settings: Settings) -> None:
    section = "# Part {}\n\nWaste is sorted, and more is said of it.\n\n"
    many = "".join(map(section.format, range(40)))
    write(settings, "about.txt", "Kitakyushu sent 67 experts to Dalian.")
    write(settings, "both.md", "# One\n\nComposting in Surabaya.\n\n# Two\n\nA plan in Davao.\n")
    write(settings, "not.md", f"{many}# Last\n\nHai Phong and Phnom Penh were named as well.\n")
    index(settings)

    library = open_library(settings, Models(CountingEmbedder()))

    assert len(library.retriever.chunks) > 40
    assert library.covered_cities == ("Dalian", "Surabaya", "Davao")


def test_the_cities_are_those_that_the_documents_were_read_with(settings: Settings) -> None:
    own = settings.corpus_dir / "cities.toml"
    write(settings, "a.txt", "Composting has spread in Surabaya.")
    shutil.copy(REPOSITORY / "corpus" / "cities.toml", own)
    index(settings)
    own.unlink()

    catalogue = open_library(
        dataclasses.replace(settings, cities_file=own), Models(CountingEmbedder())
    ).catalogue

    assert "Hai Phong" in [city.name for city in catalogue.partners]
