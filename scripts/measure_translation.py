"""What it gains, and what it risks, to search for a question's translation too: what `MIN_ALIKE` in
`qa.drafting.interpreter` was chosen from, and how passages are merged in `qa.search.retriever`.

    python scripts/measure_translation.py FILE.jsonl [--languages vi,zh,ar] [--most 40]

Each line of the file is an English paragraph, {article, context, questions: [{question, answer}]}, with the same
questions in several languages, the English ones first, as XQuAD has them. Its own English question stands for a
question's right translation, that of another paragraph for a wrong one; the questions of every fourth article are
asked without its paragraphs, and no answer to them is right.
"""

from __future__ import annotations

import argparse
import json
import random
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from qa.answer.decision import decide
from qa.config import Settings
from qa.domain import Refusal
from qa.drafting.interpreter import MIN_ALIKE
from qa.drafting.support import COMPARED_PREFIX
from qa.engine.library import Library, open_library
from qa.indexing.run import index_corpus
from qa.models import Embedder, load_models
from qa.text.languages import detect_language

WAYS = ("alone", "right", "wrong")


@dataclass(frozen=True)
class Question:
    """A question in `language` and in English, its answer, and the file that has it; empty where none does."""

    text: str
    english: str
    language: str
    answer: str
    path: str


def questions(path: Path, corpus: Path) -> Iterator[Question]:
    """The questions of the file, whose paragraphs are written to `corpus` but for every fourth article's."""
    paragraphs = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    articles = sorted({each["article"] for each in paragraphs})
    for number, paragraph in enumerate(paragraphs):
        asked = paragraph["questions"]
        count = next(n for n, one in enumerate(asked) if n and one["answer"] == asked[0]["answer"])
        is_there = articles.index(paragraph["article"]) % 4 != 1
        name = f"{number:03}.txt" if is_there else ""
        if name:
            (corpus / name).write_text(paragraph["context"], encoding="utf-8")
        for n, one in enumerate(asked[count:]):
            english = asked[n % count]
            if english["answer"] == one["answer"]:
                language = detect_language(one["question"])
                yield Question(one["question"], english["question"], language, one["answer"], name)


def report_cosines(language: str, chosen: Sequence[Question], embedder: Embedder) -> None:
    """Print how many right and wrong translations come as near as `MIN_ALIKE`."""
    texts = embedder.encode_passages([COMPARED_PREFIX + each.text for each in chosen])
    english = embedder.encode_passages([COMPARED_PREFIX + each.english for each in chosen])
    cosines = texts @ english.T
    right = float((np.diag(cosines) >= MIN_ALIKE).mean())
    others = cosines[~np.eye(len(chosen), dtype=bool)]
    wrong = float((others >= MIN_ALIKE).mean())
    print(
        f"{language}  {len(chosen)} questions: {right:.2f} right and {wrong:.2f} wrong ones pass", flush=True
    )


def report_search(way: str, chosen: Sequence[Question], library: Library, settings: Settings) -> None:
    """Print what is found and answered where the translation is searched for in this `way`."""
    draw = random.Random(4)
    found, answered, holding, false = [], [], [], []
    for each in chosen:
        other = draw.choice(chosen).english
        translation = {"alone": "", "right": each.english, "wrong": other}[way]
        query = replace(library.understand(each.text), translation=translation, translation_language="en")
        passages = library.retriever.retrieve(query)
        evidence, _ = decide(
            query, passages, vocabulary=library.retriever.vocabulary, reranker=None, settings=settings
        )
        is_answered = not isinstance(evidence, Refusal)
        if not each.path:
            false.append(is_answered)
            continue
        paths = [passage.chunk.source.path for passage in passages]
        found.append((paths[0] == each.path, each.path in paths[:5]))
        answered.append(is_answered)
        holding.append(not isinstance(evidence, Refusal) and any(each.answer in one.text for one in evidence))
    first, five = np.mean(found, axis=0)
    print(
        f"{way:6} recall@1 {first:.3f}, @5 {five:.3f}, answered {np.mean(answered):.3f}, with the answer "
        f"{np.mean(holding):.3f}; of {len(false)} that no paragraph answers, answered {np.mean(false):.3f}",
        flush=True,
    )


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("file", type=Path)
    parser.add_argument("--languages", default="vi,zh,ar", metavar="CODES", help="with commas between")
    parser.add_argument("--most", type=int, default=40, metavar="N", help="questions for each language")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(corpus_dir=Path(folder, "corpus"), index_dir=Path(folder, "index"))
        settings.corpus_dir.mkdir()
        asked = list(questions(options.file, settings.corpus_dir))
        models = load_models(settings)
        random.Random(3).shuffle(asked)
        chosen = []
        for language in options.languages.split(","):
            own = [each for each in asked if each.language == language][: options.most]
            report_cosines(language, own, models.embedder)
            chosen += own
        index_corpus(settings, models.embedder)
        library = open_library(settings, models)
        for way in WAYS:
            report_search(way, chosen, library, settings)


if __name__ == "__main__":
    main()
