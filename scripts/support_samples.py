"""What the reader's support head is trained and measured on: sentences with quotes that say them, or nearly.

True are translations of a line into another language, a line shortened by a part, paraphrases and claims that
people checked, and questions put together with their answers. False are the same with something changed (a number,
a name, a word, who did what to whom, a negation), the lines beside them, and what people wrote to be false. A
tenth, by hash of the document, is never trained on.
"""

from __future__ import annotations

import hashlib
import random
import re
import runpy
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from reader_samples import read_rows
from table_samples import LANGUAGES, WORDS

from qa.models.packaged import packaged_embedder_folder
from qa.text.languages import is_unspaced
from qa.text.sentences import split_sentences

SETS = {
    "nli_jnli_valid_test": 3500,
    "nli_janli": 2500,
    "nli_wrete": 350,
    "pawsx_dev_test_en_ja_zh": 6000,
    "paws_id_mt": 3000,
    "evidence_fever_symmetric": 1414,
    "evidence_fm2_dev_test": 2548,
}
"""How many pairs of sentences by people are used of each set."""
PARALLEL = {"alt_wikinews": 5500, "ntrex128": 1997, "tico19": 3000, "tatoeba": 2500, "talpco": 700,
            "ud_pud": 900, "xcopa": 900, "nusax_en_id": 400, "storybooks": 600}  # fmt: skip
"""How many lines of each set of parallel ones."""
QUESTIONS = {
    "squadshifts_new_wiki": 900, "squad2_8_articles": 250, "tydiqa_goldp_en_id": 900, "jaquad_train": 900,
    "jsquad_valid_test": 700, "cmrc2018_train": 700, "drcd_dev_test": 500, "idkmrc_train": 1000, "facqa": 500,
    "mlqa_dev_en_vi_zh": 2500, "mlqa_vi_dev": 450, "iapp_wiki_qa_train": 700,
}  # fmt: skip
"""How many questions with answers of each set."""
SAME_LANGUAGE = 0.4
"""How often a line and its quote are in one language."""
SUPPORTING = {"entailment", "paraphrase", "supported"}


@dataclass(frozen=True)
class Claim:
    """A sentence, a quote, whether that says it, how it was made, and their languages ("vi>en": vi over en)."""

    sentence: str
    quote: str
    is_supported: bool
    kind: str
    languages: str
    is_held_out: bool = False


def read_claims(train: Path, held: Callable[[str, str], bool]) -> list[Claim]:
    """All claims; `held` tells whether an article, with a text of it, is one of the development sets'."""
    chance = random.Random(11)
    antonyms = runpy.run_path(str(train / "make_near_miss.py"))["ANT"]
    claims: list[Claim] = []
    for name, most in SETS.items():
        claims += _by_people(read_rows(train / f"{name}.jsonl"), most, chance)
    lines = {
        (name, is_held_out): list(read_rows(train / "parallel" / f"{name}{'_dev' * is_held_out}.jsonl"))
        for name in PARALLEL
        for is_held_out in (False, True)
    }
    falsifier = Falsifier(
        ((code, text) for rows in lines.values() for row in rows for code, text in row["texts"].items()),
        antonyms,
        chance,
    )
    for (name, is_held_out), rows in lines.items():
        most = PARALLEL[name] // 6 if is_held_out else PARALLEL[name]
        claims += _parallel(rows, most, is_held_out, falsifier, chance)
    for name, most in QUESTIONS.items():
        claims += _questions(read_rows(train / f"{name}.jsonl"), most, held, falsifier, chance)
    return claims


def _is_kept_for_development(name: str) -> bool:
    return hashlib.sha256(name.encode()).digest()[0] < 26


