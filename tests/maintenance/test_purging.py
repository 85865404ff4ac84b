"""Facts about documents that are removed for good: what goes, what stays, and that no words of theirs are left."""

from __future__ import annotations

import gc
import os
import shutil
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest

import qa.maintenance.purging
from conftest import REPOSITORY, CountingEmbedder
from index_states import assert_everything_is_retrievable, builds, committed, store_of
from qa.config import Settings
from qa.corpus.intake import remove
from qa.corpus.web_sources import Source, read_sources, write_sources
from qa.domain import Answer
from qa.errors import IndexBusy, InputError
from qa.feedback import Feedback, keep_feedback, list_feedback, most_refused, note_refusal
from qa.indexing.rollback import roll_back
from qa.indexing.run import index_corpus
from qa.maintenance.purging import list_taken_out, purge
from qa.models import Models
from qa.pipeline import Pipeline
from qa.storage.locks import lock_index
from qa.storage.manifest import PREVIOUS_FILE, read_manifest
from qa.storage.store import chroma_places as places
from qa.storage.store import open_store
from qa.storage.vector_cache import CACHE_FILE, VectorCache
from remains import WORDS, found_in
from stores import PostgresServer, Server, setting_of

SECRET = (
    "Frau Quittenbaum of Dalian repaid ¥4,815,162 to the velociraptor fund.\n\n"
    "大連の紫水晶委員会は錬金術師を雇った。 ភ្នំពេញ​មាន​គម្រោង​សម្ងាត់​អំពី​ពពក។\n\n"
    "Her telephone is 555-0100, and the umbrella stands behind the gazebo."
)
EARLIER = "Frau Zwetschgenmus was here before. Her number was 555-0199."
OTHERS = {
    f"other{number}.txt": f"Kitakyushu sent {number}7 experts to Davao. They built {number} plants."
    for number in range(5)
}
URL = "https://www.example.org/secret-page"


def indexed(settings: Settings) -> None:
    index_corpus(settings, CountingEmbedder())


