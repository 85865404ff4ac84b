"""Whether quotes support a sentence beyond its figures and names. The neural models tell."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING

from qa.domain import Span
from qa.text.lang import any_of, words_of
from qa.text.languages import SCRIPTS, detect_script, is_unspaced
from qa.text.normalise import fold_case

if TYPE_CHECKING:
    from qa.models import Models
    from qa.models.reader import Reading

COMPARED_PREFIX = "passage: "
"""Before texts whose cosines are taken here and in `qa.drafting.interpreter`: the limits are chosen with it."""

MIN_LOGIT, MIN_LOGIT_ACROSS = 0.0, -0.6
"""The reader's logit from which on a quote supports a sentence, in one language and across two.

Of what is held out of its training, .80 of the true ones in one language pass and .24 of the false ones, across
two .84 and .45 (`scripts/train_reader.py measure`). Of sentences that keep a quote's figures and names and say
something else, half pass (`scripts/measure_support.py`).
"""
MIN_COSINE: Mapping[str, float] = {"zh": 0.91, "": 0.87}
"""The same for the embedder's cosine, where there is no reader, and both are in one language; "" is for those that
are not named.

It tells less. Of 100 questions each with their answers, in Japanese (JaQuAD), Indonesian (IDK-MRC), Vietnamese
(MLQA) and Chinese (CMRC 2018), .89 to .95 of the true ones pass, and .14 to .27 of those beside another sentence
of the same paragraph. What that lets pass still has no figure and no name that the quotes do not have.
"""
MIN_COSINE_ACROSS = 0.82
"""The same where they are in two languages: of 100 questions of XQuAD in Arabic, German, Greek, Spanish and Hindi
each over English text, .73 to .96 of the true ones pass, and .18 to .44 of the others. In Vietnamese, Thai and
Chinese fewer than .80 of the true ones do."""

NEGATIONS = re.compile(any_of(lambda pack: pack.negations), re.IGNORECASE)
"""Words that turn a sentence round, in the languages of the page. A model that compares texts hardly sees them."""

WORDS_PER_FOREIGN_ONE = 9
"""Of so many words that carry meaning, one may be the writer's own; of fewer, none. "The factory sent 67 experts"
has the figure and the name of a quote in which a city sent them, and the cross-encoder takes it for the same. Nor
may a word come from the question: what it takes for granted ("the mayor's resignation") no document may say. A
word that is said more often than in the quotes was put in where they have another."""
STEM = 5
"""Letters that words must share to count as one: "granted" and "grants"."""
EMPTY_WORDS = words_of(lambda pack: pack.empty_words)

MIN_SHARED, MIN_SHARED_UNSPACED = 0.5, 0.4
"""The share of a sentence's letters, see `share_of`, that must stand in quotes of its own language, in scripts
with spaces between words and without. Of questions with their answers, .84 in Indonesian, .82 in Vietnamese and
.88 in Chinese reach it in the sentence that says it, and .11, .07 and .01 in another one of the same paragraph
(scripts/measure_support.py)."""

AS_LIKELY = 1.0
"""How far below the likeliest words others may lie, in the reader's logits, to be what was asked for, too."""

MIN_ANSWER = -4.0
"""Words that the reader likes less than that, see `Focus`, answer nothing: the sentence says something beside."""

MIN_SAID = 0.6
"""The share of the letters of the words asked for that must stand in what says them, see `share_of`."""


