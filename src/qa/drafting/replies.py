"""A language model's reply → its sentences and their marks, without anything that a page could act upon."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from qa.drafting.instructions import HIDDEN
from qa.drafting.prompts import NO_ANSWER
from qa.text.sentences import LIST_MARKS, STOPS, split_sentences

MAX_SENTENCES_READ = 20
"""A reply with more is not an answer to read."""

THOUGHTS = re.compile(r"<think(?:ing)?>.{0,20000}?(?:</think(?:ing)?>|\Z)", re.DOTALL | re.IGNORECASE)
"""What models that reason write down before they answer."""
MARK = re.compile(r"[\[［【]\s{0,3}(\d{1,3}(?:\s{0,3}[,、，;]\s{0,3}\d{1,3}){0,9})\s{0,3}[\]］】]")
MARKS_AFTER_STOP = re.compile(
    rf"([.!?{STOPS}]) {{0,3}}((?:[\[［【][\d,、，; ]{{1,40}}[\]］】] {{0,3}}){{1,9}})"
)
"""Marks that stand behind a sentence's full stop: they belong to it, not to the next sentence."""
CARRIER = re.compile(
    r"!?\[[^\[\]\n]{0,500}\]\([^()\n]{0,2000}\)?"
    r"|!\[[^\[\]\n]{0,500}\](?:\[[^\[\]\n]{0,100}\])?"
    r"|</?[a-zA-Z!][^<>]{0,2000}>?"
    r"|(?<![a-zA-Z0-9])(?:[a-zA-Z][a-zA-Z0-9+.-]{1,20}:/{1,3}|www\.|data:|javascript:|vbscript:|mailto:|tel:)\S{1,2000}"
    r"|(?<![:\w])//[\w-]{1,63}\.\S{1,2000}"
    r"|(?<![a-zA-Z0-9.-])[\w-]{1,63}(?:\.[\w-]{1,63}){1,5}[/?]\S{0,2000}"
    r"|(?<![a-zA-Z0-9.-])(?:[\w.+-]{1,64}@)?[a-z0-9-]{1,63}(?:\[?\.\]?[a-z0-9-]{1,63}){0,4}\[?\.\]?[a-z]{2,24}(?![\w])"
    r"|&(?:#\d{1,7}|#x[0-9a-fA-F]{1,6}|[a-zA-Z]{2,10});"
)
"""Links, images, tags, addresses and character references: all that could load something, or carry data out."""
CARRIED = "\ue000"
"""What stands in the place of a carrier: a character for private use, which means nothing."""
WIDE = re.compile("[\uff01-\uff5e]{0,500}[\uff21-\uff3a\uff41-\uff5a][\uff01-\uff5e]{0,500}")
"""Latin letters of full width and what is around them: addresses can be written so, too."""
KHMER_SPACE = "\u200b"
"""What Khmer, and nothing else, has between words."""
OPENING = re.compile(
    r"^(?:(?:the|my) )?(?:evidence|answer)(?: to the question)? (?:is|says|shows|states|suggests)"
    r"(?: that\b|\s?[:：])+\s*",
    re.IGNORECASE,
)
"""Words that small models write before they come to the matter."""
EMPHASIS = re.compile(r"[*_`~#|]{1,20}")
LIST_START = re.compile(rf"^\s{{0,20}}(?:[{LIST_MARKS}]|\d{{1,2}}[.)])\s{{1,5}}", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence as the model wrote it, without marks and Markdown; `marks` are the numbers after it.

    `has_carrier` tells that there was a link, an image, a tag or an address in it.
    """

    text: str
    marks: tuple[int, ...]
    has_carrier: bool = False


def is_no_answer(reply: str) -> bool:
    """True if the model says that the evidence does not answer."""
    said = THOUGHTS.sub(" ", reply).strip().strip("*`\"'. ")
    return said.upper().replace(" ", "_").startswith(NO_ANSWER)


def without_hidden(reply: str, *, language: str) -> str:
    """`reply` without characters that cannot be seen, but for those that `language` is written with."""
    kept = KHMER_SPACE if language == "km" else ""
    return HIDDEN.sub(lambda found: found[0] if found[0] == kept else "", reply)


def read_reply(reply: str, *, language: str) -> tuple[Sentence, ...]:
    """The sentences of `reply` in their order; none where there is no word in it."""
    text = without_hidden(reply, language=language).replace(CARRIED, "")
    text = WIDE.sub(lambda found: unicodedata.normalize("NFKC", found[0]), text)
    text = THOUGHTS.sub(" ", text)
    text = CARRIER.sub(f" {CARRIED} ", text)  # before it is split: there are stops in addresses
    text = LIST_START.sub("", text)
    text = MARKS_AFTER_STOP.sub(lambda found: f" {found[2].strip()}{found[1]} ", text)
    sentences: list[Sentence] = []
    for span in split_sentences(text, language=language)[: MAX_SENTENCES_READ + 1]:
        sentence = _read(span.cut(text))
        if any(character.isalnum() for character in sentence.text):
            sentences.append(sentence)
        elif sentences and sentence.marks:  # marks that were split from their sentence
            last = sentences[-1]
            sentences[-1] = Sentence(last.text, _unique((*last.marks, *sentence.marks)), last.has_carrier)
    return tuple(sentences)


def read_begun(reply: str, *, language: str) -> tuple[Sentence, ...]:
    """The whole sentences of a reply that is still coming: all but the last. A mark that has only begun is left
    out, and so is "NO_ANSWER"."""
    if NO_ANSWER.startswith(reply.strip()[: len(NO_ANSWER)]) or is_no_answer(reply):
        return ()
    opened = max(reply.rfind(bracket) for bracket in "[［【<")
    closed = max(reply.rfind(bracket) for bracket in "]］】>")
    whole = reply[:opened] if opened > closed else reply
    # What is written behind a sentence tells that its marks have all come.
    return read_reply(whole, language=language)[:-1]


def _read(raw: str) -> Sentence:
    text = raw.replace(CARRIED, " ")
    numbers = [number for found in MARK.finditer(text) for number in re.findall(r"\d+", found[1])]
    marks = _unique(tuple(map(int, numbers)))
    text = EMPHASIS.sub("", MARK.sub("", text))
    text = re.sub(r"\s+([.!?,;:。！？、，])", r"\1", " ".join(text.split()))
    matter = OPENING.sub("", re.sub(r"(?<=[.!?。！？])\s?\.$", "", text.strip()))
    return Sentence(matter[:1].upper() + matter[1:], marks, CARRIED in raw)


def _unique(numbers: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(dict.fromkeys(numbers))
