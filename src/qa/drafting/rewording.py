"""What is wrong with a question or a quote that a language model has reworded."""

from __future__ import annotations

import re
from collections.abc import Sequence

from qa.cities import CityCatalogue
from qa.domain import Query
from qa.drafting.instructions import is_instruction
from qa.drafting.replies import CARRIER, THOUGHTS, without_hidden
from qa.drafting.support import NEGATIONS, is_in_script_of
from qa.facts import missing_facts
from qa.question.intent import asks_city_by_city
from qa.question.understanding import LEANS_ON_TURN
from qa.text.languages import detect_language, is_unspaced

MAX_QUESTION_CHARS = 400
"""A longer question is not reworded: it says itself what it is about."""

MAX_QUOTE_CHARS = 1500
"""A longer quote is not translated: the whole reply would hardly fit into `llm_max_tokens`."""

MIN_KEPT, MIN_BORROWED = 1 / 3, 1 / 2
"""The share of a question's letters (see `_grams`) that must be in its whole wording, and the share of the whole
wording that must come from the conversation or the question. "Since when?" may become "When did … begin?", but no
question about something else."""

LABEL = re.compile(
    r"^(?:(?:the )?(?:last |whole |new )?question|translation)\s{0,3}[:：]\s{0,3}", re.IGNORECASE
)
"""What some models write before what they were asked for."""
WRAPPED = re.compile(r"^[\"“”'‘’«「『`](.{1,5000})[\"“”'‘’»」』`]$")
LOST_FACTS = frozenset({"number", "date", "unit", "name"})
"""The kinds of facts that are surely missing: a name that is only spelt in another script is not."""


def read_line(reply: str, *, language: str) -> str:
    """The one line of `reply`, without thoughts, a label and quotation marks; empty where it is not one line."""
    text = THOUGHTS.sub(" ", without_hidden(reply, language=language))
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if len(lines) != 1:
        return ""
    line = LABEL.sub("", " ".join(lines[0].split()))
    wrapped = WRAPPED.match(line)
    return wrapped[1].strip() if wrapped else line


def fault_in_whole(
    whole: str, query: Query, said: Sequence[str], *, last: Sequence[str], catalogue: CityCatalogue
) -> str:
    """What is wrong with `whole`, which a model made of the question of `query`, asked after all of `said`.

    Cities may come only from the question and from `last`, the last exchange: an asker who has gone on to another
    city is not led back.
    """
    question, sources = query.question, [query.question, *said]
    fault = _fault_in_form(whole, language=query.language, most=MAX_QUESTION_CHARS)
    if fault:
        return fault
    if not _is_in(query.language, whole, catalogue):
        return "it is in another language"
    if _asks(question) and not _asks(whole):
        return "it is no question"
    added = missing_facts(whole, sources, catalogue=catalogue)
    if added:
        return f"nobody named: {added[0].text}"
    lost = _lost(question, whole, catalogue)
    if lost:
        return f"it does not have: {lost}"
    own, brought = set(catalogue.query_cities(question)), set(catalogue.query_cities(whole))
    known = own | {city for text in last for city in catalogue.query_cities(text)}
    if not own <= brought <= known or (own and brought != own and not asks_city_by_city(question)):
        return "it is about other cities"
    if _share(LEANS_ON_TURN.sub(" ", catalogue.blank_names(question, " ")), [whole]) < MIN_KEPT:
        return "it asks for something else"
    return "" if _share(whole, sources) >= MIN_BORROWED else "it says what nobody said"


def fault_in_question(translation: str, question: str, *, language: str, catalogue: CityCatalogue) -> str:
    """What is wrong with the `translation` of `question` into `language`."""
    fault = _fault_in_form(translation, language=language, most=4 * len(question) + 100)
    if not fault and _asks(question) and not _asks(translation):
        fault = "it is no question"
    return fault or _fault_in_facts(translation, question, language=language, catalogue=catalogue)


def fault_in_quote(translation: str, quote: str, *, language: str, catalogue: CityCatalogue) -> str:
    """What is wrong with the `translation` of `quote` into `language`."""
    fault = _fault_in_form(translation, language=language, most=4 * len(quote) + 100)
    if fault:
        return fault
    if len(translation) * 8 < len(quote):
        return "most of it is left out"
    if bool(NEGATIONS.search(translation)) is not bool(NEGATIONS.search(quote)):
        return "one denies what the other says"
    return _fault_in_facts(translation, quote, language=language, catalogue=catalogue)


def _fault_in_form(line: str, *, language: str, most: int) -> str:
    if not any(character.isalpha() for character in line):
        return "it is not one line of text"
    if len(line) > most:
        return "it is too long"
    if CARRIER.search(line):
        return "it has a link, an image or a tag in it"
    if is_instruction(line):
        return "it reads as an instruction"
    return "" if is_in_script_of(line, language) else "it is in another language"


def _fault_in_facts(translation: str, original: str, *, language: str, catalogue: CityCatalogue) -> str:
    if not _is_in(language, translation, catalogue):
        return "it is in another language"
    if added := _lost(translation, original, catalogue):
        return f"it adds: {added}"
    lost = _lost(original, translation, catalogue)
    return f"it does not have: {lost}" if lost else ""


def _is_in(language: str, text: str, catalogue: CityCatalogue) -> bool:
    """True if `text` is in `language`, as far as its words without the names of cities tell."""
    return detect_language(catalogue.blank_names(text, " "), default=language) == language


def _asks(text: str) -> bool:
    return text.rstrip().endswith(("?", "？"))


def _lost(text: str, reworded: str, catalogue: CityCatalogue) -> str:
    """The first number, date, unit or name of `text` that `reworded` does not have; empty if it has all."""
    facts = missing_facts(text, [reworded], catalogue=catalogue)
    return next((fact.text for fact in facts if fact.kind in LOST_FACTS), "")


def _share(text: str, sources: Sequence[str]) -> float:
    """The share of the `_grams` of `text` that are in `sources`; 1 where it has none."""
    size = 2 if is_unspaced(text) else 3
    known = {gram for source in sources for gram in _grams(source, size)}
    own = _grams(text, size)
    return len(own & known) / len(own) if own else 1.0


def _grams(text: str, size: int) -> set[str]:
    """The runs of `size` letters inside the words of `text`: what forms of a word share, in any language."""
    words = re.findall(r"[^\W_]+", text.casefold())
    return {word[i : i + size] for word in words for i in range(max(1, len(word) - size + 1))}
