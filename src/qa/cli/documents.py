"""The commands that change or show what the index holds."""

from __future__ import annotations

import argparse
import dataclasses
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from qa.cli.terminal import show_progress, tell
from qa.config import Settings
from qa.errors import QAError
from qa.system.startup import without_collecting

if TYPE_CHECKING:
    from qa.corpus.receipts import Receipt
    from qa.models import Embedder


def run_index(options: argparse.Namespace, settings: Settings) -> int:
    """`qa index`."""
    from qa.corpus.files import find_files

    find_files(settings.corpus_dir)  # before the model is loaded: a wrong folder should say so at once
    embedder = _open_embedder(settings)
    status = index_documents(settings, embedder, rebuild=options.rebuild, as_json=options.json)
    return _watch(options, settings, embedder) if options.watch else status


def run_add(options: argparse.Namespace, settings: Settings) -> int:
    """`qa add`."""
    from qa.corpus.intake import add_address, add_files, is_address
    from qa.corpus.receipts import Receipt

    paths = [Path(what) for what in options.what if not is_address(what)]
    settings.corpus_dir.mkdir(parents=True, exist_ok=True)
    refused = list(add_files(paths, settings.corpus_dir))
    for url in filter(is_address, options.what):
        try:
            add_address(url, settings.corpus_dir)
        except QAError as error:
            refused.append(Receipt(path=url, outcome="failed", message=error.message))
    return index_documents(settings, _open_embedder(settings), as_json=options.json, refused=refused)


def run_remove(options: argparse.Namespace, settings: Settings) -> int:
    """`qa remove`."""
    from qa.corpus.intake import ASIDE_FOLDER, remove

    remove(options.what, settings.corpus_dir)
    print(f"The files are kept in {settings.corpus_dir / ASIDE_FOLDER}.", file=sys.stderr)
    return index_documents(settings, _open_embedder(settings), as_json=options.json)


def run_purge(options: argparse.Namespace, settings: Settings) -> int:
    """`qa purge`."""
    from qa.corpus.change_log import note_purge, operator
    from qa.maintenance.purging import purge
    from qa.rendering.receipts import purge_lines

    receipt = purge(options.what, settings)
    note_purge(settings.index_dir, operator(), receipt)
    if options.json:
        print(json.dumps(dataclasses.asdict(receipt), ensure_ascii=False))
    else:
        print("\n".join(purge_lines(receipt)))
    return 0


def run_refresh(options: argparse.Namespace, settings: Settings) -> int:
    """`qa refresh`."""
    from qa.corpus.intake import refresh

    with show_progress("asking") as show:
        receipts = refresh(settings.corpus_dir, on_progress=show)
    refused = [receipt for receipt in receipts if receipt.message]
    return index_documents(settings, _open_embedder(settings), as_json=options.json, refused=refused)


def run_rollback(options: argparse.Namespace, settings: Settings) -> int:
    """`qa rollback`."""
    from qa.corpus.change_log import changed_paths, note_change, operator
    from qa.indexing.rollback import roll_back
    from qa.storage.manifest import require_manifest

    before = require_manifest(settings.index_dir).documents
    manifest = roll_back(settings, _open_embedder(settings))
    note_change(settings.index_dir, operator(), "rolled_back", changed_paths(before, manifest.documents))
    print(
        f"The index is back at the state before, with {len(manifest.documents)} documents; once more takes that "
        f"back. The next qa index brings it up to {settings.corpus_dir} again."
    )
    return 0


def _open_embedder(settings: Settings) -> Embedder:
    with without_collecting():
        from qa.models import load_embedder

        return load_embedder(settings)


def index_documents(
    settings: Settings,
    embedder: Embedder,
    *,
    as_json: bool = False,
    rebuild: bool = False,
    refused: Sequence[Receipt] = (),
) -> int:
    """1 if a file could not be read, else 0.

    The index is brought up to the documents, and the report is printed together with what was `refused` before.
    """
    from qa.corpus.change_log import note_report, operator
    from qa.corpus.receipts import to_table
    from qa.feedback import forget_older
    from qa.indexing.run import index_corpus
    from qa.rendering.receipts import report_lines

    with show_progress("indexing") as show:
        report = index_corpus(settings, embedder, rebuild=rebuild, on_progress=show)
    note_report(settings.index_dir, operator(), report)
    report = dataclasses.replace(report, receipts=(*report.receipts, *refused))
    try:
        forget_older(settings.index_dir, days=settings.keep_questions_days)
    except QAError as error:  # the documents are indexed all the same
        print(f"qa: {error}", file=sys.stderr)
    if as_json:
        print(json.dumps(to_table(report), ensure_ascii=False), flush=True)
    else:
        print("\n".join(report_lines(report)), flush=True)
    return 1 if report.has_failures else 0


