"""The build that a run of the indexer writes to: the build that answers, or a new build beside it."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from qa.config import Settings
from qa.errors import IndexDamaged
from qa.i18n.reasons import Reason
from qa.storage.integrity import check_store
from qa.storage.manifest import Manifest, read_state
from qa.storage.store import VectorStore, new_build, open_build_of

if TYPE_CHECKING:
    from qa.models import Embedder

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Build:
    """A build to write to, and the state of the index before the run."""

    before: Manifest | None
    manifest: Manifest
    store: VectorStore
    is_upgrade: bool = False
    """True if the build before is whole, but an older program or other settings made it."""
    notes: tuple[str, ...] = ()

    @property
    def is_beside(self) -> bool:
        """True if another build answers until this one is whole."""
        return self.before is not None and self.before.build != self.manifest.build


def index_fingerprint(settings: Settings, embedder: Embedder) -> str:
    """The model and settings that an index is made with. An index is added to only with the same."""
    return f"{embedder.identity} / {settings.fingerprint()}"


def open_build(settings: Settings, embedder: Embedder, *, rebuild: bool) -> Build:
    """The build of the index where it is whole and made with the settings in force, else a new build."""
    fingerprint = index_fingerprint(settings, embedder)
    before = read_state(settings.index_dir, may_be_lost=rebuild)
    notes: tuple[str, ...] = ()
    is_upgrade = before is not None and not rebuild and not before.is_made_with(fingerprint)
    if is_upgrade:
        logger.warning("%s is of another format, model or chunking: it is built anew", settings.index_dir)
        notes = (Reason("why_index_upgraded"),)
    elif before and not rebuild:
        try:
            check_store(before, settings)
            store = open_build_of(before, settings, tokenise=embedder.subwords)
            return Build(before=before, manifest=before, store=store)
        except IndexDamaged as error:
            logger.warning("%s", error)
            notes = (Reason("why_vectors_remade", build=before.build),)
    generation = before.generation if before else 0
    manifest = Manifest(build=new_build(), fingerprint=fingerprint, generation=generation)
    store = open_build_of(manifest, settings, tokenise=embedder.subwords, create=True)
    return Build(before=before, manifest=manifest, store=store, is_upgrade=is_upgrade, notes=notes)
