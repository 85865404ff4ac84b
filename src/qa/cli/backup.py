"""The commands that save corpus and index to one file, and bring them back."""

from __future__ import annotations

import argparse
import sys

from qa.cli.terminal import show_progress
from qa.config import Settings


def run_backup(options: argparse.Namespace, settings: Settings) -> int:
    """`qa backup`."""
    from qa.maintenance.backup.creation import back_up

    with show_progress("saving") as show:
        backup = back_up(settings, options.file, on_progress=show)
    for name in backup.left_out:
        print(f"left out  {name}: a link out of the corpus, or no file that can be saved", file=sys.stderr)
    held = backup.header
    size = options.file.stat().st_size / 1e6
    print(f"{options.file}: {held.documents} documents, {len(held.members)} files, {size:,.1f} MB")
    vectors = "" if held.has_vectors else " Nor are the vectors, which are on a server."
    print(f"Settings, keys and models are not in it.{vectors}", file=sys.stderr)
    return 0


def run_restore(options: argparse.Namespace, settings: Settings) -> int:
    """`qa restore`."""
    from qa.maintenance.backup.restoration import restore
    from qa.storage.store import is_on_server

    with show_progress("restoring") as show:
        held = restore(options.file, settings, on_progress=show)
    print(
        f"{held.documents} documents are back in {settings.corpus_dir}, and their index in {settings.index_dir}, "
        f"as they were at {held.made}."
    )
    if is_on_server(settings) or not held.has_vectors:
        print("Its vectors are not in a backup; make them anew with: qa index", file=sys.stderr)
    return 0
