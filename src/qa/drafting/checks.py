"""What is wrong with a drafted sentence, by the quotes that it cites, and what a draft leaves out."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from qa.cities import CityCatalogue
from qa.domain import Citation, Stated, Statement
from qa.drafting.misattribution import find_mixed_up, find_turned_round
from qa.drafting.replies import Sentence
from qa.drafting.support import AS_LIKELY, MIN_SAID, Support, foreign_words, is_in_script_of, share_of
from qa.facts.missing import find_missing_with
from qa.text.lang import any_of

ABOUT_EVIDENCE = re.compile(any_of(lambda pack: pack.about_evidence), re.IGNORECASE)
"""Words with which a writer speaks of what it was given rather than of the matter."""

ASKS_FOR = re.compile(any_of(lambda pack: pack.asks_for), re.IGNORECASE)
"""What a question has that asks for something, not whether it is so."""

ONLY_REPEATS = 0.9
"""From this share of its letters on, see `share_of`, a sentence says no more than the question did."""

ARTICLE = re.compile(r"^(?:the|an?) ", re.IGNORECASE)
VERB = re.compile(
    r"\b(?:is|are|was|were|be|been|has|have|had|do|does|did|can|could|will|would|may|might|must|should|\w+ed)\b"
)
"""A verb: an English sentence has one, a few words out of a sentence mostly have none."""
PART, MIN_OF_QUESTION = 0.5, 0.2
"""A few words are at most this part of their quote. From the second share of their letters on, see `share_of`,
they have something of the question in them."""

MAX_TRIED = 3
"""Quotes that are tried for a sentence without a mark, the likest first."""

MAX_CHARS = 600
"""Characters of a sentence that can be checked: a longer one says too much at once."""

MIN_SURE = -3.0
"""The score, see `Focus`, below which the reader does not know which words of a quote were asked for."""

SAYS_ALL = 0.9
"""The share of a quote's letters, see `share_of`, from which on a text leaves nothing of the quote out."""


class Checker:
    """Holds the sentences of one draft against the quotes that it was written from."""

    def __init__(
        self,
        answer: Stated,
        citations: Sequence[Citation],
        support: Support,
        catalogue: CityCatalogue | None = None,
    ) -> None:
        self._answer = answer
        self._citations = {citation.number: citation for citation in citations}
        self._support = support
        self._catalogue = catalogue
        self._find_missing = find_missing_with(catalogue)

    def find_fault(self, sentence: Sentence) -> str:
        """What is wrong with `sentence`, in words for the model; empty if nothing is."""
        cited = [self._citations[number] for number in sentence.marks if number in self._citations]
        quotes = [citation.quote for citation in cited]
        if sentence.has_carrier:
            return "it has a link, an image or a tag in it"
        if len(sentence.text) > MAX_CHARS:
            return "it is too long"
        if not sentence.marks:
            return "it has no quote's number after it"
        if len(quotes) < len(sentence.marks):
            return "it names a quote that there is not"
        if self._answer.is_by_city and not cities_of(sentence, self._answer, self._catalogue):
            return "it has quotes about different cities; write of each city in a sentence of its own"
        question = self._answer.interpreted_as
        given = " ".join([*quotes, question]).casefold()
        if any(words[0].casefold() not in given for words in ABOUT_EVIDENCE.finditer(sentence.text)):
            return "it speaks of the evidence, not of the matter"
        missing = self._find_missing(sentence.text, quotes, question=question)
        if missing:
            return f"the quotes that it names do not have: {', '.join(missing)}"
        mixed_up = (*find_mixed_up(sentence.text, quotes), *find_turned_round(sentence.text, quotes))
        if mixed_up:
            return f"the quotes that it names say of something else: {', '.join(mixed_up)}"
        if ASKS_FOR.search(question) and share_of(sentence.text, [question]) >= ONLY_REPEATS:
            return "it only repeats the question"
        if self._answer.language == "en" and _is_fragment(sentence.text, quotes, question):
            return "it is a few words and no sentence, which alone say nothing"
        if not is_in_script_of(sentence.text, self._answer.language):
            return "it is in another language"
        languages = {self._answer.language, *(citation.source.language for citation in cited)}
        if not self._support.holds(sentence.text, quotes, languages=languages, question=question):
            foreign = foreign_words(sentence.text, quotes, question=question) if languages == {"en"} else ()
            return f"the quotes that it names do not say so{': ' if foreign else ''}{', '.join(foreign)}"
        if len(languages) == 1:
            rivals = self._support.find_rivals(sentence.text, quotes, question=question)
            if rivals:
                return f"what was asked for may as well be: {', '.join(rivals)}"
        return ""

    def with_marks(self, sentence: Sentence) -> Sentence:
        """`sentence` with a mark: small models often write none. It is the mark of a quote that holds the
        sentence, else of the likest quote, so that the fault can be told."""
        if sentence.marks:
            return sentence
        alike = sorted(self._citations.values(), key=lambda each: -share_of(sentence.text, [each.quote]))
        marked = [replace(sentence, marks=(each.number,)) for each in alike[:MAX_TRIED]]
        return next((each for each in marked if not self.find_fault(each)), marked[0])

    def find_left_out(self, passed: Sequence[Sentence]) -> Mapping[str | None, tuple[str, ...]]:
        """The words that were asked for, by city, for each city of which `passed` says none of them."""
        by_city: dict[str | None, list[tuple[str, Statement]]] = {}
        for words, statement in _words_asked_for(self._answer):
            if any(number in self._citations for number in statement.citations):
                by_city.setdefault(statement.city, []).append((words, statement))
        return {
            city: tuple(dict.fromkeys(words for words, _ in asked))
            for city, asked in by_city.items()
            if not any(self._says(words, statement, passed) for words, statement in asked)
        }

    def _says(self, words: str, statement: Statement, passed: Sequence[Sentence]) -> bool:
        """True if a sentence of `passed` cites the quote of `statement` and says `words`. In another language
        their figures and names are enough."""
        texts = [each.text for each in passed if set(each.marks) & set(statement.citations)]
        if not texts:
            return False
        languages = {self._citations[number].source.language for number in statement.citations}
        if languages == {self._answer.language}:
            return any(share_of(words, [text]) >= MIN_SAID for text in texts)
        return not self._find_missing(words, texts, question=self._answer.interpreted_as)


