"""What is wrong with a drafted sentence, held against the quotes that it cites, and what a draft leaves out."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import replace

from qa.cities import CityCatalogue
from qa.domain import Answer, Citation, Statement
from qa.drafting.figures import find_missing_with
from qa.drafting.replies import Sentence
from qa.drafting.support import Support, is_in_script_of

ABOUT_EVIDENCE = re.compile(
    r"\b(?:evidence|quotes?|quotations?|excerpts?|passages?|the (?:documents?|texts?|question|answer)|NO_ANSWER)\b"
    r"|証拠|引用|根拠|質問|回答|证据|證據|引文|问题是|答案|\b(?:bằng chứng|trích dẫn|câu hỏi|câu trả lời)\b"
    r"|\b(?:bukti|kutipan|pertanyaan|jawaban|ebidensya|sipi|tanong|sagot)\b|ភស្តុតាង|សំណួរ|ចម្លើយ",
    re.IGNORECASE,
)
"""Words with which a writer speaks of what it was given rather than of the matter."""

MOST_TRIED = 3
"""Quotes that are tried for a sentence without a mark, the likest first."""

MOST_CHARACTERS = 600
"""A longer sentence is not one that can be checked."""

LEAST_SHARE = 0.6
"""The share of the letters' pairs of the words asked for that must stand in what says them."""


class Checker:
    """Holds the sentences of one draft against the quotes that it was written from."""

    def __init__(
        self,
        answer: Answer,
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
        if len(sentence.text) > MOST_CHARACTERS:
            return "it is too long"
        if not sentence.marks:
            return "it has no quote's number after it"
        if len(quotes) < len(sentence.marks):
            return "it names a quote that there is not"
        if is_by_city(self._answer) and not cities_of(sentence, self._answer, self._catalogue):
            return "it has quotes about different cities; write of each city in a sentence of its own"
        question = self._answer.interpreted_as
        if _is_about_evidence(sentence.text, [*quotes, question]):
            return "it speaks of the evidence, not of the matter"
        missing = self._find_missing(sentence.text, quotes, question=question)
        if missing:
            return f"the quotes that it names do not have: {', '.join(missing)}"
        if not is_in_script_of(sentence.text, self._answer.language):
            return "it is in another language"
        languages = {self._answer.language, *(citation.language for citation in cited)}
        if not self._support.holds(sentence.text, quotes, languages=languages, question=question):
            return "the quotes that it names do not say so"
        return ""

    def with_marks(self, sentence: Sentence) -> Sentence:
        """`sentence` with the mark of a quote that holds it, where it has none itself: small models often write
        none."""
        if sentence.marks:
            return sentence
        alike = sorted(self._citations.values(), key=lambda each: -_share(sentence.text, each.quote))
        for citation in alike[:MOST_TRIED]:
            marked = replace(sentence, marks=(citation.number,))
            if not self.find_fault(marked):
                return marked
        return sentence

    def find_left_out(self, passed: Sequence[Sentence]) -> tuple[str, ...]:
        """The words that were asked for, one for each quote that has them, where `passed` says none of them."""
        exact = [
            (statement, statement.focus.cut(statement.text))
            for statement in self._answer.statements
            if statement.focus and any(number in self._citations for number in statement.citations)
        ]
        if not exact or any(self._says(words, statement, passed) for statement, words in exact):
            return ()
        return tuple(dict.fromkeys(words for _, words in exact))

    def _says(self, words: str, statement: Statement, passed: Sequence[Sentence]) -> bool:
        """True if one of `passed` cites the quote of `statement` and says `words`: as they stand there or, in
        another language, in figures and names."""
        texts = [each.text for each in passed if set(each.marks) & set(statement.citations)]
        if not texts:
            return False
        languages = {self._citations[number].language for number in statement.citations}
        if languages == {self._answer.language}:
            return any(_share(words, text) >= LEAST_SHARE for text in texts)
        return not self._find_missing(words, texts, question=self._answer.interpreted_as)


def is_by_city(answer: Answer) -> bool:
    """True if `answer` goes city by city."""
    return any(statement.city is not None for statement in answer.statements)


def cities_given(answer: Answer, number: int) -> tuple[str, ...]:
    """The cities for which `answer` gives the quote with this number."""
    return tuple(each.city for each in answer.statements if each.city and number in each.citations)


def cities_of(sentence: Sentence, answer: Answer, catalogue: CityCatalogue | None = None) -> tuple[str, ...]:
    """The cities of which `sentence` is told: those for which every quote that it cites was given, and if it names
    any city, only those that it names."""
    given = [cities_given(answer, number) for number in sentence.marks]
    common = [city for city in given[0] if all(city in cities for cities in given)] if given else []
    named = catalogue.query_cities(sentence.text) if catalogue else ()
    return tuple(city for city in common if not named or city in named)


def _is_about_evidence(text: str, texts: Sequence[str]) -> bool:
    """True if `text` has such words which none of `texts` has."""
    there = " ".join(texts).casefold()
    return any(found[0].casefold() not in there for found in ABOUT_EVIDENCE.finditer(text))


def _share(words: str, text: str) -> float:
    """The share of the pairs of letters and digits in `words` that stand in `text`, 0 to 1."""
    wanted, there = _pairs(words), _pairs(text)
    return len(wanted & there) / len(wanted) if wanted else 1.0


def _pairs(text: str) -> set[str]:
    folded = re.sub(r"\W+", " ", unicodedata.normalize("NFKC", text).casefold()).strip()
    padded = f" {folded} "
    return {padded[at : at + 2] for at in range(len(padded) - 1)}
