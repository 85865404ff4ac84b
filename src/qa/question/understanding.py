"""Question and conversation → `Query`: its language, the cities that it means, a follow-up made whole."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence

from qa.cities import CityCatalogue
from qa.domain import Query, Turn
from qa.errors import InputError
from qa.question.intent import asks_city_by_city, asks_for_story
from qa.question.smalltalk import talk_of
from qa.text.lang import any_of
from qa.text.languages import detect_language, is_unspaced

MAX_QUESTION_CHARS = 2000

LEANS_ON_TURN = re.compile(any_of(lambda pack: pack.points_back), re.IGNORECASE)
"""Words that point back to what was said before, in the page's languages."""

WHAT_ABOUT = re.compile(
    rf"^(?:{any_of(lambda pack: pack.asks_again_before)})?[\s,]*(?P<rest>.+?)"
    rf"[\s]*(?:{any_of(lambda pack: pack.asks_again_after)})?[\s?？។!.]*$",
    re.IGNORECASE,
)

MAX_FEW_WORDS, MAX_FEW_CHARS = 4, 12
"""A question of up to so many words (in unspaced scripts, characters) that only names a city ("And Hai
Phong?") asks the last one again."""

MIN_WORDS, MIN_CHARS = 3, 7
"""A question of no more that names no city hardly stands alone."""


def understand(
    question: str,
    *,
    history: Sequence[Turn] = (),
    chosen_cities: Sequence[str] = (),
    catalogue: CityCatalogue,
    document_languages: Iterable[str] = (),
    whole: str = "",
) -> Query:
    """What is asked. A city that the question names wins over a chosen one, that over the conversation's.

    A chosen city that loses is kept as set aside, so that the answer can say so.

    Cities are searched for by the names that the question gives them and those that they have in each of
    `document_languages`: embedders place "Surabaya" and スラバヤ near each other, but not in the same place.

    `whole` is the question made whole already, by a language model say, and checked; by default the rules do that.

    Raises `InputError` for a question that is too long to be one.
    """
    text = clean_question(question)
    if len(text) > MAX_QUESTION_CHARS:
        raise InputError(f"the question has {len(text)} characters; ask with at most {MAX_QUESTION_CHARS}")
    named = catalogue.query_cities(text)
    asked = asked_before(history)
    language = detect_language(text, default=detect_language(asked[-1]) if asked else "en")
    if whole and named:  # "How does it compare with Davao?" is about two cities
        named = catalogue.query_cities(whole)
    if not whole:
        whole = _make_whole(text, asked, named, catalogue) if asked else text
    chosen = _canonical(chosen_cities, catalogue)
    cities = named or chosen
    if whole != text and not cities:
        cities = catalogue.query_cities(whole)
    is_city_by_city = len(named) > 1 or (not cities and asks_city_by_city(whole))
    return Query(
        question=text,
        text=whole,
        language=language,
        cities=cities,
        named_cities=named,
        is_follow_up=whole != text,
        names_place=catalogue.names_place(whole),
        is_city_by_city=is_city_by_city,
        set_aside_cities=tuple(city for city in chosen if named and city not in named),
        wants_story=not is_city_by_city and asks_for_story(whole, catalogue),
        renamed=rename_cities(whole, document_languages, catalogue),
    )


def rename_cities(text: str, languages: Iterable[str], catalogue: CityCatalogue) -> dict[str, str]:
    """`text` with its cities called as in each of `languages`, for those in which that is another text."""
    renamed = {language: catalogue.rename(text, language) for language in languages}
    return {language: other for language, other in renamed.items() if other != text}


def asked_before(history: Sequence[Turn]) -> list[str]:
    """The questions of a conversation, oldest first."""
    # A greeting or thanks between two questions is nothing that the second could lean on.
    return [clean_question(turn.text) for turn in history if turn.role == "user" and not talk_of(turn.text)]


def may_lean(query: Query, catalogue: CityCatalogue) -> bool:
    """True if the question may lean on the one before it: the rules say so, it has a word that points back, or it
    is next to nothing and names no city ("Since when?")."""
    if query.is_follow_up or LEANS_ON_TURN.search(query.question):
        return True
    text = query.question
    return not catalogue.names_place(text) and _is_short(text, words=MIN_WORDS, characters=MIN_CHARS)


def clean_question(question: str) -> str:
    """`question` in NFC, on one line, without control characters."""
    text = unicodedata.normalize("NFC", question)
    kept = "".join(c if c.isprintable() or c == "\u200b" else " " for c in text)
    return " ".join(kept.split())


def _canonical(names: Sequence[str], catalogue: CityCatalogue) -> tuple[str, ...]:
    """The catalogue's own names; raises `InputError` for one that it does not have, as a filter must hold."""
    found = []
    for name in names:
        city = catalogue.get(name)
        if city is None:
            known = ", ".join(city.name for city in catalogue.partners) or "none; add it to cities.toml"
            raise InputError(f"there is no city {name!r}; the cities are {known}")
        if not city.is_home:  # every document is about it: nothing is narrowed
            found.append(city.name)
    return tuple(dict.fromkeys(found))


def _make_whole(text: str, asked: Sequence[str], named: tuple[str, ...], catalogue: CityCatalogue) -> str:
    """`text` with what it takes from the conversation; `text` itself if it stands alone."""
    last = last_whole(asked, catalogue)
    if named and _only_names_a_city(text, named, catalogue):
        swapped = _swap_city(last, named, catalogue)
        return swapped or f"{last} {text}"
    if not named and LEANS_ON_TURN.search(text):
        return f"{last} {text}"
    return text


def last_whole(asked: Sequence[str], catalogue: CityCatalogue) -> str:
    """The last of the questions `asked` (not empty), itself made whole from the ones before it."""
    whole = asked[0]
    for text in asked[1:]:
        whole = _make_whole(text, [whole], catalogue.query_cities(text), catalogue)
    return whole


def _only_names_a_city(text: str, named: tuple[str, ...], catalogue: CityCatalogue) -> bool:
    match = WHAT_ABOUT.match(text)
    rest = match.group("rest") if match else text
    return catalogue.get(rest) is not None or (
        _is_short(catalogue.blank_names(text, " ")) and len(named) == 1 and bool(LEANS_ON_TURN.search(text))
    )


def _is_short(text: str, *, words: int = MAX_FEW_WORDS, characters: int = MAX_FEW_CHARS) -> bool:
    return len(text) <= characters if is_unspaced(text) else len(text.split()) <= words


def _swap_city(question: str, named: tuple[str, ...], catalogue: CityCatalogue) -> str | None:
    """`question` about the newly named city instead of its own; None if it names none by a known name."""
    old = catalogue.find(question)
    if not old:
        return None
    city = catalogue.get(old[0])
    names = city.all_names() if city else ()
    for name in sorted(names, key=len, reverse=True):
        pattern = re.compile(re.escape(name), re.IGNORECASE)
        if pattern.search(question):
            return pattern.sub(named[0], question)
    return None
