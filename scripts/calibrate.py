"""Fits `src/qa/data/calibration.json` on sets of questions, with those that must be refused.

    python scripts/calibrate.py collect SET_DIR… [--every N]    writes what tells of each question's evidence
    python scripts/calibrate.py rank                            prints how often other weights rank the right first
    python scripts/calibrate.py fit [--write]                   fits to what was collected; prints what is left out

A set is a folder with `questions.jsonl`, and with `documents.jsonl` or `corpus/`; without either it is asked over
the project's own `corpus/`. Indexes and signals are kept in `build/calibration`, so that a new reader or a new fit
does not index again. The figures are of the sets that a fit has not seen: each is left out in turn.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize  # type: ignore[import-untyped]
from scipy.special import expit  # type: ignore[import-untyped]
from tqdm import tqdm

from qa.answer.calibration import CASES, FEATURES, Signals
from qa.answer.decision import find_missing, read_signals
from qa.config import Settings
from qa.domain import Turn
from qa.engine.library import open_library
from qa.evaluation.gold import write_gold_corpus
from qa.evaluation.gold_files import load_gold
from qa.i18n.messages import LANGUAGES
from qa.indexing.run import index_corpus
from qa.models import load_models
from qa.search.retriever import ANSWERS_WEIGHT, READ_WEIGHT

KEPT = Path("build/calibration")
TARGET = Path(__file__).parents[1] / "src" / "qa" / "data" / "calibration.json"
OWN_CORPUS = Path(__file__).parents[1] / "corpus"
POSITIVE, NEGATIVE = (0.0, None), (None, 0.0)
SIGNS: Mapping[str, tuple[float | None, float | None]] = {
    "read_score": POSITIVE,
    "focus_score": POSITIVE,
    "similarity": POSITIVE,
    "background": NEGATIVE,
    "has_unknown_name": NEGATIVE,
    "names_place": NEGATIVE,
    "is_unmentioned": NEGATIVE,
}
"""Between which bounds a weight may lie: more similarity, say, never makes an answer less likely."""
RIDGE = 0.3
FALSE_REFUSALS = 0.06
"""The share of the answerable questions that the threshold may refuse, in the mean of the sets."""


@dataclass(frozen=True)
class Asked:
    """A question, whether its documents answer it, and the names of the files that do (empty: not known)."""

    text: str
    history: tuple[Turn, ...]
    language: str
    kind: str
    is_answerable: bool
    files: frozenset[str]


@dataclass(frozen=True)
class Seen:
    """A passage that was read: its signals, and whether it is of a file that answers (unknown: True)."""

    fused_score: float
    is_right: bool
    is_missing: bool
    signals: Signals

    def score(self, focus_weight: float, read_weight: float) -> float:
        """What it is ranked by; see `qa.search.retriever`."""
        read = self.signals.read_score or 0.0
        return self.fused_score + focus_weight * (self.signals.focus_score or 0.0) + read_weight * read


@dataclass(frozen=True)
class Case:
    """A question and the passages that were read for it."""

    set: str
    kind: str
    language: str
    is_answerable: bool
    question: str
    seen: tuple[Seen, ...]

    @property
    def best(self) -> Seen:
        """The passage that is ranked first."""
        return max(self.seen, key=lambda seen: seen.score(READ_WEIGHT, ANSWERS_WEIGHT))


def read_set(folder: Path, kept: Path) -> tuple[list[Asked], Path]:
    """The questions of a set, and the folder of its documents."""
    if (folder / "documents.jsonl").exists():
        gold = load_gold(folder)
        if not (kept / "corpus").exists():
            write_gold_corpus(gold, kept / "corpus")
        return [
            Asked(
                question.question,
                question.history,
                question.language,
                question.kind or ("answerable" if question.is_answerable else "unanswerable"),
                question.is_answerable,
                frozenset(Path(gold.source_of(each)).name for each in question.doc_ids),
            )
            for question in gold.questions
        ], kept / "corpus"
    corpus = folder / "corpus" if (folder / "corpus").exists() else OWN_CORPUS
    rows = [json.loads(line) for line in (folder / "questions.jsonl").read_text("utf-8").splitlines()]
    # Of a question of which no file is known to answer, nothing is known of its evidence.
    asked = [_read_row(row) for row in rows]
    return [each for each in asked if each.files or not each.is_answerable], corpus


def _read_row(row: dict[str, Any]) -> Asked:
    history = tuple(
        Turn(turn["role"], turn.get("content") or turn.get("text", "")) for turn in row.get("history", [])
    )
    files = row.get("gold") or row.get("doc_ids") or ([row["doc_id"]] if row.get("doc_id") else [])
    is_answerable = row.get("answerable", not row.get("refuse"))
    return Asked(
        row["question"],
        history,
        row["lang"],
        row["kind"],
        is_answerable,
        frozenset(Path(each).name for each in files),
    )


def collect(options: argparse.Namespace) -> None:
    """Write the signals of each question of the sets, over those that were collected of the same sets before."""
    models = load_models(dataclasses.replace(Settings(), reranker=options.reranker))
    for folder in options.sets:
        name = folder.resolve().name
        kept = KEPT / name
        asked, corpus = read_set(folder, kept)
        settings = dataclasses.replace(
            Settings(), corpus_dir=corpus, index_dir=kept / "index", reranker=options.reranker
        )
        index_corpus(settings, models.embedder)
        library = open_library(settings, models)
        vocabulary = library.retriever.vocabulary
        cases = []
        for question in tqdm(asked[:: options.every], desc=name):
            query = library.understand(question.text, history=question.history)
            if not query.text or len(library.split(query)) > 1:
                continue
            passages = library.retriever.retrieve(query)
            if not passages:
                continue
            seen = tuple(
                Seen(
                    passage.fused_score,
                    not question.files or Path(passage.chunk.source.path).name in question.files,
                    bool(find_missing(query, passage, vocabulary)),
                    read_signals(query, passage, vocabulary),
                )
                for passage in passages
                if passage.read_score is not None
            )
            cases.append(
                Case(name, question.kind, question.language, question.is_answerable, question.text, seen)
            )
        lines = (json.dumps(dataclasses.asdict(case), ensure_ascii=False) + "\n" for case in cases)
        Path(f"{kept}{options.suffix}.jsonl").write_text("".join(lines), encoding="utf-8")


def read_cases(paths: Iterable[Path]) -> list[Case]:
    """What was collected."""
    cases = []
    for path in sorted(paths):
        for line in path.read_text(encoding="utf-8").splitlines():
            row = json.loads(line)
            seen = tuple(Seen(**{**each, "signals": Signals(**each["signals"])}) for each in row["seen"])
            cases.append(Case(**{**row, "seen": seen}))
    return cases


def fit_and_tell(options: argparse.Namespace) -> None:
    """Fit each case to all sets; print how each set fares by a fit to the others."""
    cases = read_cases(options.signals or KEPT.glob("*.jsonl"))
    sets = sorted({case.set for case in cases})
    table: dict[str, object] = {}
    for name in CASES:
        of_case = [(case, _as(name, case.best)) for case in cases]
        print(
            f"\n{name}: what each set's fit to the others refuses, of the answerable and by kind of the others"
        )
        for left_out in sets:
            model = fit(name, [each for each in of_case if each[0].set != left_out])
            tell(left_out, [each for each in of_case if each[0].set == left_out], model)
        table[name] = fit(name, of_case)
        print(json.dumps(table[name]))
    if options.write:
        counts = {name: sum(case.set == name for case in cases) for name in sets}
        written = {"fitted_by": "scripts/calibrate.py", "questions": counts, "cases": table}
        TARGET.write_text(json.dumps(written, indent=1) + "\n", encoding="utf-8")


def _as(name: str, seen: Seen) -> Seen:
    """`seen` as it is seen without a reader where `name` is for that."""
    if name == "unread":
        return dataclasses.replace(
            seen, signals=dataclasses.replace(seen.signals, read_score=None, focus_score=None)
        )
    return seen


def rank(options: argparse.Namespace) -> None:
    """Print how often the best passage is a right one, with other weights of what the reader says."""
    cases = [
        case
        for case in read_cases(options.signals or KEPT.glob("*.jsonl"))
        if case.is_answerable and any(seen.is_right for seen in case.seen)
    ]
    for focus_weight in (0.0, 0.003, 0.006, 0.01, 0.015):
        for read_weight in (0.0, 0.003, 0.006, 0.01, 0.015, 0.02):
            hits: dict[str, list[bool]] = defaultdict(list)
            for case in cases:
                best = max(case.seen, key=lambda seen: seen.score(focus_weight, read_weight))
                is_across = next(seen for seen in case.seen if seen.is_right).signals.is_cross_lingual
                hits["across" if is_across else "same"].append(best.is_right)
                hits[case.set].append(best.is_right)
            shares = (f"{key} {np.mean(found):.3f}" for key, found in sorted(hits.items()))
            print(f"focus {focus_weight:.3f} answers {read_weight:.3f}", "  ".join(shares))


def fit(name: str, cases: Sequence[tuple[Case, Seen]]) -> dict[str, Any]:
    """Intercept and weights for the features of a case: each set and both answers in it weigh the same.

    By the intercept, the answerable questions of the mean set are refused at .5 as seldom as wanted. Those in
    languages that the page does not speak have no part in the fit: the reader has learnt few or none of them.
    """
    used = [
        (case, seen)
        for case, seen in cases
        if not case.is_answerable or (seen.is_right and case.language in LANGUAGES)
    ]
    features = np.array([seen.signals.values() for _, seen in used])
    labels = np.array([case.is_answerable for case, _ in used])
    groups = defaultdict(list)
    for number, (case, _) in enumerate(used):
        groups[case.set, case.is_answerable].append(number)
    weights = np.zeros(len(used))
    for numbers in groups.values():
        # A set of some dozen questions would else be fitted to more than one of a thousand.
        weights[numbers] = np.sqrt(len(numbers)) / len(numbers)
    for label in (True, False):
        weights[labels == label] *= len(used) / 2 / weights[labels == label].sum()
    slopes = _fit_signed(name, features, labels, weights)
    odds = features @ slopes
    answered = [odds[numbers] for (_, is_answerable), numbers in groups.items() if is_answerable]
    return {
        "features": FEATURES[name],
        "weights": [round(float(value), 4) for value in slopes],
        "intercept": round(-_find_least(answered), 4),
        "questions": len(used),
    }


def _fit_signed(
    name: str, features: np.ndarray, labels: np.ndarray, weights: np.ndarray
) -> NDArray[np.float64]:
    """The slopes of a logistic regression, each of the sign that its feature must have.

    Else two features that say nearly the same get large weights of opposite signs, which hold for the sets alone.
    """
    mean, spread = features.mean(axis=0), features.std(axis=0) + 1e-9
    normed = np.column_stack([(features - mean) / spread, np.ones(len(features))])
    signs = np.where(labels, 1.0, -1.0)

    def loss(slopes: np.ndarray) -> tuple[float, np.ndarray]:
        odds = signs * (normed @ slopes)
        pull = weights * signs * expit(-odds)
        value = float(weights @ np.logaddexp(0, -odds)) + RIDGE * float(slopes[:-1] @ slopes[:-1])
        return value, -(pull @ normed) + 2 * RIDGE * np.append(slopes[:-1], 0.0)

    bounds = [SIGNS.get(feature, (None, None)) for feature in FEATURES[name]]
    found = minimize(
        loss, np.zeros(normed.shape[1]), jac=True, bounds=[*bounds, (None, None)], method="L-BFGS-B"
    )
    slopes: NDArray[np.float64] = found.x[:-1] / spread
    return slopes


def _find_least(answered: Sequence[np.ndarray]) -> float:
    """The log-odds below which, in the mean of the sets, as many answerable questions lie as are allowed."""
    weights = np.concatenate([np.full(len(each), 1 / np.sqrt(len(each))) for each in answered])
    odds = np.concatenate(list(answered))
    order = np.argsort(odds)
    shares = np.cumsum(weights[order]) / weights.sum()
    return float(odds[order][int(np.searchsorted(shares, FALSE_REFUSALS))])


def tell(name: str, cases: Sequence[tuple[Case, Seen]], model: dict[str, Any]) -> None:
    """Print the share that is refused of each kind of question, and of the answerable ones by language."""
    groups: dict[str, list[bool]] = defaultdict(list)
    for case, seen in cases:
        odds = model["intercept"] + float(np.dot(model["weights"], seen.signals.values()))
        is_refused = odds < 0 or seen.is_missing
        across = " across" if seen.signals.is_cross_lingual else ""
        if case.is_answerable and seen.is_right:
            groups[f"+{case.language}{across}"].append(is_refused)
            groups["+all"].append(is_refused)
        elif not case.is_answerable:
            groups[f"-{case.kind} {case.language}{across}"].append(is_refused)
            groups["-all"].append(is_refused)
        else:
            groups["~not found"].append(is_refused)
    shares = (f"{key} {np.mean(found):.2f}/{len(found)}" for key, found in sorted(groups.items()))
    print(f"{name:20s}", "  ".join(shares))


def main() -> None:
    """Collect or fit."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(required=True)
    command = commands.add_parser("collect")
    command.add_argument("sets", nargs="+", type=Path)
    command.add_argument("--every", type=int, default=1, metavar="N", help="use only each Nth question")
    command.add_argument("--reranker", default="none", help="the setting of that name")
    command.add_argument("--suffix", default="", help="of the files that are written, for comparing")
    command.set_defaults(run=collect)
    command = commands.add_parser("rank")
    command.add_argument("signals", nargs="*", type=Path)
    command.set_defaults(run=rank)
    command = commands.add_parser("fit")
    command.add_argument("signals", nargs="*", type=Path)
    command.add_argument("--write", action="store_true", help="write calibration.json")
    command.set_defaults(run=fit_and_tell)
    options = parser.parse_args()
    os.nice(5)
    options.run(options)


if __name__ == "__main__":
    main()
