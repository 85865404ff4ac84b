"""The vectors of passages and sentences, in the store that is set; all that knows what it is made of."""

from qa.storage.store.base import Chunks, LoadedChunks, StoredLexical, Tokenise, VectorStore
from qa.storage.store.chroma_places import CHROMA_FOLDER
from qa.storage.store.opening import (
    copy_build,
    find_fragile,
    flush_fragile,
    hold_builds,
    is_on_server,
    new_build,
    note_whole,
    open_build_of,
    open_store,
    remove_builds,
    was_cut_off,
)

__all__ = [
    "CHROMA_FOLDER",
    "Chunks",
    "LoadedChunks",
    "StoredLexical",
    "Tokenise",
    "VectorStore",
    "copy_build",
    "find_fragile",
    "flush_fragile",
    "hold_builds",
    "is_on_server",
    "new_build",
    "note_whole",
    "open_build_of",
    "open_store",
    "remove_builds",
    "was_cut_off",
]
