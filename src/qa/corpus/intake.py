"""Files and web addresses → the corpus, and out of it again. Replaced and removed files are kept aside.

This module only changes the folder of documents; `qa.indexing.run` brings the index up to it. A file is put in its
place whole or not at all, under a name that is safe to show and to store.
"""

from __future__ import annotations

import datetime
import glob
import hashlib
import os
import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from collections.abc import Collection as AnyCollection
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from urllib.parse import urlsplit

from qa.corpus.files import find_files, read_bytes
from qa.corpus.receipts import Outcome, Progress, Receipt, refused
from qa.corpus.web_sources import Source, read_sources, write_sources
from qa.errors import InputError, LoadError, QAError
from qa.fetching import Fetched, fetch
from qa.fetching.names import clean_name, name_page
from qa.i18n.reasons import Reason
from qa.loaders.kinds import find_kind
from qa.system.disk import explaining_disk

ASIDE_FOLDER = ".removed"
"""The folder of the corpus that keeps replaced and removed files by the time of it. It is hidden from readers."""

BETWEEN_REQUESTS_S = 1.0
"""Seconds between two requests to one server: a server should hardly notice them."""

MAX_NAME_BYTES = 200
"""Limits a file's name. File systems take 255 bytes; the rest is for what is put before a name."""

Fetch = Callable[..., Fetched]


@dataclass(frozen=True, slots=True, kw_only=True)
class UploadLimits:
    """The limits of uploads to the page at a time."""

    files: int = 20
    file_bytes: int = 50 * 2**20
    """Limits what the page's server takes, too (see `qa.ui.server.serving`)."""


def is_address(text: str) -> bool:
    """True if `text` is meant as a web address, not as a path."""
    return text.casefold().startswith(("http://", "https://"))


def add_files(paths: Sequence[Path], corpus: Path) -> tuple[Receipt, ...]:
    """A receipt for each file that could not be taken over. All other files, also in folders, are in `corpus`.

    Raises `InputError` for a path that is not there.
    """
    failed: list[Receipt] = []
    for path in paths:
        if not path.exists():
            raise InputError(f"{path} is not there; give files, folders or web addresses")
        with suppress(ValueError):  # not in the corpus: that is the usual case
            path.resolve().relative_to(corpus.resolve())
            continue
        files = [(path, PurePosixPath(path.name))]
        if path.is_dir():
            inside = find_files(path)
            files = [(file, PurePosixPath(path.resolve().name, file.relative_to(path))) for file in inside]
        for file, name in files:
            try:
                _put(read_bytes(file), name, corpus)
            except LoadError as error:
                failed.append(refused(file.name, error))
    return tuple(failed)


def add_uploads(
    files: Sequence[tuple[Path, str]], corpus: Path, *, limits: UploadLimits | None = None
) -> tuple[Receipt, ...]:
    """A receipt for each upload that was not taken; `files` are pairs of a temporary file and its former name.

    An upload's kind is told by its bytes: a name can say anything. Raises `InputError` for too many at a time.
    """
    limits = limits or UploadLimits()
    if len(files) > limits.files:
        raise InputError(Reason("why_too_many_files", count=len(files), limit=limits.files))
    failed: list[Receipt] = []
    for path, name in files:
        shown = PurePosixPath(name.replace("\\", "/")).name
        try:
            if path.stat().st_size > limits.file_bytes:
                limit = limits.file_bytes // 2**20
                raise LoadError(Reason("why_upload_too_large", file=shown, limit=limit))
            data = read_bytes(path)
            find_kind(data, shown)
            _put(data, PurePosixPath(shown), corpus)
        except LoadError as error:
            failed.append(refused(shown, error))
    return tuple(failed)


def add_address(url: str, corpus: Path, *, fetch: Fetch = fetch) -> str:
    """The path in the corpus of the page at `url`. A page that is there already is replaced.

    Raises `FetchError`, `UnsupportedType`, and `LoadError` for a page that cannot be put there.
    """
    sources = read_sources(corpus)
    known = next((name for name, source in sources.items() if source.url == url), None)
    fetched = fetch(url)
    name = known or _free_name(fetched, url, sources.keys(), corpus)
    _put(fetched.data, PurePosixPath(name), corpus)
    write_sources({**sources, name: _source(url, fetched)}, corpus)
    return name


def refresh(
    corpus: Path, *, fetch: Fetch = fetch, on_progress: Progress | None = None
) -> tuple[Receipt, ...]:
    """A receipt for each document from the web, after its server was asked for a newer version.

    A document that its server does not have any more stays as it is, and its receipt says so.
    """
    receipts: list[Receipt] = []
    sources = read_sources(corpus)
    asked: dict[str, float] = {}
    for number, (name, source) in enumerate(sorted(sources.items())):
        if on_progress:
            on_progress(number, len(sources), source.url)
        host = urlsplit(source.url).netloc
        time.sleep(max(0.0, asked.get(host, 0.0) + BETWEEN_REQUESTS_S - time.monotonic()))
        try:
            fetched = fetch(source.url, etag=source.etag, last_modified=source.last_modified)
            outcome: Outcome = "unchanged"
            if not fetched.is_unchanged and _put(fetched.data, PurePosixPath(name), corpus):
                outcome = "updated"
            write_sources({**read_sources(corpus), name: _source(source.url, fetched, before=source)}, corpus)
            receipts.append(Receipt(path=name, outcome=outcome))
        except QAError as error:
            receipts.append(refused(name, error))
        asked[host] = time.monotonic()
    return tuple(receipts)


