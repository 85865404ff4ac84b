"""The receipts that say what became of each file, and the report of one run of the indexer."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from qa.domain import PageKind
from qa.errors import QAError, UnsupportedType
from qa.i18n.reasons import code_of

Outcome = Literal["added", "updated", "unchanged", "skipped", "failed", "removed"]

Progress = Callable[[int, int, str], None]
"""Called with the number of files done, of all files, and the name of the file or the work at hand."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """The fate of one file. `path` is relative to the corpus.

    `message` says why a file was skipped (its kind is not read) or failed, and what to do. `message` and
    `warnings` are `Reason`s; rare ones, and those of an older program, are English texts. `origins` tells where
    title, date and cities were found, see `Document.origins`.
    """

    path: str
    outcome: Outcome
    message: str = ""
    title: str = ""
    language: str = ""
    cities: tuple[str, ...] = ()
    date: str | None = None
    passages: int = 0
    characters: int = 0
    pages: int = 0
    page_kind: PageKind = "page"
    empty_pages: tuple[int, ...] = ()
    origins: tuple[tuple[str, str], ...] = ()
    warnings: tuple[str, ...] = ()


def refused(path: str, error: QAError) -> Receipt:
    """The receipt of a file that was skipped, for its kind is not read, or that failed with another `error`."""
    outcome: Outcome = "skipped" if isinstance(error, UnsupportedType) else "failed"
    return Receipt(path=path, outcome=outcome, message=error.message)


@dataclass(frozen=True, slots=True)
class IndexReport:
    """The report of one run of the indexer: a receipt for every file, in the order of their paths."""

    receipts: tuple[Receipt, ...] = ()
    chunks: int = 0
    """The number of chunks that the index now holds."""
    seconds: float = 0.0
    notes: tuple[str, ...] = ()
    """Messages that concern no file alone: a folder that could not be opened, say."""

    def of(self, outcome: Outcome) -> tuple[Receipt, ...]:
        """The receipts with this outcome."""
        return tuple(receipt for receipt in self.receipts if receipt.outcome == outcome)

    @property
    def has_failures(self) -> bool:
        """True if a file could not be read, or a folder not be opened."""
        return bool(self.of("failed") or any(code_of(note) != "why_index_upgraded" for note in self.notes))


@dataclass(frozen=True, slots=True, kw_only=True)
class PurgeReceipt:
    """The traces of the documents at the paths `documents` that were removed for good.

    `files` lay in the corpus or aside, `texts` were kept of all their versions, `passages` were in the `states` of
    the index that had them, and `vectors` were in the cache for no other document. `feedback` and `refused` count
    what readers said that quoted the documents. `also_in` are documents that are the same file, and stay.
    """

    documents: tuple[str, ...]
    files: int = 0
    texts: int = 0
    passages: int = 0
    states: int = 0
    vectors: int = 0
    feedback: int = 0
    refused: int = 0
    also_in: tuple[str, ...] = ()
    seconds: float = 0.0


def to_table(report: IndexReport) -> dict[str, Any]:
    """The report for JSON: texts in English; the `code` of a receipt names the reason that its message gives."""
    receipts = [
        {**dataclasses.asdict(receipt), "code": code_of(receipt.message)} for receipt in report.receipts
    ]
    return {**dataclasses.asdict(report), "receipts": receipts}
