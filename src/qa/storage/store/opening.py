"""The store that is set, opened: a Chroma folder in the index, a Chroma server, or PostgreSQL.

Of each build on a server there is a file `builds/<build>` in the index, written before the build is made, that
names the server. So builds that nobody needs any more are found and removed there, whenever a run was cut off, and
those of other indexes on the same server are left alone.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from qa.config import Settings
from qa.storage import locks as locking
from qa.storage.store.base import Tokenise, VectorStore
from qa.storage.store.chroma import ChromaStore
from qa.storage.store.chroma_places import ChromaFolder, ChromaServer, find_graph, remove_folders
from qa.storage.store.postgres import PostgresStore
from qa.storage.store.postgres_place import PostgresSchema
from qa.system.disk import flush, write_whole

if TYPE_CHECKING:
    from qa.storage.manifest import Manifest

BUILDS_FOLDER = "builds"
"""The folder of the index that names the builds on servers."""


def open_store(
    settings: Settings,
    *,
    build: str,
    fingerprint: str,
    tokenise: Tokenise | None = None,
    create: bool = True,
) -> VectorStore:
    """The store of one build of the index, made if `create`.

    `tokenise`, the embedder's, is needed to write to a store that has a lexical search of its own. Raises
    `IndexMismatch` if the build was made with other settings than those of `fingerprint`, `IndexDamaged` if it is
    not there or cannot be read, `DiskError` if it cannot be written, and `StoreUnreachable`.
    """
    place = _place(settings, build)
    if create and not isinstance(place, ChromaFolder):
        _note_build(settings, place)
    if isinstance(place, PostgresSchema):
        return PostgresStore(place, fingerprint=fingerprint, tokenise=tokenise, create=create)
    return ChromaStore(place, fingerprint=fingerprint, create=create)


def open_build_of(
    manifest: Manifest, settings: Settings, *, tokenise: Tokenise | None = None, create: bool = False
) -> VectorStore:
    """The store of the build that `manifest` names, with what it was made with; see `open_store`."""
    return open_store(
        settings,
        build=manifest.build,
        fingerprint=manifest.fingerprint,
        tokenise=tokenise,
        create=create,
    )


def copy_build(settings: Settings, *, build: str, fingerprint: str, keep: Collection[str]) -> str:
    """The name of a build with the records of the versions `keep` and, where it is in a folder, nothing else.

    In a folder it is a new one: files of Chroma keep the bytes of what is deleted. On a server it is `build`
    itself, of which other records are still to be deleted. Raises what `open_store` does.
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
    for build, server in _builds_on_servers(settings):
        place = _place(settings, build)
        if build not in keep and not isinstance(place, ChromaFolder) and str(place) == server:
            place.remove()
            (settings.index_dir / BUILDS_FOLDER / build).unlink(missing_ok=True)


def find_fragile(settings: Settings, *, build: str) -> tuple[tuple[str, int, int], ...]:
    """The files of a build that crash the process which opens them when they are damaged: name, size, and time of
    change in nanoseconds."""
    is_folder = isinstance(_place(settings, build), ChromaFolder)
    return find_graph(settings.index_dir, build=build) if is_folder else ()


def was_cut_off(settings: Settings, *, build: str) -> bool:
    """True if a process was cut off while it was at the files of a build that crash others when damaged."""
    place = _place(settings, build)
    return isinstance(place, ChromaFolder) and locking.was_cut_off(place.folder)


def note_whole(settings: Settings, *, build: str) -> None:
    """Note that the files of a build have been found whole, whoever was cut off before."""
    place = _place(settings, build)
    if isinstance(place, ChromaFolder):
        locking.note_whole(place.folder)


def flush_fragile(settings: Settings, *, build: str) -> None:
    """See to it that the files of `find_fragile` are on the disk as they are."""
    place = _place(settings, build)
    if isinstance(place, ChromaFolder):
        for name, *_ in find_graph(settings.index_dir, build=build):
            flush(place.folder / name)


def is_on_server(settings: Settings) -> bool:
    """True if vectors are kept on a server, not in the index."""
    return bool(settings.postgres_url or settings.chroma_url)


@contextmanager
def hold_builds(settings: Settings, builds: Collection[str]) -> Iterator[tuple[Path, ...]]:
    """The folders of those of `builds` that are in the index, to be copied while nobody changes what is in them.

    Raises `IndexBusy` where somebody does not let go of one.
    """
    places = (_place(settings, build) for build in sorted(builds))
    folders = tuple(
        place.folder for place in places if isinstance(place, ChromaFolder) and place.folder.is_dir()
    )
    with ExitStack() as stack:
        for folder in folders:
            stack.enter_context(locking.lock_graphs(folder, only_copies=True))
        yield folders


def _place(settings: Settings, build: str) -> ChromaFolder | ChromaServer | PostgresSchema:
    if settings.postgres_url:
        return PostgresSchema(settings.postgres_url, build)
    if settings.chroma_url:
        return ChromaServer(settings.chroma_url, build, settings.chroma_token)
    return ChromaFolder(settings.index_dir, build)


def _note_build(settings: Settings, place: ChromaServer | PostgresSchema) -> None:
    path = settings.index_dir / BUILDS_FOLDER / place.build
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, f"{place}\n")


def _builds_on_servers(settings: Settings) -> Iterator[tuple[str, str]]:
    """The builds of the index that were made on servers, with the names of those."""
    for path in sorted((settings.index_dir / BUILDS_FOLDER).glob("[!.]*")):
        yield path.name, path.read_text(encoding="utf-8").strip()
