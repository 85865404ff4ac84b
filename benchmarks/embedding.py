"""What the numbers that passages are computed in take and lose, beside the tutorial stack's model in the same run.

    python benchmarks/embedding.py [--set SET_DIR …] [--passages 60] [--rounds 5]

Ours makes a vector of every passage and of each of its sentences; all-MiniLM-L6-v2 makes one of every passage. A
processor without instructions for bfloat16 has the two rows of float32 to choose from.
"""

from __future__ import annotations

import argparse
import os
from functools import partial
from statistics import median

os.environ.setdefault("HF_HUB_OFFLINE", "1")  # before the libraries are imported: all weights are local

from common import in_turn, medians, parse_sets, ratio, read_paragraphs, synthetic_passage, table
from langchain_baseline import MiniLM

from qa.config import Settings
from qa.models import Embedder, load_embedder
from qa.models.embedder import SHARED_LAYERS
from qa.text.sentences import split_sentences

THEIRS = "all-MiniLM-L6-v2 in float32"
EXACT = "float32"
WHOLE = "the same, passages read whole by all layers"


def main() -> None:
    """Nothing; prints a table for each set, or for synthetic passages."""
    parser = argparse.ArgumentParser(description="Measure what passages are computed in.")
    parse_sets(parser)
    parser.add_argument("--passages", type=int, default=60, help="so many of each set, and synthetic ones")
    parser.add_argument("--rounds", type=int, default=5, help="runs of each, of which the median counts")
    options = parser.parse_args()
    texts = {"synthetic": [synthetic_passage(number)[1] for number in range(options.passages)]}
    for folder in options.set:
        texts[folder.name] = [text for _, text in read_paragraphs([folder])[: options.passages]]
    minilm = MiniLM()
    embedders = {
        EXACT: open_in("float32", in_int8=False),
        "int8, attention in float32": open_in("float32", in_int8=True),
        "bfloat16": open_in("bfloat16", in_int8=False),
        "int8, attention in bfloat16": open_in("bfloat16", in_int8=True),
        WHOLE: open_in("bfloat16", in_int8=True, shared_layers=0),
    }
    for name, passages in texts.items():
        print_table(name, passages, minilm, embedders, rounds=options.rounds)


def open_in(dtype: str, *, in_int8: bool, shared_layers: int = SHARED_LAYERS) -> Embedder:
    """The packaged embedder with weights in `dtype`, whatever the processor is best at."""
    embedder = load_embedder(Settings(dtype=dtype))
    embedder._in_int8 = in_int8  # the setting is for `auto` alone
    embedder._shared_layers = shared_layers
    return embedder


def print_table(
    name: str, passages: list[str], minilm: MiniLM, embedders: dict[str, Embedder], *, rounds: int
) -> None:
    """Nothing; prints seconds of each, warm and in turn, and how near its vectors are to those in float32."""
    parts = [[text[span.start : span.end] for span in split_sentences(text)] for text in passages]
    pieces = [piece for each in parts for piece in each]
    made_of = {place: each for place, each in enumerate(parts) if len(each) > 1}
    calls = {
        each: partial(embedder.encode_passages, [*passages, *pieces], made_of=made_of)
        for each, embedder in embedders.items()
    }
    made = {each: call() for each, call in calls.items()}
    minilm.embed_documents(passages)
    seconds = medians(in_turn({THEIRS: partial(minilm.embed_documents, passages), **calls}, rounds=rounds))
    rows = []
    for each, took in seconds.items():
        cosines = (made[each] * made[EXACT]).sum(axis=1).tolist() if each in made else None
        near = [f"{median(cosines):.4f}", f"{min(cosines):.4f}"] if cosines else ["", ""]
        rows.append([each, took, ratio(took, seconds[THEIRS]), *near])
    headers = ["passages in", "seconds", "by theirs", "median cosine to float32", "least"]
    note = f"{len(passages)} passages and, for ours, their {len(pieces)} sentences; medians of {rounds}, in turn."
    print(table(f"Embedding: {name}", headers, rows, note=note), flush=True)


if __name__ == "__main__":
    main()
