"""What an index holds, and whether that is what a fresh one would hold."""

from __future__ import annotations

from typing import Any

import numpy as np

from conftest import CountingEmbedder
from qa.config import Settings
from qa.domain import Chunk
from qa.indexing.chunking import text_to_embed
from qa.storage.manifest import PREVIOUS_FILE, Manifest, read_manifest, read_text
from qa.storage.store import BUILDS_FOLDER, VectorStore, open_store
from qa.storage.store.chroma_places import CHROMA_FOLDER

ROUNDING = 1e-6
"""Chroma makes vectors unit again each time they are written, which can change their last bits."""


def committed(settings: Settings) -> Manifest:
    manifest = read_manifest(settings.index_dir)
    assert manifest is not None
    return manifest


def store_of(settings: Settings) -> VectorStore:
    manifest = committed(settings)
    return open_store(settings, build=manifest.build, fingerprint=manifest.fingerprint, create=False)


def read_live(settings: Settings) -> dict[str, tuple[Chunk, Any, Any]]:
    """Every live chunk by its id, with its vector and its sentences'."""
    store = store_of(settings)
    chunks = tuple(store.load_chunks(committed(settings).documents))
    vectors = store.fetch_vectors(chunks) if chunks else {}
    return {chunk.chunk_id: (chunk, *vectors[chunk.chunk_id]) for chunk in chunks}


def builds(settings: Settings) -> set[str]:
    """The builds that there are, in folders of the index and on servers."""
    on_servers = {path.name for path in settings.index_dir.glob(f"{BUILDS_FOLDER}/*")}
    return on_servers | {
        path.name.removeprefix(CHROMA_FOLDER) for path in settings.index_dir.glob(f"{CHROMA_FOLDER}*")
    }


def assert_same_state(settings: Settings, fresh: Settings) -> None:
    """Questions find in the index of `settings` what they find in that of `fresh`, and nothing else."""
    manifest, expected = committed(settings), committed(fresh)
    assert manifest.documents == expected.documents
    assert manifest.fingerprint == expected.fingerprint
    assert manifest.is_complete
    live, expected_live = read_live(settings), read_live(fresh)
    assert live.keys() == expected_live.keys()
    for chunk_id, (chunk, passage, sentences) in live.items():
        assert chunk == expected_live[chunk_id][0]
        np.testing.assert_allclose(passage, expected_live[chunk_id][1], atol=ROUNDING)
        np.testing.assert_allclose(sentences, expected_live[chunk_id][2], atol=ROUNDING)
    for version in manifest.versions:
        assert read_text(version, settings.index_dir) == read_text(version, fresh.index_dir)
    # No more is kept than what the state before this one needs.
    previous = read_manifest(settings.index_dir, file=PREVIOUS_FILE)
    assert builds(settings) <= {manifest.build, *([previous.build] if previous else [])}


def assert_everything_is_retrievable(settings: Settings, embedder: CountingEmbedder) -> Manifest:
    """Every chunk of the committed documents is there, with its text and its vectors, and is found by them."""
    manifest, store = committed(settings), store_of(settings)
    chunks = tuple(store.load_chunks(manifest.documents))
    vectors = store.fetch_vectors(chunks) if chunks else {}
    for record in manifest.documents:
        document = read_text(record.version, settings.index_dir)
        own = [chunk for chunk in chunks if chunk.source.doc_id == record.doc_id]
        assert document is not None
        assert (document.path, document.sha256) == (record.path, record.sha256)
        assert len(own) == record.chunks
        for chunk in own:
            assert chunk.place.span.cut(document.text) == chunk.text
            passage, sentences = vectors[chunk.chunk_id]
            expected = embedder.encode_passages([text_to_embed(chunk, document)])[0]
            np.testing.assert_allclose(passage, expected, atol=ROUNDING)
            assert len(sentences) == len(chunk.sentences)
    for kind in ("passages", "sentences"):
        if chunks:
            found = store.query(vectors[chunks[0].chunk_id][0], kind=kind, count=sum(store.count()))
            assert {chunk.chunk_id for chunk in chunks} <= {chunk_id for chunk_id, _ in found}
    return manifest
