"""The state of the index before its last change, brought back."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from qa.config import Settings
from qa.errors import IndexMismatch, IndexMissing
from qa.i18n.reasons import Reason
from qa.indexing.build import index_fingerprint
from qa.storage.locks import lock_index
from qa.storage.manifest import PREVIOUS_FILE, Manifest, read_manifest, require_manifest, write_manifest
from qa.storage.store import open_build_of
from qa.system.disk import explaining_disk

if TYPE_CHECKING:
    from qa.models import Embedder


def roll_back(settings: Settings, embedder: Embedder) -> Manifest:
    """The state before the last run that changed something, which becomes the index's state again.

    A second rollback takes the first back. Raises `IndexMissing` where there is no such state, `IndexMismatch`
    where it was made with other settings than those in force, and `IndexDamaged` where it cannot be read any more.
    """
    require_manifest(settings.index_dir)  # where there is no index, there is nothing to lock
    with explaining_disk(settings.index_dir), lock_index(settings.index_dir):
        manifest = require_manifest(settings.index_dir)
        previous = read_manifest(settings.index_dir, file=PREVIOUS_FILE)
        if previous is None:
            raise IndexMissing(Reason("why_no_previous", folder=str(settings.index_dir)))
        fingerprint = index_fingerprint(settings, embedder)
        if previous.fingerprint != fingerprint:
            raise IndexMismatch(
                f"the state before was built with another model or chunking ({previous.fingerprint}) than is set "
                f"now ({fingerprint}); set it back, then run it again"
            )
        open_build_of(previous, settings).check(previous.documents)
        restored = dataclasses.replace(previous, generation=manifest.generation + 1)
        write_manifest(restored, settings.index_dir)
        write_manifest(manifest, settings.index_dir, file=PREVIOUS_FILE)
    return restored
