"""The wordings of a question: as it is asked, and with its cities called as in the languages of documents."""

from __future__ import annotations

from qa.domain import Query


def wordings_of(query: Query) -> tuple[str, ...]:
    """Each wording of `query` once, that of the question itself first."""
    return tuple(dict.fromkeys((query.searched_text, *query.renamed.values())))


def wording_for(query: Query, language: str) -> str:
    """The wording of `query` for passages in `language` (ISO 639)."""
    return query.renamed.get(language, query.searched_text)
