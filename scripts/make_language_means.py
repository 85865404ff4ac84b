"""Makes `src/qa/data/language_means.npz`: where the packaged embedder puts the texts of a language on the whole.

    python scripts/make_language_means.py ../shared/train/parallel

`qa.search.language_means` measures a question by them. A mean is that of some 600 texts, drawn evenly over the
folder's sources, those kept for development left out. Simplified and traditional Chinese are one language, as they
are for documents.
"""

from __future__ import annotations

import json
import random
import sys
from pathlib import Path

import numpy as np

from qa.config import Settings
from qa.models import load_embedder
from qa.search.language_means import FILE, IDENTITY

MEANS = Path(__file__).parents[1] / "src" / "qa" / "data" / FILE

TEXTS_OF_EACH = 600


def main() -> None:
    """Read the folder, make the means and write them."""
    embedder = load_embedder(Settings())
    kept = {IDENTITY: np.array(embedder.identity)}
    for language, sources in sorted(read_texts(Path(sys.argv[1])).items()):
        texts = draw(sources)
        mean = embedder.encode_passages(texts).mean(axis=0)
        kept[language] = mean.astype(np.float16)
        print(f"{language}: {len(texts)} texts of {len(sources)} sources, length {np.linalg.norm(mean):.3f}")
    np.savez(MEANS, allow_pickle=False, **kept)
    print(f"{MEANS.name}: {MEANS.stat().st_size} bytes")


def read_texts(folder: Path) -> dict[str, list[list[str]]]:
    """Language → the texts of each source."""
    found: dict[str, list[list[str]]] = {}
    for path in sorted(folder.glob("*.jsonl")):
        if path.stem.endswith("_dev"):
            continue
        of_source: dict[str, list[str]] = {}
        for line in path.read_text(encoding="utf-8").splitlines():
            record = json.loads(line)
            for code, text in (record.get("texts") or record["questions"]).items():
                of_source.setdefault(code.partition("-")[0], []).append(text)
        for language, texts in of_source.items():
            found.setdefault(language, []).append(texts)
    return found


def draw(sources: list[list[str]]) -> list[str]:
    """`TEXTS_OF_EACH` texts, as many of each source as there are: what a small one lacks, the others give."""
    chance = random.Random(0)
    drawn: list[str] = []
    for left, texts in zip(range(len(sources), 0, -1), sorted(sources, key=len), strict=True):
        drawn += chance.sample(texts, min(len(texts), (TEXTS_OF_EACH - len(drawn)) // left))
    return drawn


if __name__ == "__main__":
    main()
