"""Facts about the committed state: it is written whole, read back the same, and told when it is broken."""

from __future__ import annotations

import dataclasses
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from qa.domain import Document, PageStart, Section, Span
from qa.errors import IndexMismatch
from qa.storage.manifest import (
    KEEP_TEXTS_DAYS,
    MANIFEST_FILE,
    TEXTS_FOLDER,
    DocumentRecord,
    Manifest,
    read_manifest,
    read_text,
    remove_texts,
    retire_texts,
    write_manifest,
    write_text,
)
from qa.system.disk import write_whole

WORDS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
RECORDS = st.builds(
    DocumentRecord,
    path=WORDS, doc_id=WORDS, title=WORDS, sha256=WORDS, version=WORDS, chunks=st.integers(0, 999),
    characters=st.integers(0, 10**9), language=WORDS, cities=st.lists(WORDS, max_size=3).map(tuple),
    date=st.none() | WORDS, url=st.none() | WORDS,
)  # fmt: skip
MANIFESTS = st.builds(
    Manifest,
    build=WORDS,
    fingerprint=WORDS,
    generation=st.integers(0, 10**6),
    documents=st.lists(RECORDS, max_size=4).map(tuple),
)
DOCUMENT = Document(
    doc_id="d", path="a.md", title="ភ្នំពេញ", text="Head\n\nCafé 👩‍👩‍👧‍👦.\n\nEnd.", sha256="0", version="v1",
    cities=("Phnom Penh",), language="km", date="2024-01-05", url="https://example.org", source_title="S",
    pages=(PageStart(1, 0), PageStart(2, 6)), sections=(Section("Head", 1, Span(0, 4)),), is_titled=False,
)  # fmt: skip

WRITER = """
import sys
from pathlib import Path
from qa.storage.manifest import DocumentRecord, Manifest, write_manifest
record = DocumentRecord(path="p", doc_id="d", title="t" * 500, sha256="s", version="v", chunks=1,
                        characters=1, language="en")
print("ready", flush=True)
for generation in range(1, 301):
    write_manifest(Manifest(build="b", fingerprint="f", generation=generation,
                            documents=(record,) * (generation % 40)), Path(sys.argv[1]))
"""


@given(manifest=MANIFESTS)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40, deadline=None)
def test_a_manifest_is_read_back_as_it_was_written(tmp_path: Path, manifest: Manifest) -> None:
    write_manifest(manifest, tmp_path)
    assert read_manifest(tmp_path) == manifest


def test_where_nothing_was_written_there_is_no_manifest(tmp_path: Path) -> None:
    assert read_manifest(tmp_path) is None
    assert read_manifest(tmp_path / "missing") is None


@pytest.mark.parametrize("content", [b"", b"{", b'{"format": 1, "buil', b"\xff\xfe", b"{}", b'{"format": 0}'])
def test_a_broken_manifest_is_an_error_that_names_the_file_and_the_next_step(
    content: bytes, tmp_path: Path
) -> None:
    (tmp_path / MANIFEST_FILE).write_bytes(content)
    with pytest.raises(IndexMismatch, match=r"manifest\.json .*qa index --rebuild"):
        read_manifest(tmp_path)


@pytest.mark.parametrize(
    "content",
    [
        "[]",
        '{"format": 1}',
        '{"format": 1, "build": "b", "fingerprint": "f", "generation": 1, "documents": [{"cities": []}]}',
    ],
)
def test_a_manifest_of_another_shape_is_an_error_that_names_the_next_step(
    content: str, tmp_path: Path
) -> None:
    (tmp_path / MANIFEST_FILE).write_text(content, encoding="utf-8")
    with pytest.raises(IndexMismatch, match="qa index --rebuild"):
        read_manifest(tmp_path)


def test_the_live_versions_are_those_of_its_documents() -> None:
    records = tuple(
        DocumentRecord(
            path=path,
            doc_id=path,
            title="T",
            sha256="0",
            version=version,
            chunks=1,
            characters=1,
            language="en",
        )
        for path, version in (("a.md", "v1"), ("b.md", "v2"))
    )
    assert Manifest(build="b", fingerprint="f", documents=records).versions == {"v1", "v2"}
    assert Manifest(build="b", fingerprint="f").versions == frozenset()