def list_aside(corpus: Path) -> dict[str, list[Path]]:
    """The files that were put aside, by their former paths in the corpus."""
    aside: dict[str, list[Path]] = {}
    for path in sorted((corpus / ASIDE_FOLDER).glob("*/**/*")):
        if path.is_file():
            name = PurePosixPath(*path.relative_to(corpus / ASIDE_FOLDER).parts[1:]).as_posix()
            aside.setdefault(name, []).append(path)
    return aside


def delete_for_good(names: AnyCollection[str], aside: Sequence[Path], corpus: Path) -> int:
    """The number of deleted files: those at `names` in the corpus, and `aside`. Their addresses are forgotten."""
    own = [path for path in (corpus / name for name in names) if path.is_file()]
    paths = (corpus / name for name in names)
    broken = [part for path in paths for part in path.parent.glob(f".{glob.escape(path.name)}.*.part")]
    with explaining_disk(corpus):
        for path in (*own, *aside, *broken):
            path.unlink(missing_ok=True)
        for path in aside:
            for folder in list(path.relative_to(corpus / ASIDE_FOLDER).parents)[:-1]:
                with suppress(OSError):  # the folder has other files
                    (corpus / ASIDE_FOLDER / folder).rmdir()
        _forget(names, read_sources(corpus), corpus)
    return len(own) + len(aside)


def remove(names: Sequence[str], corpus: Path) -> tuple[str, ...]:
    """The paths in the corpus of the documents that were put aside.

    Each of `names` is a path in the corpus, a path from here, or the address that a document was fetched from.
    Raises `InputError`, before anything is moved, for a name that no document has.
    """
    sources = read_sources(corpus)
    paths = tuple(_find(name, sources, corpus) for name in names)
    for path in paths:
        _put_aside(path, corpus)
    _forget(paths, sources, corpus)
    return paths


def _forget(names: AnyCollection[str], sources: Mapping[str, Source], corpus: Path) -> None:
    if not sources.keys().isdisjoint(names):
        write_sources({name: source for name, source in sources.items() if name not in names}, corpus)


def _put(data: bytes, name: PurePosixPath, corpus: Path) -> bool:
    """True if the file at `name` in the corpus had to change to hold `data`. Its former bytes are put aside."""
    safe = PurePosixPath(*(_safe_name(part) for part in name.parts))
    target = corpus / safe
    if not target.parent.resolve().is_relative_to(corpus.resolve()):  # a link in the corpus leads out of it
        raise LoadError(Reason("why_outside", file=str(safe), folder=str(corpus)))
    with explaining_disk(corpus):
        if target.is_file():
            if target.read_bytes() == data:
                return False
            _put_aside(safe.as_posix(), corpus, is_copied=True)
        elif target.exists():
            raise LoadError(Reason("why_is_folder", file=str(safe), folder=str(corpus)))
        target.parent.mkdir(parents=True, exist_ok=True)
        part = target.with_name(f".{target.name}.{os.getpid()}.part")
        try:
            part.write_bytes(data)
            part.replace(target)
        finally:
            part.unlink(missing_ok=True)
    return True


def _put_aside(name: str, corpus: Path, *, is_copied: bool = False) -> None:
    stamp = datetime.datetime.now(tz=datetime.UTC).strftime("%Y%m%d-%H%M%S-%f")
    aside = corpus / ASIDE_FOLDER / stamp / name
    with explaining_disk(corpus):
        aside.parent.mkdir(parents=True, exist_ok=True)
        if is_copied:
            shutil.copy2(corpus / name, aside)
        else:
            (corpus / name).replace(aside)


def _safe_name(name: str) -> str:
    cleaned = clean_name(name)
    if not cleaned:
        raise LoadError(Reason("why_no_name", name=f"{name!r}"))
    stem, dot, suffix = cleaned.rpartition(".")
    if len(cleaned.encode()) <= MAX_NAME_BYTES:
        return cleaned
    room = MAX_NAME_BYTES - len(dot + suffix)
    return (stem or cleaned).encode()[: max(room, 1)].decode("utf-8", "ignore") + dot + suffix[:16]


def _free_name(fetched: Fetched, url: str, taken: AnyCollection[str], corpus: Path) -> str:
    """The name for `fetched`, with a hash of `url` in it where another address or file has that name."""
    name = name_page(fetched.url, fetched.data, content_type=fetched.content_type)
    if name not in taken and not (corpus / name).exists():
        return name
    path = PurePosixPath(name)
    return path.with_stem(f"{path.stem}-{hashlib.sha256(url.encode()).hexdigest()[:8]}").as_posix()


def _find(name: str, sources: dict[str, Source], corpus: Path) -> str:
    for path, source in sources.items():
        if source.url == name:
            return path
    for candidate in (corpus / name, Path(name)):
        with suppress(ValueError):
            inside = candidate.resolve().relative_to(corpus.resolve())
            if candidate.is_file() and not inside.parts[0].startswith("."):
                return inside.as_posix()
    raise InputError(Reason("why_no_document", name=f"{name!r}", folder=str(corpus)))


def _source(url: str, fetched: Fetched, *, before: Source | None = None) -> Source:
    now = datetime.datetime.now(tz=datetime.UTC).isoformat(timespec="seconds")
    new = Source(url=url, fetched=now, etag=fetched.etag, last_modified=fetched.last_modified)
    if not (before and fetched.is_unchanged):
        return new
    return replace(new, etag=new.etag or before.etag, last_modified=new.last_modified or before.last_modified)
