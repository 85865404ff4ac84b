"""What became of each file: the receipt, and what the manifest says of a document that was read."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any, Literal

from qa.domain import PageKind
from qa.i18n.reasons import code_of

Outcome = Literal["added", "updated", "unchanged", "skipped", "failed", "removed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """What became of one file. `path` is relative to the corpus.

    `message` says why a file was skipped (it is of a kind that is not read) or failed, and what to do; it and the
    `warnings` are `Reason`s, but for rare ones and what an older program kept, which are English. `origins` tells
    where title, date and cities were found, see `Document.origins`.
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


@dataclass(frozen=True, slots=True)
class IndexReport:
    """What one run of the indexer did: a receipt for every file, in the order of their paths."""

    receipts: tuple[Receipt, ...] = ()
    chunks: int = 0
    """How many the index now holds."""
    seconds: float = 0.0
    notes: tuple[str, ...] = ()
    """What concerns no file alone: a folder that could not be opened, say."""

    def of(self, outcome: Outcome) -> tuple[Receipt, ...]:
        """The receipts with this outcome."""
        return tuple(receipt for receipt in self.receipts if receipt.outcome == outcome)

    @property
    def has_failures(self) -> bool:
        """True if a file could not be read, or a folder not be opened."""
        return bool(self.of("failed") or any(code_of(note) != "why_index_upgraded" for note in self.notes))


@dataclass(frozen=True, slots=True, kw_only=True)
class PurgeReceipt:
    """What was removed for good of the documents at the paths `documents`.

    `files` were theirs in the corpus and put aside, `texts` the kept ones of all their versions, `passages` those
    of the `states` of the index that had them, `vectors` those in the cache that no other document needs.
    `feedback` and `refused` count what readers said that quoted them. `also_in` are documents that are the same
    file, and stay.
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
