"""What every pattern of a language finds, held against a file: a word that moves or goes is seen here.

`python tests/text/test_wordings.py` writes `tests/data/wordings.jsonl` anew, after a change that is meant.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any

import pytest

from conftest import REPOSITORY
from qa.answer.composition import LIST_MARK
from qa.answer.context import LEANS_BACK
from qa.answer.selection import BETWEEN_PARAGRAPHS
from qa.cities import load_cities
from qa.domain import Chunk, Place, Query, Source, Span
from qa.drafting.checks import ABOUT_EVIDENCE, ASKS_FOR
from qa.drafting.instructions import is_instruction
from qa.drafting.support import NEGATIONS, foreign_words
from qa.facts import missing_facts
from qa.facts.checking import read_facts
from qa.facts.vocabulary import language_of
from qa.facts.wording import find_words
from qa.indexing.chunking import CONTENTS_HEADING
from qa.loaders.text import LIST_ITEM, SENTENCE_END
from qa.overview.timeline import find_events
from qa.question.intent import asks_city_by_city, asks_for_story
from qa.question.smalltalk import talk_of
from qa.question.understanding import LEANS_ON_TURN, WHAT_ABOUT
from qa.text.lang.pack import CITY
from qa.text.names import Words, find_unknown_names, find_unmentioned_words
from qa.text.sentences import contents_number, split_sentences

WORDINGS = REPOSITORY / "tests" / "data" / "wordings.jsonl"
CATALOGUE = load_cities(REPOSITORY / "corpus" / "cities.toml")
LANGUAGES = ("en", "ja", "vi", "km")
"""Sentences are split as in each of these; in other languages of the page by the same rules."""


def spans(pattern: re.Pattern[str]) -> Callable[[str], Any]:
    """What finds all places of `pattern`."""
    return lambda text: [match.span() for match in pattern.finditer(text)]


def events(text: str) -> Any:
    """Each date of a timeline in `text`, read as one sentence."""
    whole = Span(0, len(text))
    chunk = Chunk("", Source("", "", ""), Place(whole), text, (whole,))
    found = find_events([chunk], catalogue=CATALOGUE, this_year=2026)
    return [(e.year, e.month, e.end_year, e.date.start, e.date.end) for e in found]


def figures(text: str) -> Any:
    """The numbers and dates of `text` as the check of facts reads them."""
    return [
        [str(part) for part in (thing.start, thing.end, *_values(thing))]
        for thing in read_facts(text).in_order()
    ]


def _values(thing: Any) -> tuple[Any, ...]:
    if hasattr(thing, "readings"):
        return tuple(thing.readings)
    flags = (thing.ordinal, thing.either, thing.counts, thing.is_word)
    return (*thing.values, thing.unit, "".join(str(int(flag)) for flag in flags), thing.number_end)


def query(text: str) -> Query:
    """An English question."""
    return Query(question=text, text=text, language="en", searched_text=text)


def sentences(text: str) -> Any:
    """Where sentences end, in each of `LANGUAGES` that splits otherwise than English."""
    ends = {
        code: [span.end for span in split_sentences(f"Xa. {text} 12, abc. {text}. Và", language=code)]
        for code in LANGUAGES
    }
    return {code: found for code, found in ends.items() if code == "en" or found != ends["en"]}


FINDERS: Mapping[str, Callable[[str], Any]] = {
    "city by city": asks_city_by_city,
    "story": lambda text: asks_for_story(text.replace(CITY, "Davao"), CATALOGUE),
    "story with a city": lambda text: asks_for_story(f"Davao {text} Davao", CATALOGUE),
    "talk": talk_of,
    "leans on turn": spans(LEANS_ON_TURN),
    "what about": lambda text: (match := WHAT_ABOUT.match(text)) and match["rest"] != text and match["rest"],
    "leans back": lambda text: bool(LEANS_BACK.match(text)),
    "events": events,
    "figures": figures,
    "words": lambda text: [(w.start, w.kind) for w in find_words(text, read_facts(text).plain)],
    "missing": lambda text: [(fact.kind, fact.text) for fact in missing_facts(text, [""])],
    "language": language_of,
    "unknown names": lambda text: find_unknown_names(query(text), Words()),
    "unmentioned": lambda text: find_unmentioned_words(query(text), Words()),
    "foreign": lambda text: foreign_words(text, []),
    "negations": spans(NEGATIONS),
    "about evidence": spans(ABOUT_EVIDENCE),
    "asks for": spans(ASKS_FOR),
    "instruction": is_instruction,
    "contents": lambda text: bool(CONTENTS_HEADING.fullmatch(text)),
    "contents line": lambda text: contents_number(f"{text} ..... 12 {text}") or contents_number(text),
    "sentences": sentences,
    "ends": lambda text: bool(SENTENCE_END.search(text)),
    "list item": lambda text: bool(LIST_ITEM.match(text)),
    "list mark": lambda text: bool(LIST_MARK.match(text)),
    "not between paragraphs": lambda text: not BETWEEN_PARAGRAPHS.search(text),
}


def found_in(text: str) -> dict[str, Any]:
    """What each finder finds in `text`, those left out that find nothing."""
    text = unicodedata.normalize("NFC", text)
    found = {name: find(text) for name, find in FINDERS.items()}
    plain: dict[str, Any] = json.loads(json.dumps({name: value for name, value in found.items() if value}))
    return plain


@cache
def read_wordings() -> Sequence[tuple[str, Mapping[str, Any]]]:
    """Each text and what is found in it."""
    return [
        (text, found) for text, found in map(json.loads, WORDINGS.read_text(encoding="utf-8").splitlines())
    ]


SLOW = ("missing", "story with a city")
"""Finders that take more than a second for all texts."""


@pytest.mark.parametrize(
    "finder", [pytest.param(name, marks=[pytest.mark.slow] * (name in SLOW)) for name in FINDERS]
)
def test_every_wording_is_found_as_it_was(finder: str) -> None:
    find = FINDERS[finder]
    for text, found in read_wordings():
        value = json.loads(json.dumps(find(unicodedata.normalize("NFC", text))))
        assert (value or None) == found.get(finder), text


if __name__ == "__main__":
    texts = [text for text, _ in read_wordings()]
    lines = [json.dumps([text, found_in(text)], ensure_ascii=False) for text in texts]
    WORDINGS.write_text("\n".join(lines) + "\n", encoding="utf-8")
