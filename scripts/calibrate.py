"""Fits `src/qa/data/calibration.json` on gold sets with questions that must be refused.

    python scripts/calibrate.py SET_DIR… [--questions questions.jsonl]

Every question is searched for as `qa ask` does; a logistic regression is fitted to the signals of each case. What
was chosen by hand on the fit before is then to be chosen again: see `qa.answer.decision`.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import tempfile
from pathlib import Path

import numpy as np
from sklearn.linear_model import LogisticRegression
from tqdm import tqdm

from qa.answer.calibration import CASES, FEATURES, Signals
from qa.answer.decision import read_signals
from qa.answer.selection import READ_PASSAGES, rank_sentences
from qa.config import Settings
from qa.engine.library import open_library
from qa.evaluation.gold import GoldSet, write_gold_corpus
from qa.evaluation.gold_files import load_gold
from qa.indexing.run import index_corpus
from qa.models import load_models

NEAR_MISS_WEIGHT = 0.15
"""What a near-miss question counts for: without a reader nobody tells most of them, and fitting to them at
full weight would refuse answerable questions instead."""

TARGET = Path(__file__).parents[1] / "src" / "qa" / "data" / "calibration.json"


def main() -> None:
    """Fit and write."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("sets", nargs="+", type=Path)
    parser.add_argument("--questions", default="questions.jsonl")
    parser.add_argument("--every", type=int, default=1, metavar="N", help="use only each Nth question")
    options = parser.parse_args()
    rows: list[tuple[Signals, bool, float]] = []
    provenance = {}
    for folder in options.sets:
        gold = load_gold(folder, questions=options.questions)
        gold = dataclasses.replace(gold, questions=gold.questions[:: options.every])
        rows += collect(gold)
        provenance[folder.name] = len(gold.questions)
    table = {
        "fitted_by": "scripts/calibrate.py",
        "questions": {"file": options.questions, "every": options.every, **provenance},
        "near_miss_weight": NEAR_MISS_WEIGHT,
        "cases": {case: fit(case, rows) for case in CASES},
    }
    TARGET.write_text(json.dumps(table, indent=1) + "\n", encoding="utf-8")


def collect(gold: GoldSet) -> list[tuple[Signals, bool, float]]:
    """Signals, whether the question is answerable, and its weight, of each question."""
    with tempfile.TemporaryDirectory() as folder:
        settings = dataclasses.replace(
            Settings(), corpus_dir=Path(folder, "corpus"), index_dir=Path(folder, "index")
        )
        write_gold_corpus(gold, settings.corpus_dir)
        models = load_models(settings)
        index_corpus(settings, models.embedder)
        library = open_library(settings, models)
        vocabulary = library.retriever.vocabulary
        rows = []
        for question in tqdm(gold.questions):
            query = library.understand(question.question, history=question.history)
            passages = library.retriever.retrieve(query)
            candidates = rank_sentences(query, passages[:READ_PASSAGES], vocabulary, models.reranker)
            weight = NEAR_MISS_WEIGHT if question.kind == "near_miss" else 1.0
            signals = read_signals(query, passages, candidates, vocabulary)
            rows.append((signals, question.is_answerable, weight))
            # For who sets no reader: the same question as it is seen without.
            unread = dataclasses.replace(signals, read_score=None, focus_score=None)
            rows.append((unread, question.is_answerable, weight))
    return rows


def fit(case: str, rows: list[tuple[Signals, bool, float]]) -> dict[str, object]:
    """Intercept and weights for the features of `case`, with both classes weighing the same."""
    mine = [(signals.values(), label, weight) for signals, label, weight in rows if signals.case == case]
    features = np.array([values for values, _, _ in mine])
    labels = np.array([label for _, label, _ in mine])
    weights = np.array([weight for _, _, weight in mine])
    for label in (True, False):
        weights[labels == label] /= weights[labels == label].sum() / len(labels)
    mean, spread = features.mean(axis=0), features.std(axis=0)
    model = LogisticRegression(C=10.0).fit((features - mean) / spread, labels, sample_weight=weights)
    slopes = model.coef_[0] / spread
    right = (model.predict((features - mean) / spread) == labels).astype(float)
    print(
        case,
        len(labels),
        FEATURES[case],
        np.round(slopes, 3),
        "balanced accuracy",
        np.average(right, weights=weights),
    )
    return {
        "features": FEATURES[case],
        "weights": [round(float(value), 4) for value in slopes],
        "intercept": round(float(model.intercept_[0] - slopes @ mean), 4),
        "questions": len(labels),
    }


if __name__ == "__main__":
    main()