def _watch(options: argparse.Namespace, settings: Settings, embedder: Embedder) -> int:
    """Bring the index up to the documents whenever they change, until it is interrupted."""
    from watchfiles import watch

    tell(f"Watching {settings.corpus_dir}; Ctrl-C ends.")

    def is_shown(_: object, path: str) -> bool:  # the program's own files, and half copied ones, are hidden
        return not Path(path).name.startswith(".")

    for _ in watch(settings.corpus_dir, watch_filter=is_shown, raise_interrupt=True):
        try:
            index_documents(settings, embedder, as_json=options.json)
        except QAError as error:  # a full disk, or another writer: the next change tries again
            tell(f"qa: {error}")
    return 0


def run_coverage(options: argparse.Namespace, settings: Settings) -> int:
    """`qa coverage`."""
    from qa.engine.library import open_library
    from qa.models import Models
    from qa.rendering.coverage import coverage_lines
    from qa.storage.manifest import require_manifest

    require_manifest(settings.index_dir)  # before the model is loaded: it should say so at once
    table = open_library(settings, Models(_open_embedder(settings))).coverage
    if options.json:
        rows = list(map(dataclasses.asdict, table.rows))
        print(json.dumps({"subjects": [subject.name for subject in table.subjects], "rows": rows}))
    else:
        print("\n".join(coverage_lines(table)))
    return 0


def run_status(options: argparse.Namespace, settings: Settings) -> int:
    """`qa status`."""
    from qa.storage.manifest import FORMAT, require_manifest
    from qa.storage.upgrade import read_upgrade

    manifest = require_manifest(settings.index_dir)
    upgrade = read_upgrade(settings.index_dir)
    if options.changes:
        return _show_changes(options, settings)
    llm = _llm_status(settings) if settings.llm or settings.local_llm else ""
    if options.json:
        more = {"llm": llm, "upgrade": upgrade and dataclasses.asdict(upgrade)}
        table = dataclasses.asdict(manifest) | {name: value for name, value in more.items() if value}
        print(json.dumps(table, ensure_ascii=False))
        return 0
    chunks = sum(record.chunks for record in manifest.documents)
    print(f"index       {settings.index_dir} (generation {manifest.generation})")
    print(f"made with   {manifest.fingerprint}")
    if upgrade:
        print(f"upgrade     {upgrade.done} of {upgrade.total} files; this index answers until all are done")
    elif manifest.format < FORMAT or not manifest.fingerprint.endswith(settings.fingerprint()):
        print(
            "upgrade     made by an older program or with other settings; qa index builds it anew beside it"
        )
    print(f"documents   {len(manifest.documents)}, in {chunks} chunks")
    if llm:
        print(f"llm         {settings.llm or settings.local_llm}: {llm}")
    for record in manifest.documents:
        cities = f"; {', '.join(record.cities)}" if record.cities else ""
        print(f"  {record.path}: {record.title} ({record.language}, {record.chunks} chunks{cities})")
    return 0


def _show_changes(options: argparse.Namespace, settings: Settings) -> int:
    from qa.corpus.change_log import list_changes
    from qa.rendering.changes import changes_lines

    changes = list_changes(settings.index_dir)
    if options.json:
        print(json.dumps({"changes": [dataclasses.asdict(change) for change in changes]}, ensure_ascii=False))
    elif changes:
        print("\n".join(changes_lines(changes)))
    else:
        print(f"No change is noted in {settings.index_dir}.", file=sys.stderr)
    return 0


def _llm_status(settings: Settings) -> str:
    """Whether the language model that is set answers, or why it does not."""
    from qa.llm.language_model import try_language_model
    from qa.llm.llama_server import check_local_llm

    try:
        if settings.local_llm:  # not tried here: it may fill the memory, beside the one that is running
            size = check_local_llm(Path(settings.local_llm))
            return f"a file of {size / 1e6:,.0f} MB; qa serve, chat and ask run it themselves"
        return f"answers, in {try_language_model(settings):.1f} s"
    except QAError as error:
        return f"does not answer: {error}"
