"""How the check of facts does on question sets: what it finds, what it finds wrongly, and what slips through.

    python benchmarks/facts.py FOLDER [FOLDER …] [--sentences N]

A folder has `documents.jsonl` (id, text, lang) and `questions.jsonl` (answers, doc_id), as for `qa eval`. Names
are compared without a catalogue of cities.
"""

from __future__ import annotations

import argparse
import json
import random
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from qa.facts import missing_facts
from qa.facts.checking import read_facts
from qa.facts.wording import find_words
from qa.text.sentences import split_sentences

FIGURES = {"number", "date", "unit"}
NOT_VERBATIM = " – ."
"""Added to a sentence so that it does not pass for being in the quote word for word."""


def main() -> None:
    """Print a table row for each language of each folder."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument(
        "--sentences", type=int, default=10**6, help="look at so many sentences of a folder at most"
    )
    options = parser.parse_args()
    for folder in options.folders:
        documents = [json.loads(line) for line in (folder / "documents.jsonl").open(encoding="utf-8")]
        questions = [json.loads(line) for line in (folder / "questions.jsonl").open(encoding="utf-8")]
        for language in sorted({document["lang"] for document in documents}):
            of_language = [document for document in documents if document["lang"] == language]
            counts = measure(of_language, questions, language, options.sentences)
            print(f"{folder.name} ({language})")
            print("\n".join(f"  {name}: {count:,}" for name, count in counts.items()))


def measure(
    documents: Sequence[dict[str, Any]], questions: Sequence[dict[str, Any]], language: str, most: int
) -> Counter[str]:
    """The counts of what is found in `documents`, and of gold sentences held against other documents."""
    chance = random.Random(1)
    counts: Counter[str] = Counter()
    pairs = [
        (document["text"], sentence) for document in documents for sentence in sentences(document, language)
    ]
    for text, sentence in chance.sample(pairs, min(most, len(pairs))):
        reading = read_facts(sentence)
        counts["sentences"] += 1
        counts["numbers"] += len(reading.quantities)
        counts["dates"] += len(reading.dates)
        counts["words of names"] += len(find_words(sentence, reading.plain))
        counts["facts that a sentence lacks itself"] += len(
            missing_facts(sentence + NOT_VERBATIM, [sentence])
        )
        counts["facts that its document lacks"] += len(missing_facts(sentence + NOT_VERBATIM, [text]))
        changed = change_digit(sentence, text, chance)
        if changed:
            counts["sentences with a changed digit"] += 1
            counts["of these caught"] += bool(missing_facts(changed, [text]))
    for sentence, other in foreign_pairs(documents, questions, language, chance):
        found = {fact.kind for fact in missing_facts(sentence, [other])}
        has_figures = any(fact.kind in FIGURES for fact in missing_facts(sentence, []))
        counts["gold sentences against another document"] += 1
        counts["of these nothing missing"] += not found
        counts["of these with figures"] += has_figures
        counts["of these no figure missing"] += has_figures and not found & FIGURES
        counts["of these nothing missing at all"] += has_figures and not found
    return counts


def sentences(document: dict[str, Any], language: str) -> Iterator[str]:
    """The sentences of a document."""
    for span in split_sentences(document["text"], language=language):
        yield span.cut(document["text"])


def change_digit(sentence: str, text: str, chance: random.Random) -> str | None:
    """`sentence` with a digit changed so that its number is not in `text`; None if it has no digits."""
    places = [match.start() for match in re.finditer(r"\d", sentence)]
    for _ in range(5 if places else 0):
        place = chance.choice(places)
        changed = sentence[:place] + chance.choice("123456789") + sentence[place + 1 :]
        number = next(
            m.group() for m in re.finditer(r"\d+(?:[.,]\d+)*", changed) if m.start() <= place < m.end()
        )
        if not re.search(rf"(?<![\d.,]){re.escape(number)}(?![.,]?\d)", text):
            return changed
    return None


def foreign_pairs(
    documents: Sequence[dict[str, Any]],
    questions: Sequence[dict[str, Any]],
    language: str,
    chance: random.Random,
) -> Iterator[tuple[str, str]]:
    """The sentence with the answer of each question, and the text of another document."""
    by_id = {document["id"]: document for document in documents}
    for question in questions:
        document = by_id.get(question["doc_id"])
        if document is None or not question["answers"]:
            continue
        gold = next((s for s in sentences(document, language) if question["answers"][0] in s), None)
        other = chance.choice(documents)
        if gold and other["text"] != document["text"]:
            yield gold, other["text"]


if __name__ == "__main__":
    main()