def _by_people(rows: Iterable[dict[str, Any]], most: int, chance: random.Random) -> Iterator[Claim]:
    kept = list(rows)
    chance.shuffle(kept)
    for row in kept[:most]:
        is_held_out = _is_kept_for_development(row.get("article", row["premise"]))
        kind, language = row["task"], row["lang"]
        quote, sentence = _untokenised(row["premise"]), _untokenised(row["hypothesis"])
        yield Claim(sentence, quote, row["label"] in SUPPORTING, kind, language, is_held_out)
        if row["label"] in SUPPORTING and row.get("hard_negatives"):
            other = _untokenised(chance.choice(row["hard_negatives"]))
            yield Claim(sentence, other, False, "evidence beside", language, is_held_out)


def _untokenised(text: str) -> str:
    return re.sub(r"(\() | (?=[,.;:!?)'’])", r"\1", text.replace("`` ", "“").replace(" ''", "”")).strip()


def _parallel(
    rows: list[dict[str, Any]], most: int, is_held_out: bool, falsifier: Falsifier, chance: random.Random
) -> Iterator[Claim]:
    places = list(range(len(rows)))
    chance.shuffle(places)
    for place in places[:most]:
        texts = {code: text for code, text in rows[place]["texts"].items() if code in LANGUAGES}
        codes = [code for code in texts if 12 <= len(texts[code]) <= 400]
        if not codes:
            continue
        weights = [3 if code in ("km", "th") else 2 if code in ("zh", "id") else 1 for code in codes]
        (said_in,) = chance.choices(codes, weights)
        others = [code for code in codes if code != said_in]
        quoted_in = said_in
        if others and chance.random() > SAME_LANGUAGE:
            quoted_in = chance.choice(others)
        pair = said_in if said_in == quoted_in else f"{said_in}>{quoted_in}"
        sentence, quote = texts[said_in], texts[quoted_in]
        beside = [
            rows[n]["texts"][quoted_in]
            for n in (place - 1, place + 1)
            if 0 <= n < len(rows) and "doc" in rows[n] and rows[n]["doc"] == rows[place].get("doc")
            if quoted_in in rows[n]["texts"]
        ]
        context = quote
        if beside and chance.random() < 0.35:
            order = [quote, chance.choice(beside)]
            chance.shuffle(order)
            context = ("" if is_unspaced(quote) else " ").join(order)
        true = falsifier.shorten(sentence) if chance.random() < 0.4 else sentence
        yield Claim(true, context, True, "translation" if ">" in pair else "copy", pair, is_held_out)
        changed = falsifier.change(true, said_in, 0.3)
        if changed:
            kind, false = changed
            yield Claim(false, context, False, f"changed {kind}", pair, is_held_out)
        if chance.random() < 0.35 and (changed := falsifier.change(quote, quoted_in, 0.3)):
            yield Claim(sentence, changed[1], False, f"quote changed {changed[0]}", pair, is_held_out)
        if beside and chance.random() < 0.4:
            yield Claim(sentence, chance.choice(beside), False, "line beside", pair, is_held_out)


def _questions(
    rows: Iterable[dict[str, Any]],
    most: int,
    held: Callable[[str, str], bool],
    falsifier: Falsifier,
    chance: random.Random,
) -> Iterator[Claim]:
    """A question with its answer, as a statement: said by the sentence that has the answer."""
    paragraphs = [row for row in rows if not held(row["article"], row["context"])]
    chance.shuffle(paragraphs)
    made = 0
    for row in paragraphs:
        asked = [q for q in row["questions"] if q["answer"]]
        if made >= most or not asked:
            continue
        text = row["context"]
        quoted_in = row["lang"][-2:]
        pair = row["lang"]
        is_held_out = _is_kept_for_development(row["article"])
        spans = split_sentences(text, language=quoted_in)
        for each in chance.sample(asked, min(2, len(asked))):
            holding = [
                s for s in spans if s.start <= each["start"] and each["start"] + len(each["answer"]) <= s.end
            ]
            if not holding or len(each["answer"]) > 80:
                continue
            quote = holding[0].cut(text)
            stem = each["question"].rstrip("?？ 。")
            between = chance.choice((": ", " – ", "? "))
            made += 1
            yield Claim(f"{stem}{between}{each['answer']}", quote, True, "question", pair, is_held_out)
            wrong = [q["answer"] for q in asked if _is_other(q["answer"], each["answer"])]
            if wrong:
                yield Claim(
                    f"{stem}{between}{chance.choice(wrong)}", quote, False, "wrong answer", pair, is_held_out
                )
            others = [s for s in spans if s not in holding and each["answer"] not in s.cut(text)]
            if others and chance.random() < 0.7:
                other = chance.choice(others).cut(text)
                yield Claim(
                    f"{stem}{between}{each['answer']}", other, False, "sentence beside", pair, is_held_out
                )