@pytest.fixture
def place(settings: Settings, server: Server | None) -> Settings:
    """Settings over five documents and one that is to go, in two versions, in each store."""
    settings = replace(settings, **setting_of(server))
    for name, text in {**OTHERS, "secret.txt": EARLIER}.items():
        (settings.corpus_dir / name).write_text(text, encoding="utf-8")
    indexed(settings)
    (settings.corpus_dir / "secret.txt").write_text(SECRET, encoding="utf-8")
    indexed(settings)
    return settings


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same in a folder, and whatever else can have its words: copies put aside, what readers said."""
    folder = tmp_path_factory.mktemp("full")
    corpus = folder / "corpus"
    corpus.mkdir()
    settings = Settings(
        corpus_dir=corpus, index_dir=folder / "index", cities_file=REPOSITORY / "corpus" / "cities.toml"
    )
    for name, text in {**OTHERS, "secret.txt": EARLIER}.items():
        (corpus / name).write_text(text, encoding="utf-8")
    write_sources({"secret.txt": Source(url=URL, fetched="2026-05-04")}, corpus)
    indexed(settings)
    remove(["secret.txt"], corpus)
    (corpus / "secret.txt").write_text(SECRET, encoding="utf-8")
    write_sources({"secret.txt": Source(url=URL, fetched="2026-05-04")}, corpus)
    indexed(settings)
    (corpus / ".secret.txt.123.part").write_text(SECRET, encoding="utf-8")
    (settings.index_dir / "texts" / ".x.json.123.part").write_text(SECRET, encoding="utf-8")
    keep_feedback(
        Feedback(
            verdict="bad",
            question="Who repaid what?",
            answer=f"{SECRET} Kitakyushu sent 17 experts to Davao.",
            reason="Too much.",
            citations=(("secret.txt", SECRET), ("other1.txt", "Kitakyushu sent 17 experts to Davao.")),
        ),
        settings.index_dir,
    )
    keep_feedback(
        Feedback(verdict="bad", question="Is that so?", answer="No.", reason=f"It says: {SECRET[:70]}"),
        settings.index_dir,
    )
    keep_feedback(
        Feedback(
            verdict="good",
            question="Who sent whom?",
            answer="Kitakyushu sent 27 experts to Davao.",
            citations=(("other2.txt", "Kitakyushu sent 27 experts to Davao."),),
        ),
        settings.index_dir,
    )
    keep_feedback(Feedback(verdict="good", question="How many?", answer="Many."), settings.index_dir)
    note_refusal(f"Is it true that {SECRET[5:65].upper()}?", "en", settings.index_dir)
    note_refusal("Who sent experts to Davao?", "en", settings.index_dir)
    return folder


@pytest.fixture
def full(template: Path, settings: Settings, tmp_path: Path) -> Settings:
    """Settings over a copy of `template`."""
    shutil.copytree(template, tmp_path, dirs_exist_ok=True)
    return settings


def pieces(text: str) -> tuple[str, ...]:
    """Every dozen letters of a text that follow each other."""
    return tuple(text[start : start + 12] for start in range(0, len(text) - 11, 4))


def test_the_search_for_words_finds_them_before(full: Settings) -> None:
    assert {word for _, word in found_in(full.index_dir)} == {*WORDS}
    assert {"Zwetschgenmus", "gazebo"} <= {word for _, word in found_in(full.corpus_dir)}


def test_a_purged_document_leaves_no_word_in_the_index_and_the_corpus(full: Settings) -> None:
    receipt = purge(["secret.txt"], full)

    assert found_in(full.index_dir) == found_in(full.corpus_dir) == []
    assert found_in(full.index_dir, pieces(SECRET) + pieces(EARLIER)) == []
    assert receipt.documents == ("secret.txt",)
    assert (receipt.files, receipt.texts, receipt.states) == (2, 2, 2)
    assert (receipt.feedback, receipt.refused, receipt.also_in) == (2, 1, ())
    assert receipt.passages > 1
    assert receipt.vectors > 1


def test_nothing_else_is_lost(full: Settings) -> None:
    purge(["secret.txt"], full)

    manifest = assert_everything_is_retrievable(full, CountingEmbedder())
    assert [record.path for record in manifest.documents] == sorted(OTHERS)
    assert {path.name: path.read_text() for path in full.corpus_dir.glob("*.txt")} == OTHERS
    assert [(each.question, each.answer, each.reason) for each in list_feedback(full.index_dir)] == [
        ("How many?", "Many.", ""),
        ("Who sent whom?", "Kitakyushu sent 27 experts to Davao.", ""),
    ]
    assert [each.question for each in most_refused(full.index_dir)] == ["Who sent experts to Davao?"]
    assert read_sources(full.corpus_dir) == {}
    embedder = CountingEmbedder()
    index_corpus(full, embedder, rebuild=True)
    assert embedder.embedded == []  # the cache has the others' vectors


def test_no_way_back_brings_it_back(full: Settings) -> None:
    purge(["secret.txt"], full)

    previous = read_manifest(full.index_dir, file=PREVIOUS_FILE)
    assert previous
    assert [record.path for record in previous.documents] == sorted(OTHERS)
    assert roll_back(full, CountingEmbedder()).documents == previous.documents
    assert_everything_is_retrievable(full, CountingEmbedder())
    indexed(full)
    assert [record.path for record in committed(full).documents] == sorted(OTHERS)
    assert found_in(full.index_dir) == []


@pytest.mark.parametrize(
    "name",
    [
        "secret.txt",
        "{corpus}/secret.txt",
        URL,
        ".removed/{stamp}/secret.txt",
        "{corpus}/.removed/{stamp}/secret.txt",
    ],
)
def test_what_was_taken_out_is_purged_by_whatever_names_it(full: Settings, name: str) -> None:
    remove(["secret.txt"], full.corpus_dir)
    indexed(full)
    (full.corpus_dir / "other5.txt").write_text("Kitakyushu sent 57 experts.", encoding="utf-8")
    indexed(full)
    stamp = sorted(os.listdir(full.corpus_dir / ".removed"))[0]
    assert list_taken_out(full) == ("secret.txt",)

    receipt = purge([name.format(corpus=full.corpus_dir, stamp=stamp)], full)

    assert found_in(full.index_dir) == found_in(full.corpus_dir) == []
    assert (receipt.documents, receipt.states) == (("secret.txt",), 0)
    assert list_taken_out(full) == ()
    with pytest.raises(InputError, match=r"secret\.txt"):
        purge(["secret.txt"], full)


def test_what_is_the_same_file_goes_where_it_was_taken_out_and_is_named_where_it_stays(
    full: Settings,
) -> None:
    corpus = full.corpus_dir
    (corpus / "moved.txt").write_text(SECRET, encoding="utf-8")
    indexed(full)
    remove(["moved.txt"], corpus)
    (corpus / "copy.txt").write_text(EARLIER, encoding="utf-8")
    indexed(full)

    receipt = purge(["secret.txt"], full)

    assert receipt.also_in == ("copy.txt",)
    assert {path for path, _ in found_in(full.index_dir, ("Quittenbaum", "moved", "secret"))} == set()
    assert "copy.txt" in {
        record.path for record in assert_everything_is_retrievable(full, CountingEmbedder()).documents
    }
    purge(["copy.txt"], full)
    assert found_in(full.index_dir) == found_in(corpus) == []


@pytest.mark.parametrize(
    "name",
    [
        "nowhere.txt",
        "",
        ".",
        "..",
        "cities.toml",
        "../outside.txt",
        "/etc/hostname",
        ".removed",
        "https://x.example/",
    ],
)
def test_a_name_without_a_document_changes_nothing(full: Settings, name: str, tmp_path: Path) -> None:
    (tmp_path / "outside.txt").write_text("Not ours.", encoding="utf-8")
    (full.corpus_dir / "cities.toml").write_text("", encoding="utf-8")
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*") if path.name != ".lock"}

    with pytest.raises(InputError, match="there is no document"):
        purge(["secret.txt", name], full)

    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*") if path.name != ".lock"} == before


def test_a_document_that_was_never_indexed_is_purged_and_so_is_one_without_a_corpus(full: Settings) -> None:
    (full.corpus_dir / "new.txt").write_text("Novelty of a kumquat.", encoding="utf-8")
    assert purge(["new.txt"], full).files == 1
    assert found_in(full.corpus_dir, ("kumquat",)) == []
    shutil.rmtree(full.corpus_dir)
    assert purge(["secret.txt"], full).files == 0
    assert found_in(full.index_dir) == []


def test_it_waits_for_whoever_writes_to_the_index(full: Settings) -> None:
    with lock_index(full.index_dir), pytest.raises(IndexBusy):
        purge(["secret.txt"], full)
    assert (full.corpus_dir / "secret.txt").exists()


@pytest.mark.slow
@pytest.mark.parametrize(
    "step",
    [
        "delete_for_good",
        "forget_names",
        "forget_documents",
        "copy_build",
        "write_manifest",
        "note_checked",
        "remove_builds",
        "keep_vectors_of",
        "delete_texts",
    ],
)
@pytest.mark.parametrize("is_begun", [False, True], ids=["before", "after"])
def test_cut_off_at_any_step_the_same_purge_again_goes_on(
    full: Settings, monkeypatch: pytest.MonkeyPatch, step: str, is_begun: bool
) -> None:
    def cut_off(*arguments: object, **more: object) -> None:
        if is_begun:
            do(*arguments, **more)
        raise KeyboardInterrupt

    with monkeypatch.context() as cutting:
        do = getattr(qa.maintenance.purging, step)
        cutting.setattr(qa.maintenance.purging, step, cut_off)
        with pytest.raises(KeyboardInterrupt):
            purge(["secret.txt"], full)
    assert_everything_is_retrievable(full, CountingEmbedder())
    if (step, is_begun) != ("delete_texts", True):  # then nothing is left to be named
        purge(["secret.txt"], full)

    assert found_in(full.index_dir) == found_in(full.corpus_dir) == []
    manifest = assert_everything_is_retrievable(full, CountingEmbedder())
    assert [record.path for record in manifest.documents] == sorted(OTHERS)
    assert len(list_feedback(full.index_dir)) == 2
    previous = read_manifest(full.index_dir, file=PREVIOUS_FILE)
    assert previous
    assert builds(full) == {manifest.build, previous.build}


def test_graphs_without_vectors_hold_nothing_of_what_this_process_has_in_memory(full: Settings) -> None:
    for change in (lambda: None, lambda: purge(["secret.txt"], full), lambda: indexed(full)):
        change()
        Pipeline(full, Models(CountingEmbedder())).ask("experts to Davao sent?")
        files = [
            *full.index_dir.glob("chroma-*/*/data_level0.bin"),
            *full.index_dir.glob("chroma-*/*/length.bin"),
        ]
        assert len(files) == 4
        assert not any(any(path.read_bytes()) for path in files)


def test_a_running_page_answers_on_and_opens_it_no_more(full: Settings) -> None:
    pipeline = Pipeline(full, Models(CountingEmbedder()))
    (document,) = [each for each in pipeline.library.documents() if each.path == "secret.txt"]
    assert pipeline.library.find_original(document.doc_id)
    old = [each.stem for each in (full.index_dir / "texts").glob("*.json")]
    before = pipeline._newest.opened

    purge(["secret.txt"], full)

    assert pipeline.library.find_original(document.doc_id) is None
    for version in ("", *old):
        assert pipeline.library.find_document(document.doc_id, version) is None
    answer = pipeline.ask("experts to Davao 17 Kitakyushu sent?")
    assert "17 experts" in answer.citations[0].quote
    assert pipeline._newest.opened is not before
    assert not any(
        "secret" in passage.chunk.source.path for passage in pipeline.search("Quittenbaum velociraptor")
    )


def test_files_of_a_build_that_is_gone_are_not_held_open_also_where_nothing_is_collected(
    full: Settings,
) -> None:
    gc.collect()
    gc.disable()
    try:
        pipeline = Pipeline(full, Models(CountingEmbedder()))
        pipeline.ask("experts to Davao 17 Kitakyushu sent?")
        gc.freeze()  # as when a page starts
        purge(["secret.txt"], full)
        pipeline.catch_up()
        opened = [os.readlink(path) for path in Path("/proc/self/fd").iterdir() if path.is_symlink()]
    finally:
        gc.enable()
    assert not [each for each in opened if str(full.index_dir) in each and each.endswith("(deleted)")]


def test_a_question_that_was_on_its_way_is_answered_from_what_is_there_then(full: Settings) -> None:
    pipeline = Pipeline(full, Models(CountingEmbedder()))
    asking = pipeline.work_on("experts to Davao 17 Kitakyushu sent?")
    next(asking)

    purge(["secret.txt"], full)

    *_, answer = asking
    assert isinstance(answer, Answer)
    assert "17 experts" in answer.citations[0].quote


def all_on(server: Server) -> str:
    """All that a server tells whoever asks for everything."""
    if isinstance(server, PostgresServer):
        with psycopg.connect(server.url) as connection:
            return str(
                [
                    connection.execute(f"SELECT t::text FROM qa_{build}.{table} t").fetchall()
                    for build in server.builds()
                    for table in ("passages", "sentences", "tokens")
                ]
            )
    client = places.ChromaServer(server.url, "").open_client(create=False)
    return str([collection.get() for collection in client.list_collections()])


def test_in_every_store_no_record_of_it_is_left(place: Settings, server: Server | None) -> None:
    before = store_of(place).list_keys()
    if server:
        assert "quittenbaum" in all_on(server).casefold()
    gone = next(record for record in committed(place).documents if record.path == "secret.txt")

    receipt = purge(["secret.txt"], place)

    manifest = assert_everything_is_retrievable(place, CountingEmbedder())
    assert [record.path for record in manifest.documents] == sorted(OTHERS)
    store = store_of(place)
    assert store.fetch_by_key(gone.version) == {}
    assert store.list_keys() < before
    if server:
        assert not [word for word in (*WORDS, "quittenbaum", "zwetschgenmus") if word in all_on(server)]
    assert store.count_passages() == sum(record.chunks for record in manifest.documents)
    assert found_in(place.index_dir) == []
    assert receipt.states == 2
    assert roll_back(place, CountingEmbedder()).documents


def test_a_build_of_the_state_before_is_copied_too(place: Settings) -> None:
    index_corpus(place, CountingEmbedder(), rebuild=True)
    before = {committed(place).build, read_manifest(place.index_dir, file=PREVIOUS_FILE).build}  # type: ignore[union-attr]
    assert len(before) == 2

    purge(["secret.txt"], place)

    assert found_in(place.index_dir) == []
    for file in ("manifest.json", PREVIOUS_FILE):
        state = read_manifest(place.index_dir, file=file)
        assert state
        store = open_store(place, build=state.build, fingerprint=state.fingerprint, create=False)
        store.check(state.documents)
        assert [record.path for record in state.documents] == sorted(OTHERS)


def test_a_cache_that_cannot_be_cleared_is_removed(full: Settings) -> None:
    (full.index_dir / CACHE_FILE).write_bytes(b"no database " * 99)
    assert purge(["secret.txt"], full).vectors == 0
    assert not (full.index_dir / CACHE_FILE).exists()
    assert VectorCache(full.index_dir, identity="x", dimension=256).fetch(["a"]) == {}
