"""A model so small that its weights can be worked out by hand."""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import Any

import numpy as np

PIECES = ["<s>", "<pad>", "</s>", "<unk>", "▁", "a", "b", "▁ab", "～", "12"]
SCORES = [0.0, 0.0, 0.0, 0.0, -2.0, -3.0, -3.5, -4.0, -5.0, -5.5]
HIDDEN, FFN, VOCAB, POSITIONS = 32, 64, 12, 16


def q4_block(weights: list[int], scale: float) -> bytes:
    """One block: `weights` are 32 integers from -8 to 7."""
    nibbles = [weight + 8 for weight in weights]
    return struct.pack("<e", scale) + bytes(nibbles[i] | nibbles[i + 16] << 4 for i in range(16))


def write_tiny(path: Path) -> dict[str, np.ndarray]:
    """Writes an E5S1 file with one layer, and returns the weights that were put into it."""
    rng = np.random.default_rng(7)
    sizes: dict[str, tuple[int, ...]] = {
        "emb.word": (VOCAB, HIDDEN),
        "emb.pos": (POSITIONS, HIDDEN),
        "emb.type": (2, HIDDEN),
    }
    sizes |= {"emb.ln.w": (HIDDEN,), "emb.ln.b": (HIDDEN,)}
    matrices: dict[str, tuple[int, ...]] = dict.fromkeys(("q", "k", "v", "ao"), (HIDDEN, HIDDEN))
    for name, size in (matrices | {"fi": (FFN, HIDDEN), "fo": (HIDDEN, FFN)}).items():
        sizes |= {f"l0.{name}.w": size, f"l0.{name}.b": size[:1]}
    for name in ("aln", "oln"):
        sizes |= {f"l0.{name}.w": (HIDDEN,), f"l0.{name}.b": (HIDDEN,)}

    blob = "".join(PIECES).encode()
    ends = np.cumsum([0, *(len(piece.encode()) for piece in PIECES)])
    head = b"E5S1" + struct.pack("<I7ifi", 1, HIDDEN, 1, 4, FFN, VOCAB, POSITIONS, 2, 1e-12, 32)
    head += struct.pack("<5iQ", len(PIECES), 0, 2, 1, 3, len(blob))
    head += struct.pack(f"<{len(ends)}I", *ends) + struct.pack(f"<{len(SCORES)}f", *SCORES) + blob
    head += struct.pack("<iI", 1, 9) + struct.pack("<IBI", 0xFF21, 1, 0x41)
    directory_bytes = 4 + sum(2 + len(name) + 21 for name in sizes)
    start, directory, body, weights = len(head) + directory_bytes, b"", b"", {}
    for name, size in sizes.items():
        if len(size) == 2 and name not in ("emb.pos", "emb.type"):
            whole = rng.integers(-8, 8, size).reshape(-1, 32)
            raw, dtype = b"".join(q4_block(row.tolist(), 0.125) for row in whole), 1
            weights[name] = (whole * 0.125).astype(np.float32).reshape(-1)
        else:
            weights[name] = rng.normal(size=int(np.prod(size))).astype(np.float32)
            raw, dtype = weights[name].tobytes(), 0
        directory += struct.pack("<H", len(name)) + name.encode()
        directory += struct.pack("<BIQQ", dtype, int(np.prod(size)), start + len(body), len(raw))
        body += raw
    path.write_bytes(head + struct.pack("<i", len(sizes)) + directory + body)
    return weights


SENTENCES = (
    "Kitakyushu works with cities in Asia.",
    "北九州市はアジアの都市と協力しています。",
    "Thành phố Hải Phòng và thành phố Kitakyushu là hai thành phố kết nghĩa.",
    "ទីក្រុងភ្នំពេញ",
)
TEXTS = ("", *SENTENCES, *(" ".join(SENTENCES[: n % 4 + 1] * n) for n in (2, 3, 7, 30)), "x " * 2000)
"""Of many lengths: none at all, and more tokens than the model reads."""


def write_cross_encoder(folder: Path, *, logit: float) -> None:
    """A cross-encoder with random layers that gives every pair this logit, as sentence-transformers loads it."""
    from transformers import BertConfig, BertForSequenceClassification

    from qa.models.e5s1 import read_e5s1
    from qa.models.model_folder import build_folder

    folder.mkdir()
    write_tiny(folder / "tiny.bin")
    build_folder(read_e5s1(folder / "tiny.bin"), folder)
    for name in (
        "modules.json",
        "sentence_bert_config.json",
        "config_sentence_transformers.json",
        "tiny.bin",
    ):
        (folder / name).unlink()
    config: Any = BertConfig(**json.loads((folder / "config.json").read_text()))
    config.num_labels = 1
    model = BertForSequenceClassification(config)
    model.classifier.weight.data.zero_()
    model.classifier.bias.data.fill_(logit)
    model.save_pretrained(folder)