class Support:
    """Tells whether a sentence is supported by the quotes that it cites. Safe to be called from many threads."""

    def __init__(
        self,
        models: Models,
        *,
        least_logit: float = MIN_LOGIT,
        least_logit_across: float = MIN_LOGIT_ACROSS,
        least_cosine: Mapping[str, float] = MIN_COSINE,
        least_cosine_across: float = MIN_COSINE_ACROSS,
    ) -> None:
        self._models = models
        self._least_logit = least_logit
        self._least_logit_across = least_logit_across
        self._least_cosine = least_cosine
        self._least_cosine_across = least_cosine_across

    def holds(
        self, sentence: str, quotes: Sequence[str], *, languages: Collection[str], question: str = ""
    ) -> bool:
        """True if one of `quotes`, or all together, say what `sentence` says in answer to `question`.

        `languages` are those of the sentence and the quotes: one sentence is too short to tell them from.
        """
        is_negated = bool(NEGATIONS.search(sentence))
        if not any(bool(NEGATIONS.search(quote)) is is_negated for quote in quotes):
            return False
        if set(languages) == {"en"} and foreign_words(sentence, quotes, question=question):
            return False
        is_one_language = len(set(languages)) == 1
        least_shared = MIN_SHARED_UNSPACED if is_unspaced(sentence) else MIN_SHARED
        if is_one_language and share_of(sentence, quotes) < least_shared:
            return False
        together = [*quotes, " ".join(quotes)] if len(quotes) > 1 else list(quotes)
        if self._models.reader:
            least = self._least_logit if is_one_language else self._least_logit_across
            return max(self._models.reader.supports(sentence, together)) >= least
        vectors = self._models.embedder.encode_passages(
            [COMPARED_PREFIX + text for text in (sentence, *together)]
        )
        least = self._least_cosine_across
        if is_one_language:
            least = self._least_cosine.get(next(iter(languages)), self._least_cosine[""])
        return float((vectors[1:] @ vectors[0]).max()) >= least

    def find_rivals(self, sentence: str, quotes: Sequence[str], *, question: str) -> tuple[str, ...]:
        """The words in `quotes` that answer `question` as likely as the words of `sentence`, which does not say
        them: the reader cannot tell which were asked for. All must be in one language."""
        if not self._models.reader or not question:
            return ()
        said, *quoted = self._models.reader.read(question, [sentence, *quotes])
        answer = said.find_answer(Span(0, len(sentence)))
        if not answer or answer[0] < MIN_ANSWER:
            return ()
        found = [each for pair in zip(quotes, quoted, strict=True) for each in _answers_in(*pair)]
        likeliest = max((score for score, _ in found), default=0.0)
        likely = dict.fromkeys(words for score, words in found if score >= likeliest - AS_LIKELY)
        return tuple(words for words in likely if share_of(words, [sentence]) < MIN_SAID)


def _answers_in(quote: str, reading: Reading) -> list[tuple[float, str]]:
    """The words in `quote` that answer, with their scores: the best words, then the best words before and after
    them, and so on, down to `AS_LIKELY` below the best. None is a part of others."""
    found: list[tuple[float, str]] = []
    waiting = [Span(0, len(quote))]
    while waiting:
        within = waiting.pop()
        best = reading.find_answer(within) if len(within) else None
        if best and (not found or best[0] >= found[0][0] - AS_LIKELY):
            score, span = best
            found.append((score, span.cut(quote)))
            waiting += [Span(within.start, span.start), Span(span.end, within.end)]
    return found


def is_in_script_of(sentence: str, language: str) -> bool:
    """True if `sentence` is written in the script of `language`; a Japanese one may have no kana in it."""
    script = detect_script(sentence)
    if script == language or {script, language} == {"ja", "zh"}:
        return True
    own_script = {code for code, _ in SCRIPTS}
    return script not in own_script and language not in own_script


def share_of(sentence: str, texts: Sequence[str]) -> float:
    """The share of the letters of `sentence` that stand in `texts`, too: 0 to 1, and 1 if it has no letters. Runs
    of three letters within words are compared, runs of two in scripts without spaces."""
    size = 2 if is_unspaced(sentence) else 3
    wanted = _runs(sentence, size)
    return len(wanted & _runs(" ".join(texts), size)) / len(wanted) if wanted else 1.0


def _runs(text: str, size: int) -> set[str]:
    words = re.findall(r"\w+", fold_case(text))
    return {f" {word} "[at : at + size] for word in words for at in range(len(word) + 3 - size)}


def foreign_words(sentence: str, quotes: Sequence[str], *, question: str = "") -> tuple[str, ...]:
    """The words that an English sentence has more often than `quotes` have; none if they are few enough to be the
    writer's own way to put it. Names may also stand in the question."""
    names = re.findall(r"(?<=\s)[A-Z]\w+", question)
    known = Counter(word[:STEM] for word in _words(" ".join(quotes)))
    known.update({word[:STEM] for word in _words(" ".join(names))} - known.keys())
    said = [word for word in _words(sentence) if word not in EMPTY_WORDS]
    uses = Counter(word[:STEM] for word in said)
    foreign = tuple(dict.fromkeys(word for word in said if uses[word[:STEM]] > known[word[:STEM]]))
    return foreign if len(foreign) > len(set(said)) // WORDS_PER_FOREIGN_ONE else ()


def _words(text: str) -> list[str]:
    return re.findall(r"[^\W\d_]+", text.casefold())
