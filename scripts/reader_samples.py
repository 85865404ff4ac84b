"""What the reader is trained and measured on: questions with passages that answer them, or only seem to.

A tenth of all articles, by hash of their name, is never trained on: the development split. No article of the
development sets is in either.
"""

from __future__ import annotations

import hashlib
import json
import random
import re
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from table_samples import make_tables

from qa.text.sentences import split_sentences

HELD_OUT_ARTICLES = {"1973_oil_crisis", "Harvard_University", "Normans", "Yuan_dynasty"}
"""Of the articles that near-miss training and development share, those that are kept for development."""

PARAGRAPHS = {
    "cmrc2018_dev": 400,
    "cmrc2018_train": 600,
    "drcd_dev_test": 500,
    "dureader_robust_dev": 600,
    "facqa": 500,
    "iapp_wiki_qa_train": 350,
    "idkmrc_train": 1400,
    "jaquad_train": 1800,
    "jsquad_valid_test": 800,
    "retrieval_mlqa_test_vi_zh": 1600,
    "squadshifts_amazon_reviews": 200,
    "squadshifts_new_wiki": 700,
    "squadshifts_reddit": 200,
    "tydiqa_goldp_en_id": 700,
}
"""How many paragraphs of the largest sets are used, so that they do not outweigh the others."""

QUESTIONS_EACH = 3
"""How many questions of a paragraph are used: others teach less than other paragraphs do."""

NEAR_MISS_LANGUAGES = ("en", "id", "vi", "ja", "zh")
"""Those that `make_near_miss.py` of the training data knows."""

PARALLEL = {"alt_wikinews": 1400, "ntrex128": 1000, "tico19": 1000, "storybooks": 200}
"""Sets of parallel lines in documents, and how many questions are made of each."""

LINES_IN_PASSAGE = 6

TABLES, HELD_OUT_TABLES = 2400, 240
"""How many questions for a cell of a table are made."""

CUT_SHARE, CUT_NUMBER_SHARE = 0.3, 0.6
"""How many answered questions are also asked of their passage without the sentences that have the answer; and of
those that a number answers: the numbers that are left do not."""
LEAST_LEFT = 80
"""The letters that a passage must still have then."""

ANSWERING = ("answer", "parallel", "table")
"""The kinds of samples whose passage answers."""


@dataclass(frozen=True)
class Sample:
    """A question, a passage of it, and where the answer stands in the passage's text.

    `kind` names the group that it is measured in: one of `ANSWERING` where the passage answers, else why it does
    not.
    `span` is None where nothing answers, or where `is_span_known` is false. `is_held_out` keeps it from training.
    """

    question: str
    passage: int
    kind: str
    language: str
    span: tuple[int, int] | None = None
    is_span_known: bool = True
    is_held_out: bool = False
    answer: str = ""


@dataclass(frozen=True)
class Passage:
    """A text under its title, where the text itself starts, its language and article."""

    text: str
    start: int
    language: str
    article: str
    is_held_out: bool


def read_all(train: Path, evaluation: Path, folder: Path) -> tuple[list[Passage], list[Sample]]:
    """All passages and samples; `folder` keeps the near-miss questions that are made."""
    chance = random.Random(1)
    passages: list[Passage] = []
    samples: list[Sample] = []
    held = HeldOut(evaluation)
    for path in sorted(train.glob("*.jsonl")):
        before = len(passages), len(samples)
        if path.stem.startswith("retrieval_"):
            _add_retrieval(read_rows(path), PARAGRAPHS[path.stem], held, chance, passages, samples)
        elif not path.stem.startswith(("nli_", "paws", "evidence_")):
            _add_questions(read_rows(path), PARAGRAPHS.get(path.stem), held, chance, passages, samples)
        print(
            path.stem, len(passages) - before[0], "passages", len(samples) - before[1], "samples", flush=True
        )
    for name, count in PARALLEL.items():
        before = len(passages), len(samples)
        _add_parallel(
            read_rows(train / "parallel" / f"{name}.jsonl"), count, False, chance, passages, samples
        )
        _add_parallel(
            read_rows(train / "parallel" / f"{name}_dev.jsonl"), count // 8, True, chance, passages, samples
        )
        print(name, len(passages) - before[0], "passages", len(samples) - before[1], "samples", flush=True)
    before = len(passages), len(samples)
    names = train / "parallel" / "cldr_names"
    _add_tables(names.with_suffix(".jsonl"), TABLES, False, chance, passages, samples)
    _add_tables(names.with_name("cldr_names_dev.jsonl"), HELD_OUT_TABLES, True, chance, passages, samples)
    print("tables", len(passages) - before[0], "passages", len(samples) - before[1], "samples", flush=True)
    count = len(samples)
    samples += _make_near_misses(passages, samples, train / "make_near_miss.py", folder, chance)
    print("made", len(samples) - count, "near misses", flush=True)
    before = len(passages), len(samples)
    _add_cut(chance, passages, samples)
    print("cut", len(passages) - before[0], "passages", len(samples) - before[1], "samples", flush=True)
    return passages, samples


