"""The vectors of passages and sentences, in the store that is set: a Chroma folder in the index, or a server.

A server is Chroma or PostgreSQL. For each build on a server, the index has a file `builds/<build>` that names the
server and is written before the build is made. So a build that a run left behind is found and removed there, and
builds of other indexes on the same server are left alone.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from qa.config import Settings
from qa.storage.locks import lock_graphs
from qa.storage.manifest import Manifest
from qa.storage.records import Tokenise
from qa.storage.store.base import Chunks, LoadedChunks, StoredLexical, VectorStore
from qa.storage.store.chroma import ChromaStore
from qa.storage.store.chroma_places import CHROMA_FOLDER, ChromaFolder, ChromaServer, remove_folders
from qa.storage.store.postgres import PostgresStore
from qa.storage.store.postgres_place import PostgresSchema
from qa.system.disk import write_whole

__all__ = ["CHROMA_FOLDER", "Chunks", "LoadedChunks", "StoredLexical", "VectorStore"]

BUILDS_FOLDER = "builds"
"""The folder of the index that names the builds on servers."""


def open_store(
    settings: Settings, *, build: str, fingerprint: str, tokenise: Tokenise | None = None, create: bool = True
) -> VectorStore:
    """The store of one build of the index, made if `create`.

    `tokenise`, the embedder's, is needed to write to a store with a lexical search of its own. Raises
    `IndexMismatch` if the build was made with other settings than those of `fingerprint`, `IndexDamaged` if it is
    not there or cannot be read, `DiskError` if it cannot be written, and `StoreUnreachable`.
    """
    place = _place(settings, build)
    if create and not isinstance(place, ChromaFolder):
        note = settings.index_dir / BUILDS_FOLDER / build
        note.parent.mkdir(parents=True, exist_ok=True)
        write_whole(note, f"{place}\n")
    if isinstance(place, PostgresSchema):
        return PostgresStore(place, fingerprint=fingerprint, tokenise=tokenise, create=create)
    return ChromaStore(place, fingerprint=fingerprint, create=create)


def open_build_of(
    manifest: Manifest, settings: Settings, *, tokenise: Tokenise | None = None, create: bool = False
) -> VectorStore:
    """The store of the build that `manifest` names; see `open_store`."""
    build, fingerprint = manifest.build, manifest.fingerprint
    return open_store(settings, build=build, fingerprint=fingerprint, tokenise=tokenise, create=create)


def copy_build(settings: Settings, *, build: str, fingerprint: str, keep: Collection[str]) -> str:
    """The name of a build with the records of the versions `keep`.

    In a folder this is a new build with nothing else, for files of Chroma keep the bytes of deleted records. On a
    server it is `build` itself, whose other records are still to be deleted. Raises what `open_store` does.
    """
    place = _place(settings, build)
    if not isinstance(place, ChromaFolder):
        return build
    store = ChromaStore(place, fingerprint=fingerprint, create=False)
    copy = ChromaFolder(settings.index_dir, new_build())
    store.copy_to(ChromaStore(copy, fingerprint=fingerprint), keep)
    return copy.build


def new_build() -> str:
    """A name that no build has."""
    return uuid.uuid4().hex[:12]


def remove_builds(settings: Settings, *, keep: Collection[str]) -> None:
    """Remove the builds of the index that are in folders or on the server that is set, but those to keep."""
    remove_folders(settings.index_dir, keep=keep)
    for note in sorted((settings.index_dir / BUILDS_FOLDER).glob("[!.]*")):
        place, server = _place(settings, note.name), note.read_text(encoding="utf-8").strip()
        if note.name not in keep and not isinstance(place, ChromaFolder) and str(place) == server:
            place.remove()
            note.unlink(missing_ok=True)


def chroma_folder(settings: Settings, *, build: str) -> Path | None:
    """The folder of a build whose files are Chroma's own; None for a build on a server."""
    place = _place(settings, build)
    return place.folder if isinstance(place, ChromaFolder) else None


def is_on_server(settings: Settings) -> bool:
    """True if a server keeps the vectors, not the index."""
    return bool(settings.postgres_url or settings.chroma_url)


@contextmanager
def hold_builds(settings: Settings, builds: Collection[str]) -> Iterator[tuple[Path, ...]]:
    """The folders of `builds` in the index, to be copied while nobody changes them.

    Raises `IndexBusy` where another process does not let go of a folder.
    """
    places = (chroma_folder(settings, build=build) for build in sorted(builds))
    folders = tuple(folder for folder in places if folder and folder.is_dir())
    with ExitStack() as stack:
        for folder in folders:
            stack.enter_context(lock_graphs(folder, only_copies=True))
        yield folders


def _place(settings: Settings, build: str) -> ChromaFolder | ChromaServer | PostgresSchema:
    if settings.postgres_url:
        return PostgresSchema(settings.postgres_url, build)
    if settings.chroma_url:
        return ChromaServer(settings.chroma_url, build, settings.chroma_token)
    return ChromaFolder(settings.index_dir, build)
