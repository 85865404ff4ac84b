"""Statements with facts that their sources lack: the wrong ones that a machine can tell.

The writer lets nothing pass that is found here first; this looks at what was said in the end, and at more.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from qa.domain import Citation
from qa.facts import missing_facts
from qa.pipeline import Pipeline

_THOUSANDS = re.compile(r"(?<=\d)[,.'\s](?=\d{3}(?!\d))")


@dataclass(frozen=True, slots=True)
class Checked:
    """A statement and what in it is doubtful.

    `not_in_quotes` are numbers, dates, units and names that its quotes lack, by `qa.facts`; names may come from
    the question. `not_in_documents` are the same for the whole documents, but names of the question count as
    missing. `stray_digits` are the runs of digits that stand nowhere in these documents.
    """

    text: str
    not_in_quotes: tuple[str, ...] = ()
    not_in_documents: tuple[str, ...] = ()
    stray_digits: tuple[str, ...] = ()


def check_said(text: str, citations: Sequence[Citation], *, question: str, pipeline: Pipeline) -> Checked:
    """The statement `text`, said in answer to `question`, held against what it cites."""
    quotes = [citation.quote for citation in citations]
    library = pipeline.library
    found = [
        library.find_document(doc_id) for doc_id in dict.fromkeys(each.source.doc_id for each in citations)
    ]
    documents = [document.text for document in found if document]
    catalogue = library.catalogue
    return Checked(
        text,
        tuple(fact.text for fact in missing_facts(text, quotes, question=question, catalogue=catalogue)),
        tuple(fact.text for fact in missing_facts(text, documents, catalogue=catalogue)),
        stray_digits(text, documents),
    )


def stray_digits(text: str, documents: Sequence[str]) -> tuple[str, ...]:
    """The runs of digits in `text` that stand in none of `documents`, whatever they count or name.

    A number that the documents write in words, or in another calendar, is among them too.

    >>> stray_digits("It sent 67 of 1,200 experts.", ["１２００ experts, ٦٧ of them women"])
    ()
    """
    known = {run for document in documents for run in _digit_runs(document)}
    return tuple(dict.fromkeys(run for run in _digit_runs(text) if run not in known))


def _digit_runs(text: str) -> list[str]:
    plain = "".join(
        str(unicodedata.digit(character)) if character.isdecimal() else character
        for character in unicodedata.normalize("NFKC", text)
    )
    return re.findall(r"\d+", _THOUSANDS.sub("", plain))