class HeldOut:
    """What the development sets have."""

    def __init__(self, evaluation: Path) -> None:
        self.texts: set[str] = set()
        self.questions: set[str] = set()
        self.titles = set(HELD_OUT_ARTICLES)
        for folder in ("japanese", "indonesian", "en_and_crosslingual"):
            for record in read_rows(evaluation / folder / "documents.jsonl"):
                self.texts.add(record["text"].strip())
                if folder != "indonesian":
                    self.titles.add(record["title"].replace(" ", "_"))
            self.questions |= {
                r["question"].strip() for r in read_rows(evaluation / folder / "questions.jsonl")
            }

    def holds(self, article: str, text: str) -> bool:
        """True for an article, or a text of it, that a development set has."""
        return text.strip() in self.texts or article.replace(" ", "_") in self.titles


def read_rows(path: Path) -> Iterator[dict[str, Any]]:
    """The records of a file that has one a line."""
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)


def _is_kept_for_development(article: str) -> bool:
    return hashlib.sha256(article.replace("_", " ").encode()).digest()[0] < 26


def _add_passage(
    passages: list[Passage], title: str, text: str, language: str, article: str, *, held: bool
) -> int:
    head = f"{title}\n" if title else ""
    passages.append(Passage(f"{head}{text}", len(head), language, article, held))
    return len(passages) - 1


def _add_questions(
    rows: Iterator[dict[str, Any]],
    most: int | None,
    held: HeldOut,
    chance: random.Random,
    passages: list[Passage],
    samples: list[Sample],
) -> None:
    paragraphs = [row for row in rows if not held.holds(row["article"], row["context"])]
    chance.shuffle(paragraphs)
    for row in paragraphs[:most]:
        language = "xx>en" if row["lang"].startswith("questions in") else row["lang"]
        is_held_out = _is_kept_for_development(row["article"])
        title = row["article"].replace("_", " ") if chance.random() < 0.7 else ""
        context = re.sub(r"^.{0,80}\[SEP\] ", "", row["context"])
        cut = len(row["context"]) - len(context)
        number = _add_passage(passages, title, context, language[-2:], row["article"], held=is_held_out)
        asked = [q for q in row["questions"] if q["question"].strip() not in held.questions]
        chance.shuffle(asked)
        for question in asked[: QUESTIONS_EACH + 3 * any(q["answer"] is None for q in asked)]:
            answer = question["answer"]
            begin = 0 if answer is None else question["start"] - cut
            if answer is not None and context[begin : begin + len(answer)] != answer:
                continue
            samples.append(
                Sample(
                    question["question"],
                    number,
                    "near_miss" if answer is None else "answer",
                    language,
                    None if answer is None else (begin, begin + len(answer)),
                    is_held_out=is_held_out,
                    answer=answer or "",
                )
            )


def _add_retrieval(
    rows: Iterator[dict[str, Any]],
    most: int,
    held: HeldOut,
    chance: random.Random,
    passages: list[Passage],
    samples: list[Sample],
) -> None:
    kept = list(rows)
    chance.shuffle(kept)
    known: dict[str, int] = {}
    for row in kept[:most]:
        text, question = row["premise"], row["hypothesis"]
        if held.holds("", text) or question.strip() in held.questions:
            continue
        is_held_out = _is_kept_for_development(text[:40])
        if text not in known:
            known[text] = _add_passage(passages, "", text, row["lang"][-2:], text[:40], held=is_held_out)
        samples.append(
            Sample(question, known[text], "answer", row["lang"], None, False, is_held_out=is_held_out)
        )