def _is_other(one: str, other: str) -> bool:
    return one not in other and other not in one


class Falsifier:
    """Makes of a sentence one that says something else, in eight languages."""

    def __init__(
        self,
        texts: Iterable[tuple[str, str]],
        antonyms: dict[str, list[tuple[str, str]]],
        chance: random.Random,
    ) -> None:
        self._chance = chance
        self._opposites = {code: [*WORDS["opposites"][code], *antonyms.get(code, [])] for code in LANGUAGES}
        words: dict[str, Counter[str]] = defaultdict(Counter)
        self._names: dict[str, list[str]] = defaultdict(list)
        for code, text in texts:
            if code in LANGUAGES:
                words[code].update(word for word, _ in _words(text, code))
                if code in ("en", "id", "vi", "fil"):
                    self._names[code] += [name for name, _ in _names(text)]
        self._by_size: dict[tuple[str, int, str], list[str]] = defaultdict(list)
        for code, counts in words.items():
            common = {word for word, _ in counts.most_common(60)}
            for word, count in counts.items():
                if count >= 4 and word not in common:
                    self._by_size[code, min(len(word), 9), _ending(word, code)].append(word)
        self._common = {code: {w for w, _ in counts.most_common(60)} for code, counts in words.items()}

    def shorten(self, sentence: str) -> str:
        """The sentence without its first or last part, where a comma parts it; else as it is."""
        parts = re.split(r"(?<=[,、，]) ?", sentence)
        if len(parts) < 2:
            return sentence
        first, last = parts[0], parts[-1]
        if len(first) < 0.4 * len(sentence) and self._chance.random() < 0.5:
            left = sentence[len(first) :].strip()
        elif len(last) < 0.4 * len(sentence) and not is_unspaced(sentence):
            left = sentence[: -len(last)].rstrip(" ,、，") + "."
        else:
            return sentence
        return left[:1].upper() + left[1:] if len(left) > 15 else sentence

    def change(self, sentence: str, language: str, negated: float) -> tuple[str, str] | None:
        """How it was changed, and the sentence; None where no way was found."""
        ways: list[tuple[str, Callable[[str, str], str | None]]] = [
            ("word", self._word),
            ("word", self._word),
            ("opposite", self._opposite),
            ("opposite", self._opposite),
            ("roles", self._roles),
            ("number", self._number),
            ("name", self._name),
        ]
        self._chance.shuffle(ways)
        if self._chance.random() < negated:
            ways.insert(0, ("negation", self._negation))
        elif self._chance.random() < 0.5:
            ways.insert(0, ("opposite", self._opposite))
        for kind, way in ways:
            changed = way(sentence, language)
            if changed and changed.casefold() != sentence.casefold():
                return kind, changed
        return None

    def _number(self, sentence: str, language: str) -> str | None:
        found = list(re.finditer(r"\d+", sentence))
        if not found:
            return None
        at = self._chance.choice(found)
        old = at[0]
        if len(old) == 4 and old[:2] in ("19", "20"):
            new = str(int(old) + self._chance.choice((-10, -3, -2, -1, 1, 2, 3, 10)))
        else:
            digits = list(old)
            place = self._chance.randrange(len(digits))
            digits[place] = self._chance.choice([d for d in "123456789" if d != digits[place]])
            new = "".join(digits)
        return sentence[: at.start()] + new + sentence[at.end() :]

    def _opposite(self, sentence: str, language: str) -> str | None:
        pairs = [
            (a, b)
            for one, two in self._opposites[language]
            for a, b in ((one, two), (two, one))
            if a in sentence
        ]
        self._chance.shuffle(pairs)
        for old, new in pairs:
            pattern = re.escape(old) if language in ("ja", "zh", "th", "km") else rf"\b{re.escape(old)}\b"
            if re.search(pattern, sentence):
                return re.sub(pattern, new, sentence, count=1)
        return None

    def _negation(self, sentence: str, language: str) -> str | None:
        for pattern, put in WORDS["negated"][language]:
            found = list(re.finditer(pattern, sentence))
            if found:
                at = self._chance.choice(found)
                new = at.expand(put)
                return sentence[: at.start()] + new + sentence[at.end() :]
        return None

    def _roles(self, sentence: str, language: str) -> str | None:
        """Two names, or two words of their kind, in each other's place."""
        if language in ("en", "id", "vi", "fil"):
            found = _names(sentence)
        else:
            found = [(w, at) for w, at in _words(sentence, language) if len(w) > 1]
        found = [each for each in found if each[0] not in self._common[language]]
        if len({word for word, _ in found}) < 2:
            return None
        (one, at), (two, then) = sorted(self._chance.sample(found, 2), key=lambda each: each[1])
        if one in two or two in one or at + len(one) > then:
            return None
        return sentence[:at] + two + sentence[at + len(one) : then] + one + sentence[then + len(two) :]

    def _name(self, sentence: str, language: str) -> str | None:
        found = _names(sentence)
        if not found or not self._names[language]:
            return None
        old, at = self._chance.choice(found)
        new = self._chance.choice(self._names[language])
        if new in sentence or old in new:
            return None
        return sentence[:at] + new + sentence[at + len(old) :]

    def _word(self, sentence: str, language: str) -> str | None:
        found = [
            (word, at)
            for word, at in _words(sentence, language)
            if word not in self._common[language] and len(word) > (1 if language in ("ja", "zh") else 3)
        ]
        self._chance.shuffle(found)
        for old, at in found:
            others = self._by_size[language, min(len(old), 9), _ending(old, language)]
            if len(others) < 5:
                continue
            new = self._chance.choice(others)
            if new[:4] != old[:4] and new not in sentence:
                return sentence[:at] + new + sentence[at + len(old) :]
        return None


