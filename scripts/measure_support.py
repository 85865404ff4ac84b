"""How well the models tell a sentence that a quote supports from one that it does not: what the limits in
`qa.drafting.support` were chosen from.

    python scripts/measure_support.py FILE.jsonl [--most 150]

Each line of the file is a paragraph, {context, questions: [{question, answer, start}]}, as SQuAD has them. A
question with its answer stands for what a model would write; the sentence that has the answer supports it, and
another one of the same paragraph, about the same things, does not.
"""

from __future__ import annotations

import argparse
import json
import random
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from qa.config import Settings
from qa.drafting.support import (
    COMPARED_PREFIX,
    MIN_COSINE,
    MIN_COSINE_ACROSS,
    MIN_LOGIT,
    MIN_SHARED,
    MIN_SHARED_UNSPACED,
    share_of,
)
from qa.models import load_embedder, load_reranker
from qa.text.languages import detect_language, is_unspaced
from qa.text.sentences import split_sentences

LEVELS = (0.80, 0.90, 0.95, 0.98)


def pairs(path: Path, most: int) -> Iterator[tuple[str, str, str, str]]:
    """(language of the question, what is written, the sentence that says it, one that does not)."""
    lines = path.read_text(encoding="utf-8").splitlines()
    random.Random(5).shuffle(lines)
    counts: dict[str, int] = {}
    for line in lines:
        paragraph = json.loads(line)
        text = paragraph["context"]
        quoted = detect_language(text)
        spans = split_sentences(text, language=quoted)
        random.Random(7).shuffle(paragraph["questions"])
        for each in paragraph["questions"]:
            if not each["answer"]:
                continue
            holding = [span for span in spans if span.start <= each["start"] < span.end]
            others = [s for s in spans if s not in holding and each["answer"] not in s.cut(text)]
            language = f"{detect_language(each['question'])}-{quoted}"
            if holding and others and counts.get(language, 0) < most:
                counts[language] = counts.get(language, 0) + 1
                written = f"{each['question'].rstrip('?？ ')}: {each['answer']}"
                other = random.Random(len(written)).choice(others)
                yield language, written, holding[0].cut(text), other.cut(text)


def main() -> None:
    """Print, for each language and each model, how many false pairs pass where so many true ones do."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("file", type=Path)
    parser.add_argument("--most", type=int, default=150, metavar="N", help="pairs for each language")
    options = parser.parse_args()
    settings = Settings()
    embedder, reranker = load_embedder(settings), load_reranker(settings)
    found = list(pairs(options.file, options.most))
    for language in sorted({each[0] for each in found}):
        chosen = [each[1:] for each in found if each[0] == language]
        if len(chosen) < 30:
            continue
        written, true, false = (
            embedder.encode_passages([COMPARED_PREFIX + text for text in texts])
            for texts in zip(*chosen, strict=True)
        )
        one, other = language.split("-")
        least = MIN_COSINE.get(one, MIN_COSINE[""]) if one == other else MIN_COSINE_ACROSS
        report(f"{language} cosine", (written * true).sum(1), (written * false).sum(1), least)
        if one == other:
            least = MIN_SHARED_UNSPACED if is_unspaced(chosen[0][0]) else MIN_SHARED
            report(
                f"{language} letters",
                np.array([share_of(text, [true]) for text, true, _ in chosen]),
                np.array([share_of(text, [false]) for text, _, false in chosen]),
                least,
            )
        if language == "en-en" and reranker:
            report(
                f"{language} logit",
                np.array(reranker.score([(each[0], each[1]) for each in chosen])),
                np.array(reranker.score([(each[0], each[2]) for each in chosen])),
                MIN_LOGIT,
            )


def report(name: str, true: np.ndarray, false: np.ndarray, least: float) -> None:
    """One line: at which limit so many of the true pairs pass, and how many of the false ones do then; and
    how many do at `least`, the limit in force."""
    parts = []
    for level in LEVELS:
        limit = float(np.quantile(true, 1 - level))
        parts.append(f"{level:.2f}: limit {limit:.3f}, false {float((false >= limit).mean()):.2f}")
    parts.append(
        f"at {least}: true {float((true >= least).mean()):.2f}, false {float((false >= least).mean()):.2f}"
    )
    print(f"{name:14} n={len(true):4}  " + "; ".join(parts))


if __name__ == "__main__":
    main()