@pytest.mark.parametrize("broken", ["write", "fsync", "replace"])
def test_a_write_that_fails_leaves_what_was_there(
    broken: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "file.json"
    write_whole(path, "old")

    def fail(*_: object, **__: object) -> None:
        raise OSError("the disk is full")

    if broken == "replace":
        monkeypatch.setattr(Path, "replace", fail)
    elif broken == "fsync":
        monkeypatch.setattr(os, "fsync", fail)
    text = "\ud800 cannot be written" if broken == "write" else "new"
    with pytest.raises((OSError, UnicodeEncodeError)):
        write_whole(path, text)
    assert path.read_text(encoding="utf-8") == "old"


def test_a_write_leaves_the_file_and_nothing_beside_it(tmp_path: Path) -> None:
    write_whole(tmp_path / "file.json", "old, and longer than what comes next")
    write_whole(tmp_path / "file.json", "né ភ")
    assert (tmp_path / "file.json").read_bytes() == "né ភ".encode()
    assert [path.name for path in tmp_path.iterdir()] == ["file.json"]


def test_the_content_is_on_the_disk_before_the_name_points_to_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps: list[str] = []
    fsync, replace = os.fsync, Path.replace

    def note_fsync(descriptor: int) -> None:
        steps.append("folder" if os.path.isdir(f"/proc/self/fd/{descriptor}") else "file")
        fsync(descriptor)

    def note_replace(self: Path, target: Path) -> Path:
        steps.append("replace")
        return replace(self, target)

    monkeypatch.setattr(os, "fsync", note_fsync)
    monkeypatch.setattr(Path, "replace", note_replace)
    write_whole(tmp_path / "file.json", "new")
    assert steps == ["file", "replace", "folder"]


def test_a_reader_beside_a_writer_never_sees_half_a_manifest(tmp_path: Path) -> None:
    write_manifest(Manifest(build="b", fingerprint="f"), tmp_path)
    command = [sys.executable, "-c", WRITER, str(tmp_path)]
    seen = []
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout
        assert writer.stdout.readline() == "ready\n"
        while writer.poll() is None:
            manifest = read_manifest(tmp_path)
            assert manifest
            assert len(manifest.documents) == manifest.generation % 40
            seen.append(manifest.generation)
    assert writer.returncode == 0
    assert seen == sorted(seen)
    assert len(set(seen)) > 1


def test_a_document_is_read_back_as_it_was_kept(tmp_path: Path) -> None:
    write_text(DOCUMENT, tmp_path)
    assert read_text("v1", tmp_path) == DOCUMENT
    assert read_text("v2", tmp_path) is None


def test_only_the_texts_that_are_to_be_kept_stay(tmp_path: Path) -> None:
    for version in ("v1", "v2", "v3"):
        write_text(dataclasses.replace(DOCUMENT, version=version), tmp_path)
    (tmp_path / TEXTS_FOLDER / ".v4.json.17.part").write_text("{", encoding="utf-8")
    for version in ("v1", "v2"):
        long_ago = time.time() - (KEEP_TEXTS_DAYS + 1) * 86400
        os.utime(tmp_path / TEXTS_FOLDER / f"{version}.json", (long_ago, long_ago))
    # v1 is live however old it is; v3 was retired today.
    remove_texts(tmp_path, keep={"v1"})
    assert sorted(path.name for path in (tmp_path / TEXTS_FOLDER).iterdir()) == ["v1.json", "v3.json"]


def test_a_text_stays_for_so_long_from_when_it_was_retired(tmp_path: Path) -> None:
    write_text(DOCUMENT, tmp_path)
    os.utime(tmp_path / TEXTS_FOLDER / "v1.json", (0, 0))
    retire_texts(tmp_path, {"v1", "gone"})
    remove_texts(tmp_path, keep=())
    assert read_text("v1", tmp_path) is not None


def test_removing_texts_where_there_are_none_does_nothing(tmp_path: Path) -> None:
    remove_texts(tmp_path, keep=())
    assert list(tmp_path.iterdir()) == []