def _ending(word: str, language: str) -> str:
    """The letters that words of a kind share: "-ed", "me-"; of scripts without spaces none."""
    if language == "en":
        return word[-2:]
    if language in ("id", "fil"):
        return word[:2]
    return ""


def _words(text: str, language: str) -> list[tuple[str, int]]:
    """The words in lower case, with their places; in scripts without spaces, runs of one kind of letters."""
    if language == "ja":
        pattern = r"[ァ-ヴー]{2,}|[一-龥々]{2,4}"
    elif language == "zh":
        pattern = r"[一-龥]{2}"
    elif language in ("th", "km"):
        return _runs(text)
    else:
        pattern = r"(?<![\w'’-])[^\W\d_A-Z][^\W\d_]+(?![\w'’-])"
    return [(found[0], found.start()) for found in re.finditer(pattern, text)]


def _runs(text: str) -> list[tuple[str, int]]:
    """The pieces that the embedder's tokenizer makes of a text in a script without spaces."""
    encoding = _tokenizer().encode(text, add_special_tokens=False)
    return [(text[a:b], a) for a, b in encoding.offsets if b - a > 2 and text[a:b].strip() == text[a:b]]


@cache
def _tokenizer() -> Any:
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(packaged_embedder_folder() / "tokenizer.json"))
    tokenizer.no_truncation()
    return tokenizer


def _names(text: str) -> list[tuple[str, int]]:
    """Capitalised words, and several in a row, but for the sentence's first."""
    pattern = r"(?<=[^\W\d_,;] )[A-ZĐÀ-Ý][\w’'-]+(?: [A-ZĐÀ-Ý][\w’'-]+)*"
    return [(found[0], found.start()) for found in re.finditer(pattern, text)]
