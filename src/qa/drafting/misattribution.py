"""Figures and deeds that a sentence gives to another name than its quotes do, though its words all stand there."""

from __future__ import annotations

import re
from collections.abc import Sequence

NEAR = 25
"""Characters that may stand between a name and the figure that is its own."""

TOKEN = re.compile(
    r"(?P<figure>\d[\d,.]*\d|\d)"
    r"|(?P<name>[A-ZÀ-ÞĀ-ŽĐ][\w'’-]+(?: [A-ZÀ-ÞĀ-ŽĐ][\w'’-]+){0,3}|[ァ-ヴー]{2,20}|[一-鿿]{2,4}(?=[はがのにでも]))"
    r"|(?P<end>[,;:.!?、，；。！？])"
)

WORD = re.compile(r"[^\W\d_]+")
SHORT = 3
"""Words of so few letters are no names and say nothing that could be turned round: "The", "was"."""


def find_mixed_up(sentence: str, quotes: Sequence[str]) -> tuple[str, ...]:
    """The figures that `sentence` gives to the wrong name: in `quotes` this name has another figure, and this
    figure another name.

    >>> find_mixed_up("Peru has 10%.", ["Brazil has 60%, Peru with 13%, Colombia with 10%."])
    ('10',)
    """
    known = _pairs(" ".join(quotes))
    return tuple(
        figure
        for name, figure in sorted(_pairs(sentence))
        if (name, figure) not in known
        and any(other == name for other, _ in known)
        and any(other != name and value == figure for other, value in known)
    )


def find_turned_round(sentence: str, quotes: Sequence[str]) -> tuple[str, ...]:
    """The words in `sentence` around which two names stand the other way round than in one of `quotes`: the doer
    has become the one it was done to. With "by" between them it may be right.

    >>> find_turned_round("Paris beat Rome.", ["Rome, the older one, beat Paris in 1999."])
    ('beat',)
    """
    known = {each for quote in quotes for each in _deeds(quote)}
    turned = {word for one, word, other in _deeds(sentence, reach=1) if (other, word, one) in known}
    right = {word for one, word, other in _deeds(sentence) if (one, word, other) in known}
    return tuple(sorted(turned - right))


def _deeds(text: str, *, reach: int = 99) -> set[tuple[str, str, str]]:
    """(name, word, name): each word that is no name, with each of the `reach` nearest names before it and after
    it, where no "by" stands between."""
    words = WORD.findall(text)
    names = [at for at, word in enumerate(words) if word[0].isupper() and len(word) > SHORT]
    return {
        (words[before], word.casefold(), words[after])
        for at, word in enumerate(words)
        if at not in names and len(word) > SHORT
        for before in [name for name in names if name < at][-reach:]
        for after in [name for name in names if name > at][:reach]
        if "by" not in words[before:after]
    }


def _pairs(text: str) -> set[tuple[str, str]]:
    """Each figure in `text` with the name that stands shortly before it, and neither another figure nor a
    comma between them."""
    pairs = set()
    name, end = "", -NEAR
    for found in TOKEN.finditer(text):
        if found["name"]:
            name, end = found["name"], found.end()
        elif found["end"]:
            name = ""
        else:
            if name and found.start() - end <= NEAR:
                pairs.add((name, found["figure"].replace(",", "")))
            name = ""
    return pairs
