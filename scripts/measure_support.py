"""How well `qa.drafting.support` tells a sentence that a quote says from one that it does not.

    python scripts/measure_support.py [--logits] [tests/drafting/claims.jsonl]

Each line of the file is a fact: a quote in each of eight languages, two sentences in each that it says, and five
that it does not say though they have its figures and names. Sentences of each language are held against the quotes
of each.
"""

from __future__ import annotations

import argparse
import json
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from qa.config import Settings
from qa.drafting.support import Support
from qa.models import load_models

LIMITS = np.arange(-2, 6.1, 0.5)


@dataclass(frozen=True)
class Claim:
    """A sentence and a quote in two languages or one; `kind` is "true", or what was made false."""

    sentence: str
    quote: str
    said_in: str
    quoted_in: str
    kind: str


def read_claims(path: Path) -> Iterator[Claim]:
    """Each sentence with the quote in each language."""
    for line in path.read_text(encoding="utf-8").splitlines():
        fact = json.loads(line)
        for quoted_in, quote in fact["quotes"].items():
            for said_in in fact["quotes"]:
                for sentence in fact["true"][said_in]:
                    yield Claim(sentence, quote, said_in, quoted_in, "true")
                for kind, sentence in fact["false"][said_in].items():
                    yield Claim(sentence, quote, said_in, quoted_in, kind)


def report(claims: list[Claim], passes: list[bool]) -> None:
    """Print which share of the true and of the false sentences pass: by language, by pair and by what is false."""
    rows: dict[str, dict[bool, list[bool]]] = defaultdict(lambda: {True: [], False: []})
    for claim, passed in zip(claims, passes, strict=True):
        is_same = claim.said_in == claim.quoted_in
        is_true = claim.kind == "true"
        names = [
            " all",
            f"in {claim.said_in}" if is_same else f"in {claim.said_in}, quote in another language",
        ]
        if not is_true:
            names.append(f"{claim.kind}, {'one language' if is_same else 'two languages'}")
        for name in names:
            rows[name][is_true].append(passed)
    for name in sorted(rows):
        true, false = rows[name][True], rows[name][False]
        shown = "  –  " if not true else f"{np.mean(true):.2f} "
        print(
            f"{name.strip():34s} true {shown} of {len(true):4d}   false {np.mean(false):.2f} of {len(false):4d}"
        )


def main() -> None:
    """Print the shares that pass."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("file", type=Path, nargs="?", default=Path("tests/drafting/claims.jsonl"))
    parser.add_argument("--logits", action="store_true", help="the reader alone, at each limit")
    options = parser.parse_args()
    models = load_models(Settings())
    claims = list(read_claims(options.file))
    if options.logits:
        assert models.reader
        logits = np.array([models.reader.supports(each.sentence, [each.quote])[0] for each in claims])
        for limit in LIMITS:
            print(f"from {limit:.1f} on")
            report(claims, list(logits >= limit))
        return
    support = Support(models)
    passes = [
        support.holds(each.sentence, [each.quote], languages={each.said_in, each.quoted_in})
        for each in claims
    ]
    report(claims, passes)


if __name__ == "__main__":
    main()
