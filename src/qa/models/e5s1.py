"""Reads the E5S1 format: one file with the vocabulary and the 4-bit weights of a BERT encoder.

Little-endian, in this order:

    magic `E5S1`, u32 version
    i32 hidden, layers, heads, ffn, vocab, positions, type_vocab; f32 layer-norm eps; i32 block
    i32 pieces, bos, eos, pad, unk; u64 blob bytes; u32 × (pieces + 1) offsets; f32 × pieces scores; blob
    i32 entries and u32 bytes of a normalisation map (skipped: `Nmt` and then NFKC, by character)
    i32 tensors, each: u16 name bytes, name, u8 dtype, u32 count, u64 offset in the file, u64 bytes

A q4 tensor is a run of 18-byte blocks of 32 weights: an f16 scale and 16 bytes, whose low nibbles are
weights 0–15 and whose high nibbles are weights 16–31; a weight is (nibble − 8) × scale.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qa.errors import ModelError

MAGIC = b"E5S1"
VERSION = 1
Q4_BLOCK = 32
"""Weights in a q4 block."""
Q4_DTYPE = np.dtype([("scale", "<f2"), ("nibbles", "u1", (Q4_BLOCK // 2,))])
F32, Q4 = 0, 1


@dataclass(frozen=True, slots=True)
class Shape:
    """The sizes of a BERT encoder, in the order in which the file has them."""

    hidden: int
    layers: int
    heads: int
    ffn: int
    vocab: int
    positions: int
    type_vocab: int
    layer_norm_eps: float
    block: int


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """SentencePiece's pieces with their scores (log probabilities), and the ids of the special ones."""

    pieces: tuple[str, ...]
    scores: tuple[float, ...]
    bos: int
    eos: int
    pad: int
    unk: int


@dataclass(frozen=True, slots=True)
class E5S1:
    """A file that was read. `tensors`: name → float32, one dimension, the file's row-major order."""

    shape: Shape
    vocabulary: Vocabulary
    tensors: Mapping[str, NDArray[np.float32]]


def read_e5s1(path: Path) -> E5S1:
    """The contents of the E5S1 file at `path`. Raises `ModelError` if it is not one, or is cut short."""
    data = path.read_bytes()
    try:
        return _parse(data)
    except (struct.error, ValueError) as error:
        raise ModelError(
            f"{path} is not a whole E5S1 file ({error}); reinstall the package that it belongs to"
        ) from error


def dequantise_q4(blocks: bytes) -> NDArray[np.float32]:
    """The weights in a run of 18-byte q4 blocks: float32, shape (32 × blocks,)."""
    table = np.frombuffer(blocks, dtype=Q4_DTYPE)
    weights = np.empty((len(table), Q4_BLOCK), dtype=np.float32)
    half = Q4_BLOCK // 2
    weights[:, :half] = table["nibbles"] & 0x0F
    weights[:, half:] = table["nibbles"] >> 4
    weights -= 8
    weights *= table["scale"].astype(np.float32)[:, None]
    return weights.reshape(-1)


class _Cursor:
    """Reads one value after another from `data`, and stops with `struct.error` at its end."""

    def __init__(self, data: bytes) -> None:
        self._stream = io.BytesIO(data)

    def unpack(self, layout: str) -> tuple[Any, ...]:
        return struct.unpack("<" + layout, self.take(struct.calcsize("<" + layout)))

    def take(self, size: int) -> bytes:
        data = self._stream.read(max(size, 0))
        if len(data) != size:
            raise struct.error(f"{size} bytes are wanted where {len(data)} are left")
        return data


def _parse(data: bytes) -> E5S1:
    cursor = _Cursor(data)
    magic, (version,) = cursor.take(4), cursor.unpack("I")
    if magic != MAGIC or version != VERSION:
        raise ValueError(f"it starts with {magic!r}, version {version}")
    shape = Shape(*cursor.unpack("7ifi"))
    if shape.block != Q4_BLOCK:
        raise ValueError(f"its blocks have {shape.block} weights, not {Q4_BLOCK}")
    vocabulary = _read_vocabulary(cursor)
    _, map_bytes = cursor.unpack("iI")
    cursor.take(map_bytes)
    (count,) = cursor.unpack("i")
    return E5S1(shape, vocabulary, dict(_read_tensor(cursor, data) for _ in range(count)))


def _read_vocabulary(cursor: _Cursor) -> Vocabulary:
    count, bos, eos, pad, unk = cursor.unpack("5i")
    (blob_bytes,) = cursor.unpack("Q")
    offsets = np.frombuffer(cursor.take(4 * (count + 1)), dtype="<u4").tolist()
    scores = np.frombuffer(cursor.take(4 * count), dtype="<f4").tolist()
    blob = cursor.take(blob_bytes)
    pieces = tuple(blob[start:end].decode("utf-8") for start, end in pairwise(offsets))
    return Vocabulary(pieces, tuple(scores), bos, eos, pad, unk)


def _read_tensor(cursor: _Cursor, data: bytes) -> tuple[str, NDArray[np.float32]]:
    (name_bytes,) = cursor.unpack("H")
    name = cursor.take(name_bytes).decode("utf-8")
    dtype, count, offset, size = cursor.unpack("BIQQ")
    raw = data[offset : offset + size]
    if dtype == F32:
        weights = np.frombuffer(raw, dtype="<f4").astype(np.float32)
    elif dtype == Q4:
        weights = dequantise_q4(raw)
    else:
        raise ValueError(f"tensor {name} has the unknown type {dtype}")
    if len(weights) != count:
        raise ValueError(f"tensor {name} has {len(weights)} weights, not {count}")
    return name, weights
