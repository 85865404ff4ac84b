"""`index/changes.jsonl`: who changed which documents, and when.

Each line is one change, and lines are only added. A full file becomes the older of two files, so that both never
take much room. Where a document is removed for good, its name goes and the change stays.
"""

from __future__ import annotations

import dataclasses
import datetime
import json
import logging
import os
import pwd
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from qa.corpus.receipts import IndexReport, PurgeReceipt
from qa.errors import QAError
from qa.storage.locks import lock_changes
from qa.storage.manifest import DocumentRecord, make_index_folder
from qa.system.disk import explaining_disk, write_whole

CHANGES_FILE, OLDER_FILE = "changes.jsonl", "changes.1.jsonl"
MAX_FILE_BYTES = 2**20
"""Limits each of the two files: some 5,000 changes of one document each, years of an office's work."""
MAX_NAMES = 50
"""Limits the documents that one change names. A first run brings in all of them."""
MAX_NAME_CHARS = 200
"""Limits a document's path, and a person's name."""

STAFF = "staff"
"""The name of a person who changes documents on the page with the one key that has no name."""
READER = "reader"
"""The name of a person with the key that all readers share. Readers change nothing."""
GONE = "…"
"""The name of a document that was removed for good."""
THIS_MACHINE = "this machine"
"""The name of a person who changes documents on the page where no key is set: somebody at the machine itself."""
COMMAND_LINE = "command line"
"""The name of a person who uses the command. The operating system's user follows it in brackets."""

Deed = Literal["added", "updated", "removed", "rolled_back", "purged"]
"""Documents are brought in, replaced, taken out, brought back to the state before, or deleted for good."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A deed of `who` with documents at `time` (ISO 8601, UTC). `names` are the first of their `count` paths."""

    time: str
    who: str
    what: Deed
    names: tuple[str, ...]
    count: int

    def __post_init__(self) -> None:
        if self.what not in get_args(Deed):
            raise ValueError(f"a change is one of {', '.join(get_args(Deed))}, not {self.what!r}")


def note_change(index_dir: Path, who: str, what: Deed, names: Sequence[str]) -> None:
    """Note that `who` did this with the documents at the paths `names`.

    The change itself is done already, so a change that cannot be noted goes to the log and raises nothing.
    """
    change = Change(
        time=datetime.datetime.now(tz=datetime.UTC).isoformat(timespec="seconds"),
        who=who[:MAX_NAME_CHARS],
        what=what,
        names=tuple(name[:MAX_NAME_CHARS] for name in names[:MAX_NAMES]),
        count=len(names),
    )
    try:
        with explaining_disk(index_dir):
            make_index_folder(index_dir)
            with lock_changes(index_dir):
                _append(_line(change).encode(), index_dir)
    except QAError as error:
        logger.warning("a change of documents could not be noted: %s", error)


def note_report(index_dir: Path, who: str, report: IndexReport) -> None:
    """Note what a run of the indexer, which `who` began, brought in, replaced and took out."""
    deeds: tuple[Literal["added", "updated", "removed"], ...] = ("added", "updated", "removed")
    for what in deeds:
        names = [receipt.path for receipt in report.of(what)]
        if names:
            note_change(index_dir, who, what, names)


def note_purge(index_dir: Path, who: str, receipt: PurgeReceipt) -> None:
    """Note that `who` removed documents for good, without their names."""
    if receipt.documents:
        note_change(index_dir, who, "purged", [GONE] * len(receipt.documents))


def forget_names(index_dir: Path, paths: Collection[str]) -> None:
    """Put `GONE` in the place of `paths`, whoever brought them in or took them out. Raises `DiskError`."""
    gone = {path[:MAX_NAME_CHARS] for path in paths}
    with explaining_disk(index_dir), lock_changes(index_dir):
        for file in (OLDER_FILE, CHANGES_FILE):
            path = index_dir / file
            changes = tuple(_read(path.read_bytes().splitlines())) if path.exists() else ()
            if any(not gone.isdisjoint(change.names) for change in changes):
                write_whole(path, "".join(_line(_without(gone, change)) for change in changes))


def list_changes(index_dir: Path) -> tuple[Change, ...]:
    """Every change that is noted, the newest first. Raises `DiskError` where the files cannot be read."""
    lines: list[bytes] = []
    with explaining_disk(index_dir):
        for file in (OLDER_FILE, CHANGES_FILE):
            path = index_dir / file
            lines += path.read_bytes().splitlines() if path.exists() else []
    return tuple(_read(reversed(lines)))


def changed_paths(before: Iterable[DocumentRecord], after: Iterable[DocumentRecord]) -> list[str]:
    """The paths of documents that two states of an index do not have in the same version."""
    differing = {(record.path, record.version) for record in before}.symmetric_difference(
        (record.path, record.version) for record in after
    )
    return sorted({path for path, _ in differing})


def operator() -> str:
    """The name of the person at the command line: the operating system's user."""
    try:
        name = pwd.getpwuid(os.getuid()).pw_name
    except KeyError:  # in a container, users need no name
        name = str(os.getuid())
    return f"{COMMAND_LINE} ({name})"


def _without(gone: Collection[str], change: Change) -> Change:
    names = tuple(GONE if name in gone else name for name in change.names)
    return dataclasses.replace(change, names=names)


def _line(change: Change) -> str:
    return json.dumps(dataclasses.asdict(change)) + "\n"


def _append(line: bytes, index_dir: Path) -> None:
    path = index_dir / CHANGES_FILE
    if path.exists() and path.stat().st_size > MAX_FILE_BYTES:
        path.replace(index_dir / OLDER_FILE)
    with path.open("a+b") as stream:
        if stream.tell() and os.pread(stream.fileno(), 1, stream.tell() - 1) != b"\n":  # it was cut off
            line = b"\n" + line
        stream.write(line)
        stream.flush()
        os.fsync(stream.fileno())


def _read(lines: Iterable[bytes]) -> Iterator[Change]:
    for line in lines:
        with suppress(KeyError, TypeError, ValueError):  # cut off, or of a newer program
            table = json.loads(line)
            yield Change(
                time=str(table["time"]),
                who=str(table["who"]),
                what=table["what"],
                names=tuple(map(str, table["names"])),
                count=int(table["count"]),
            )
