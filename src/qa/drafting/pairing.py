"""Figures that a sentence gives to another name than its quotes do: all its words stand there, and it is wrong."""

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


def find_mixed_up(sentence: str, quotes: Sequence[str]) -> tuple[str, ...]:
    """The figures in `sentence` that stand after a name which has another one in `quotes`, where this one is
    another name's.

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
