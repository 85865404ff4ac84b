"""Names in a question that no document mentions: what is asked about them cannot be answered."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

from rapidfuzz.distance import Levenshtein

from qa.domain import Chunk, Query

NAME = re.compile(r"(?<![\w'’-])[A-ZÀ-ÖØ-Þ][\w'’-]*\w(?![\w’'-])")
"""A capitalised word of Latin letters."""

SENTENCE_START = re.compile(r"(?:^|[.!?:;…¿¡\"“‘(]\s*)$")
MIN_LETTERS = 4
"""Shorter capitalised words are mostly abbreviations, which documents often write out."""

SHARED_PREFIX = 5
"""Words that begin with the same five letters are taken for forms of one: "Norman", "Normandy's"."""


def find_unknown_names(query: Query, known: frozenset[str]) -> tuple[str, ...]:
    """The capitalised words inside the question that are not in `known`, nor anything like them.

    A question written in capitals throughout, or Like A Title, tells nothing, and German capitalises nouns.
    """
    text = query.searched_text
    words = re.findall(r"[^\W\d_]{2,}", text)
    capitalised = [word for word in words if word[0].isupper()]
    if query.language == "de" or len(capitalised) * 2 > len(words) + 1:
        return ()
    missing = []
    for match in NAME.finditer(text):
        word = re.sub(r"['’]s?$", "", match.group())
        if SENTENCE_START.search(text[: match.start()]) or len(word) < MIN_LETTERS:
            continue
        if not _is_known(_fold(word), known):
            missing.append(word)
    return tuple(dict.fromkeys(missing))


def collect_words(chunks: Iterable[Chunk]) -> frozenset[str]:
    """The words of the documents, folded, as `find_unknown_names` wants them."""
    texts = (_fold(f"{chunk.title} {chunk.heading} {chunk.text}") for chunk in chunks)
    return frozenset(word for text in texts for word in re.findall(r"[\w'’-]+\w|\w", text))


def _is_known(word: str, known: frozenset[str]) -> bool:
    if word in known or any(_is_form_of(word, other) for other in known):
        return True
    parts = [part for part in re.split(r"[-'’]", word) if part]
    return len(parts) > 1 and all(part in known for part in parts)


def _is_form_of(word: str, other: str) -> bool:
    is_long = min(len(word), len(other)) > SHARED_PREFIX
    if is_long and word[:SHARED_PREFIX] == other[:SHARED_PREFIX]:
        return True
    return Levenshtein.distance(word, other, score_cutoff=1) <= 1


def _fold(text: str) -> str:
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(character for character in decomposed if not unicodedata.combining(character))
