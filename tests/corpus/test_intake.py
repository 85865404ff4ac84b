"""Facts about bringing files and web pages into the corpus and out of it: nothing is ever overwritten."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa.corpus.files import find_files
from qa.corpus.intake import (
    ASIDE_FOLDER,
    UploadLimits,
    add_address,
    add_files,
    add_uploads,
    refresh,
    remove,
)
from qa.corpus.web_sources import Source, read_sources, write_sources
from qa.errors import FetchError, InputError, LoadError, UnsupportedType
from qa.fetching import Fetched

PAGE = "https://www.example.org/cases/davao/"
HTML = b"<!doctype html><title>Davao</title><p>Davao sorts its waste.</p>"


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    folder = tmp_path / "corpus"
    folder.mkdir()
    return folder


def contents(corpus: Path) -> dict[str, bytes]:
    """What the indexer would find, by path."""
    return {path.relative_to(corpus).as_posix(): path.read_bytes() for path in find_files(corpus)}


def aside(corpus: Path) -> list[bytes]:
    return [path.read_bytes() for path in sorted((corpus / ASIDE_FOLDER).rglob("*")) if path.is_file()]


def serve(*answers: Fetched | Exception) -> Callable[..., Fetched]:
    """A `fetch` that gives these answers one after the other, and the last one again and again."""
    waiting = list(answers)

    def fetch(url: str, **_: object) -> Fetched:
        answer = waiting.pop(0) if len(waiting) > 1 else waiting[0]
        if isinstance(answer, Exception):
            raise answer
        return answer

    return fetch


def page(data: bytes = HTML, *, status: int = 200, etag: str | None = None) -> Fetched:
    return Fetched(url=PAGE, status=status, data=data, content_type="text/html", etag=etag)


# Files and folders


def test_files_and_folders_are_copied_under_their_names(corpus: Path, tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("One.")
    (tmp_path / "reports" / "2016").mkdir(parents=True)
    (tmp_path / "reports" / "2016" / "b.md").write_text("Two.")
    (tmp_path / "reports" / ".hidden.md").write_text("Three.")
    assert add_files([tmp_path / "a.md", tmp_path / "reports"], corpus) == ()
    assert contents(corpus) == {"a.md": b"One.", "reports/2016/b.md": b"Two."}
    assert (tmp_path / "a.md").exists()


def test_a_file_that_comes_again_replaces_itself_and_the_old_one_is_kept_aside(
    corpus: Path, tmp_path: Path
) -> None:
    for text in ("One.", "One.", "Two."):
        (tmp_path / "a.md").write_text(text)
        add_files([tmp_path / "a.md"], corpus)
    assert contents(corpus) == {"a.md": b"Two."}
    assert aside(corpus) == [b"One."]


def test_a_file_of_the_corpus_stays_where_it_is(corpus: Path) -> None:
    (corpus / "sub").mkdir()
    (corpus / "sub" / "a.md").write_text("One.")
    assert add_files([corpus / "sub" / "a.md", corpus], corpus) == ()
    assert contents(corpus) == {"sub/a.md": b"One."}


def test_a_path_that_is_not_there_is_named(corpus: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"nothing\.md is not there"):
        add_files([tmp_path / "nothing.md"], corpus)


def test_a_folder_is_not_replaced_by_a_file(corpus: Path, tmp_path: Path) -> None:
    (corpus / "a.md").mkdir()
    (tmp_path / "a.md").write_text("One.")
    (receipt,) = add_files([tmp_path / "a.md"], corpus)
    assert (receipt.outcome, "is a folder" in receipt.message) == ("failed", True)


def test_a_link_in_the_corpus_leads_no_file_out_of_it(corpus: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (corpus / "reports").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "reports").mkdir()
    (tmp_path / "reports" / "a.md").write_text("One.")
    (receipt,) = add_files([tmp_path / "reports"], corpus)
    assert "outside" in receipt.message
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_a_disk_that_cannot_be_written_leaves_the_old_file(
    corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (corpus / "a.md").write_text("One.")
    (tmp_path / "a.md").write_text("Two.")

    def refuse(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "write_bytes", refuse)
        with pytest.raises(Exception, match="no room left"):
            add_files([tmp_path / "a.md"], corpus)
    assert contents(corpus) == {"a.md": b"One."}
    assert not list(corpus.glob(".*.part"))


# Uploads


def upload(tmp_path: Path, name: str, data: bytes = b"Some text.") -> tuple[Path, str]:
    path = tmp_path / f"upload-{len(list(tmp_path.iterdir()))}"
    path.write_bytes(data)
    return path, name


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("../../etc/passwd.md", "passwd.md"),
        ("..\\..\\boot.md", "boot.md"),
        ("/absolute.md", "absolute.md"),
        (".hidden.md", "hidden.md"),
        ("~$open in Word.md", "open-in-Word.md"),
        ("a\nb\x00\u202ecod.md", "a-bcod.md"),
        ("<img src=x onerror=alert(1)>.md", "img-src=x-onerror=alert(1)-.md"),
        ("ភ្នំពេញ 2016.md", "ភ្នំពេញ-2016.md"),
        ("Thành phố Hải Phòng.md", "Thành-phố-Hải-Phòng.md"),
        ("CON.md", "CON.md-"),
        ("x" * 300 + ".md", "x" * 197 + ".md"),
    ],
)
def test_an_upload_gets_a_name_that_is_safe_and_readable(
    name: str, kept: str, corpus: Path, tmp_path: Path
) -> None:
    assert add_uploads([upload(tmp_path, name)], corpus) == ()
    assert list(contents(corpus)) == [kept]


@given(name=st.text(max_size=300))
def test_no_name_leads_out_of_the_corpus(name: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("names")
    (folder / "corpus").mkdir()
    add_uploads([upload(folder, name)], folder / "corpus")
    assert len([path for path in folder.rglob("*") if path.is_file()]) <= 2
    assert all(path.is_relative_to(folder / "corpus") for path in folder.rglob("*.md"))
    assert len(list(folder.iterdir())) == 2


def test_uploads_are_taken_by_what_they_hold_and_not_by_their_names(corpus: Path, tmp_path: Path) -> None:
    receipts = add_uploads(
        [
            upload(tmp_path, "report.pdf", b"\x89PNG\r\n\x1a\n" + bytes(99)),
            upload(tmp_path, "tool.docx", b"\x7fELF" + bytes(99)),
            upload(tmp_path, "readme", b"Only text."),
        ],
        corpus,
    )
    assert [(each.path, each.outcome) for each in receipts] == [
        ("report.pdf", "skipped"),
        ("tool.docx", "skipped"),
    ]
    assert list(contents(corpus)) == ["readme"]


def test_uploads_are_limited_in_size_and_number(corpus: Path, tmp_path: Path) -> None:
    limits = UploadLimits(files=2, file_bytes=2**20)
    large = upload(tmp_path, "large.txt", b"x" * (2**20 + 1))
    (receipt,) = add_uploads([large, upload(tmp_path, "small.txt")], corpus, limits=limits)
    assert "large.txt is larger than 1 MiB" in receipt.message
    assert list(contents(corpus)) == ["small.txt"]
    with pytest.raises(InputError, match="3 files are too many"):
        add_uploads([upload(tmp_path, f"{n}.txt") for n in range(3)], corpus, limits=limits)


# The web


def test_a_page_is_kept_under_a_readable_name_with_its_address(corpus: Path) -> None:
    name = add_address(PAGE, corpus, fetch=serve(page(etag='"1"')))
    assert name == "web/www.example.org/cases-davao.html"
    assert contents(corpus) == {name: HTML}
    source = read_sources(corpus)[name]
    assert (source.url, source.etag) == (PAGE, '"1"')


def test_the_same_address_again_replaces_its_page(corpus: Path) -> None:
    fetch = serve(page(), page(HTML + b"<p>More.</p>"))
    assert add_address(PAGE, corpus, fetch=fetch) == add_address(PAGE, corpus, fetch=fetch)
    assert list(contents(corpus).values()) == [HTML + b"<p>More.</p>"]
    assert aside(corpus) == [HTML]


def test_two_addresses_of_one_name_stay_two_documents(corpus: Path) -> None:
    names = {
        add_address(url, corpus, fetch=serve(page()))
        for url in (PAGE, "https://www.example.org/cases-davao", "https://www.example.org/cases-davao.html")
    }
    assert len(names) == len(contents(corpus)) == 3


def test_a_page_that_cannot_be_fetched_changes_nothing(corpus: Path) -> None:
    for error in (FetchError("gone"), UnsupportedType("a film")):
        with pytest.raises(type(error)):
            add_address(PAGE, corpus, fetch=serve(error))
    assert contents(corpus) == {}
    assert read_sources(corpus) == {}


def test_refreshing_asks_with_the_server_s_own_marks_and_tells_what_is_new(corpus: Path) -> None:
    add_address(PAGE, corpus, fetch=serve(page(etag='"1"')))
    asked: list[dict[str, object]] = []
    answers: list[Fetched | FetchError] = [
        page(b"", status=304),
        page(HTML + b"<p>More.</p>", etag='"2"'),
        FetchError("it has gone"),
    ]

    def fetch(url: str, **marks: object) -> Fetched:
        asked.append({"url": url, **marks})
        answer = answers[len(asked) - 1]
        if isinstance(answer, Exception):
            raise answer
        return answer

    outcomes = [refresh(corpus, fetch=fetch)[0].outcome for _ in answers]
    assert outcomes == ["unchanged", "updated", "failed"]
    assert [each["etag"] for each in asked] == ['"1"', '"1"', '"2"']
    assert list(contents(corpus).values()) == [HTML + b"<p>More.</p>"]  # what a server has lost stays here


def test_broken_sources_are_named_and_lose_nothing(corpus: Path) -> None:
    write_sources({"a.html": Source(url=PAGE, fetched="2026-01-01")}, corpus)
    assert read_sources(corpus)["a.html"].url == PAGE
    (corpus / ".sources.json").write_text("[")
    with pytest.raises(LoadError, match=r"\.sources\.json cannot be read"):
        add_address(PAGE, corpus, fetch=serve(page()))


# Out again


def test_a_document_is_removed_by_its_path_or_address_and_kept_aside(
    corpus: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (corpus / "sub").mkdir()
    (corpus / "sub" / "a.md").write_text("One.")
    (corpus / "b.md").write_text("Two.")
    name = add_address(PAGE, corpus, fetch=serve(page()))
    monkeypatch.chdir(corpus.parent)
    assert remove(["sub/a.md", "corpus/b.md", PAGE], corpus) == ("sub/a.md", "b.md", name)
    assert contents(corpus) == {}
    assert sorted(aside(corpus)) == sorted([b"One.", b"Two.", HTML])
    assert read_sources(corpus) == {}


@pytest.mark.parametrize("name", ["nothing.md", "../outside.md", ".sources.json", "sub", ""])
def test_what_is_no_document_is_not_removed(name: str, corpus: Path) -> None:
    (corpus / "a.md").write_text("One.")
    (corpus / "sub").mkdir()
    (corpus / ".sources.json").write_text("{}")
    (corpus.parent / "outside.md").write_text("Out.")
    with pytest.raises(InputError, match="there is no document"):
        remove(["a.md", name], corpus)
    assert contents(corpus) == {"a.md": b"One."}
    assert (corpus.parent / "outside.md").exists()
    assert os.listdir(corpus) != []
