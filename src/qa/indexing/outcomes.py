"""A document that was read → what the manifest says of it, and its receipt."""

from __future__ import annotations

from qa.corpus.receipts import Outcome, Receipt
from qa.domain import Document
from qa.storage.manifest import DocumentRecord


def record_of(document: Document, *, chunks: int) -> DocumentRecord:
    """What the manifest says of `document`, which was cut into so many chunks."""
    return DocumentRecord(
        path=document.path,
        doc_id=document.doc_id,
        title=document.title,
        sha256=document.sha256,
        version=document.version,
        chunks=chunks,
        characters=len(document.text),
        language=document.language,
        cities=document.cities,
        date=document.date,
        url=document.url,
        pages=len({page.number for page in document.pages}.union(document.empty_pages)),
        page_kind=document.page_kind,
        empty_pages=document.empty_pages,
        origins=document.origins,
        warnings=document.warnings,
    )


def receipt_of(record: DocumentRecord, outcome: Outcome) -> Receipt:
    """The receipt of a file that was read, now or in an earlier run."""
    return Receipt(
        path=record.path,
        outcome=outcome,
        title=record.title,
        language=record.language,
        cities=record.cities,
        date=record.date,
        passages=record.chunks,
        characters=record.characters,
        pages=record.pages,
        page_kind=record.page_kind,
        empty_pages=record.empty_pages,
        origins=record.origins,
        warnings=record.warnings,
    )
