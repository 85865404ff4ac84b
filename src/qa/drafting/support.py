"""Whether quotes support what a sentence says, beyond its figures and names: by the models that there are."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from qa.languages import detect_language, detect_script

if TYPE_CHECKING:
    from langchain_core.cross_encoders import BaseCrossEncoder

    from qa.models import Embedder

LEAST_LOGIT = 1.5
"""The packaged cross-encoder's logit for (sentence, quote) from which on the quote supports the sentence.

Of 120 questions of SQuAD with their answers, .95 of the true ones pass against the sentence that says it, and .04
against another one of the same paragraph (scripts/measure_support.py).
"""
LEAST_COSINE, LEAST_COSINE_ACROSS = 0.86, 0.82
"""The same for the embedder's cosine, where both are in one language and where they are in two.

It tells less: of 120 each of JaQuAD and XQuAD, .95 and .80 to .90 of the true ones pass, and .28 and .08 to .28 of
those beside another sentence of the same paragraph. What that lets pass still has no figure and no name that the
quotes do not have.
"""

NEGATIONS = re.compile(
    r"\b(?:not|no|never|none|neither|nor|without|cannot|\w+n['’]t|fail(?:s|ed)?|refus(?:e[sd]?|al)|reject(?:s|ed)?|"
    r"chưa|chẳng|không(?! (?:khí|gian|quân))|tidak|belum|bukan|tanpa|hindi|wala|walang)\b"
    r"|ない|なかっ|ません|ず(?:に|、)|不(?!同|仅|僅|断|斷|久|少|足)|没有|沒有|未(?!来|來)|មិន|គ្មាន",
    re.IGNORECASE,
)
"""Words that turn a sentence round, in the languages of the page. A model that compares texts hardly sees them."""


class Support:
    """Tells whether a sentence is supported by the quotes that it cites. Safe to be called from many threads."""

    def __init__(
        self,
        embedder: Embedder,
        reranker: BaseCrossEncoder | None = None,
        *,
        reranker_languages: Sequence[str] = ("en",),
        least_logit: float = LEAST_LOGIT,
        least_cosine: float = LEAST_COSINE,
        least_cosine_across: float = LEAST_COSINE_ACROSS,
    ) -> None:
        self._embedder = embedder
        self._reranker = reranker
        self._reranker_languages = frozenset(reranker_languages)
        self._least_logit = least_logit
        self._least_cosine = least_cosine
        self._least_cosine_across = least_cosine_across

    def holds(self, sentence: str, quotes: Sequence[str]) -> bool:
        """True if one of `quotes`, or all together, say what `sentence` says."""
        if not quotes or (NEGATIONS.search(sentence) and not any(map(NEGATIONS.search, quotes))):
            return False
        together = [*quotes, " ".join(quotes)] if len(quotes) > 1 else list(quotes)
        languages = {detect_language(text) for text in (sentence, *quotes)}
        if self._reranker and languages <= self._reranker_languages:
            scores = self._reranker.score([(sentence, quote) for quote in together])
            return max(map(float, scores)) >= self._least_logit
        vectors = self._embedder.encode_passages([sentence, *together])
        least = self._least_cosine if len(languages) == 1 else self._least_cosine_across
        return float((vectors[1:] @ vectors[0]).max()) >= least


def is_in_script_of(sentence: str, language: str) -> bool:
    """True if `sentence` is written in the script of `language`; a Japanese one may have no kana in it."""
    script = detect_script(sentence)
    if script == language or {script, language} == {"ja", "zh"}:
        return True
    own_script = {"ja", "zh", "km", "th", "lo", "my", "ko", "ar", "hi", "ru", "el", "he"}
    return script not in own_script and language not in own_script