def _add_parallel(
    rows: Iterator[dict[str, Any]],
    count: int,
    is_held_out: bool,
    chance: random.Random,
    passages: list[Passage],
    samples: list[Sample],
) -> None:
    """A line of one language as a question for the paragraph of another one that says the same, or for the next.

    It teaches what a paragraph is about in languages that have no questions of their own, as Khmer and Filipino.
    """
    documents: dict[str, list[dict[str, str]]] = defaultdict(list)
    for row in rows:
        documents[str(row["doc"])].append(row["texts"])
    blocks = [
        (name, lines[begin : begin + LINES_IN_PASSAGE])
        for name, lines in documents.items()
        for begin in range(0, len(lines) - 2, LINES_IN_PASSAGE)
    ]
    chance.shuffle(blocks)
    made = 0
    for name, lines in blocks:
        if made >= count:
            return
        languages = sorted(set.intersection(*(set(line) for line in lines)) - {"zh-Hant"})
        scarce = [each for each in languages if each in ("km", "fil", "th", "id", "zh")]
        if len(languages) < 2:
            continue
        language = chance.choice(languages)
        number = _add_passage(
            passages, "", " ".join(line[language] for line in lines), language, name, held=is_held_out
        )
        for _ in range(2):
            asked = chance.choice(scarce if scarce and chance.random() < 0.6 else languages)
            line = chance.choice(lines)
            if asked != language and 20 < len(line[asked]) < 300:
                samples.append(
                    Sample(
                        line[asked].rstrip(".。។"),
                        number,
                        "parallel",
                        f"{asked}>{language}",
                        None,
                        False,
                        is_held_out,
                    )
                )
                made += 1


def _add_tables(
    names: Path,
    count: int,
    is_held_out: bool,
    chance: random.Random,
    passages: list[Passage],
    samples: list[Sample],
) -> None:
    for table in make_tables(names, count, chance):
        number = _add_passage(passages, table.title, table.text, table.language, "", held=is_held_out)
        pair = table.language if table.asked_in == table.language else f"{table.asked_in}>{table.language}"
        answer = table.text[slice(*table.span)] if table.span else ""
        kind = "table" if table.span else "table_miss"
        samples.append(
            Sample(table.question, number, kind, pair, table.span, is_held_out=is_held_out, answer=answer)
        )


def _add_cut(chance: random.Random, passages: list[Passage], samples: list[Sample]) -> None:
    """Ask of passages without the sentences that have the answer: what is left is on the subject, and no more."""
    made = []
    for sample in samples:
        if sample.kind != "answer" or not sample.span:
            continue
        share = CUT_NUMBER_SHARE if re.search(r"\d", sample.answer) else CUT_SHARE
        if chance.random() > share:
            continue
        whole = passages[sample.passage]
        text = whole.text[whole.start :]
        holding = [
            span
            for span in split_sentences(text, language=whole.language)
            if span.start < sample.span[1] and span.end > sample.span[0]
        ]
        if not holding:
            continue
        left = f"{text[: holding[0].start]}{text[holding[-1].end :]}".strip()
        if len(left) < LEAST_LEFT or sample.answer in left:
            continue
        title = whole.text[: whole.start].rstrip("\n")
        number = _add_passage(passages, title, left, whole.language, whole.article, held=sample.is_held_out)
        made.append(Sample(sample.question, number, "cut", sample.language, is_held_out=sample.is_held_out))
    samples += made


def _make_near_misses(
    passages: list[Passage], samples: list[Sample], script: Path, folder: Path, chance: random.Random
) -> list[Sample]:
    """Answered questions with a name, number or word exchanged, so that their passage does not answer."""
    made: list[Sample] = []
    for language in NEAR_MISS_LANGUAGES:
        by_passage: dict[int, list[Sample]] = defaultdict(list)
        for sample in samples:
            if sample.kind == "answer" and sample.language == language and sample.is_span_known:
                by_passage[sample.passage].append(sample)
        numbers = sorted(by_passage)
        given, target = folder / f"given_{language}.jsonl", folder / f"near_miss_{language}.jsonl"
        with given.open("w", encoding="utf-8") as file:
            for number in numbers:
                passage = passages[number]
                row = {
                    "lang": language,
                    "article": passage.article,
                    "context": passage.text[passage.start :],
                    "questions": [
                        {"question": each.question, "answer": each.answer, "start": (each.span or (0, 0))[0]}
                        for each in by_passage[number]
                    ],
                }
                file.write(json.dumps(row, ensure_ascii=False) + "\n")
        if not target.exists():  # it takes minutes
            with target.open("w", encoding="utf-8") as file:
                subprocess.run(  # the script of the training data, on what was just written
                    [sys.executable, str(script), str(given), "--lang", language], stdout=file, check=True
                )
        places = {passages[number].text[passages[number].start :]: number for number in numbers}
        for written in read_rows(target):
            number = places[written["context"]]
            for question in written["questions"]:
                made.append(
                    Sample(
                        question["question"],
                        number,
                        "made_near_miss",
                        language,
                        is_held_out=passages[number].is_held_out,
                    )
                )
    chance.shuffle(made)
    return made