def kind_of_fault(fault: str) -> str:
    """`fault` for the log, without the words of the question or the sentence that it names."""
    return fault.partition(":")[0]


def find_untold(answer: Stated, passed: Sequence[Sentence]) -> tuple[Statement, ...]:
    """The statements of `answer` that `passed` does not say as a whole, if the reader does not know which of their
    words were asked for: `passed` may leave those words out."""
    if all(passage.read_score is None for passage in answer.passages):
        return ()
    if any(score >= MIN_SURE for *_, score in _scored_words(answer)):
        return ()
    texts = [each.text for each in passed]
    return tuple(each for each in answer.statements if share_of(each.text, texts) < SAYS_ALL)


def _words_asked_for(answer: Stated) -> list[tuple[str, Statement]]:
    """The words in `answer` that were asked for, each with its statement. For each city they are the words that
    the reader finds likeliest; all words, if the reader did not tell."""
    found = _scored_words(answer)
    best = {
        city: max(score for _, each, score in found if each.city == city)
        for city in {statement.city for _, statement, _ in found}
    }
    return [(words, each) for words, each, score in found if score >= best[each.city] - AS_LIKELY]


def _scored_words(answer: Stated) -> list[tuple[str, Statement, float]]:
    """The words that are set off in `answer`, each with its statement and score, 0 if the reader did not tell."""
    scores: dict[tuple[str, str], float] = {}
    for passage in answer.passages:
        for focus in filter(None, passage.foci):
            key = (passage.chunk.source.doc_id, passage.chunk.cut(focus.span))
            scores[key] = max(scores.get(key, focus.score), focus.score)
    documents = {citation.number: citation.source.doc_id for citation in answer.citations}
    found = []
    for statement in answer.statements:
        if statement.focus:
            words = statement.focus.cut(statement.text)
            score = scores.get((documents[statement.citations[0]], words), 0.0)
            found.append((words, statement, score))
    return found


def cities_given(answer: Stated, number: int) -> tuple[str, ...]:
    """The cities for which `answer` gives the quote with this number."""
    return tuple(each.city for each in answer.statements if each.city and number in each.citations)


def cities_of(sentence: Sentence, answer: Stated, catalogue: CityCatalogue | None = None) -> tuple[str, ...]:
    """The cities that `sentence` speaks for. A city qualifies if every cited quote was given for it, and if the
    sentence names the city or no city at all."""
    given = [cities_given(answer, number) for number in sentence.marks]
    common = [city for city in given[0] if all(city in cities for cities in given)] if given else []
    named = catalogue.query_cities(sentence.text) if catalogue else ()
    return tuple(city for city in common if not named or city in named)


def _is_fragment(text: str, quotes: Sequence[str], question: str) -> bool:
    """True if `text`, in English, is a few words of a quote and has nothing of the question. Nobody can check what
    such words are about."""
    words = ARTICLE.sub("", text).strip(' .!?"').casefold()
    if VERB.search(words):
        return False
    is_part = any(words in quote.casefold() and len(words) <= PART * len(quote) for quote in quotes)
    return is_part and share_of(words, [question]) < MIN_OF_QUESTION
