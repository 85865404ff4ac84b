"""A document that was read → its record in the manifest, and its receipt."""

from __future__ import annotations

import dataclasses
from typing import Any

from qa.corpus.receipts import Outcome, Receipt
from qa.domain import Document
from qa.storage.manifest import DocumentRecord


def record_of(document: Document, *, chunks: int) -> DocumentRecord:
    """The record of `document`, which was cut into so many chunks."""
    shared = _shared(document, DocumentRecord)
    pages = {page.number for page in document.pages}.union(document.empty_pages)
    counts = {"chunks": chunks, "characters": len(document.text), "pages": len(pages)}
    return DocumentRecord(**{**shared, **counts})


def receipt_of(record: DocumentRecord, outcome: Outcome) -> Receipt:
    """The receipt of a file that was read, now or in an earlier run."""
    return Receipt(outcome=outcome, passages=record.chunks, **_shared(record, Receipt))


def _shared(source: Document | DocumentRecord, kind: type[DocumentRecord] | type[Receipt]) -> dict[str, Any]:
    """The values of `source` for the fields that `kind` has, too."""
    names = {field.name for field in dataclasses.fields(source)}
    return {
        field.name: getattr(source, field.name) for field in dataclasses.fields(kind) if field.name in names
    }
