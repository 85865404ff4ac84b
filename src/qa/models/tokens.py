"""Texts → tokens of an embedder's vocabulary. Only the needed part of the packaged vocabulary is in memory."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from qa.errors import ModelError

if TYPE_CHECKING:
    from tokenizers import Encoding, Tokenizer

    from qa.models.e5s1 import Vocabulary

SPACE = "▁"
"""The sign that SentencePiece puts before each word."""
PART_CHARACTERS = 200_000
"""The characters, more or less, of texts that are split together."""
SLICE_CHARACTERS = 1 << 16
"""The characters that are looked up at once, which takes some 9 MB."""
KEPT_WORDS, KEPT_CHARACTERS = 20_000, 200
"""Limits the words that are remembered with their tokens, and the length of such a word. They take 4 MB in
English, or 12 MB in Japanese, whose sentences are words here."""

FACTOR = np.uint64(0x9E3779B97F4A7C15)
"""The factor in a string's number: the number without the last character times this, plus the character."""
MIXER = np.uint64(0xD6E8FEB86659FD93)
SIEVE_BITS = 22
"""The bits of a place in the sieve, a table that tells fast of most strings that they are no piece."""

Place = tuple[int, int]
"""The start and end of a token in its text; (0, 0) for the tokens of the text's beginning and end."""


class TokenSplitter(Protocol):
    """Splits texts into the tokens of a model, whole: nothing is cut, nothing padded. Safe in several threads."""

    def ids(self, texts: Sequence[str]) -> list[list[int]]:
        """The ids of each text's tokens, with those of its beginning and end."""

    def split(self, text: str) -> tuple[list[int], list[Place]]:
        """The ids of the tokens of `text`, with those of its beginning and end, and their places."""

    def pieces(self, texts: Sequence[str]) -> list[list[str]]:
        """The tokens of each text as they are written, without those of its beginning and end."""

    def count(self, texts: Sequence[str]) -> list[int]:
        """The number of tokens of each text, without those of its beginning and end."""


class WholeSplitter:
    """A `TokenSplitter` of any `Tokenizer` that neither cuts nor pads."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        self._tokenizer = tokenizer

    def ids(self, texts: Sequence[str]) -> list[list[int]]:
        """See `TokenSplitter.ids`."""
        return [encoding.ids for encoding in self._tokenizer.encode_batch_fast(list(texts))]

    def split(self, text: str) -> tuple[list[int], list[Place]]:
        """See `TokenSplitter.split`."""
        encoding = self._tokenizer.encode(text)
        return encoding.ids, encoding.offsets

    def pieces(self, texts: Sequence[str]) -> list[list[str]]:
        """See `TokenSplitter.pieces`."""
        encodings = self._tokenizer.encode_batch(list(texts), add_special_tokens=False)
        return [encoding.tokens for encoding in encodings]

    def count(self, texts: Sequence[str]) -> list[int]:
        """See `TokenSplitter.count`."""
        encodings = self._tokenizer.encode_batch_fast(list(texts), add_special_tokens=False)
        return [len(encoding) for encoding in encodings]


class PackagedSplitter:
    """A `TokenSplitter` of the packaged embedder: the tokens that its whole tokenizer would make.

    The tree of all 250,000 pieces takes .5 s to build and 280 MB. The tokens of a text depend only on the pieces
    that occur in it, and on the least score of all pieces, which an unknown character gets. So each call makes a
    tokenizer of these pieces alone: .2 ms for a question. A word has the same tokens wherever it stands, so the
    tokens of earlier words are remembered.
    """

    def __init__(self, tensors: Mapping[str, NDArray[Any]]) -> None:
        self._hashes = tensors["hashes"].view(np.uint64)
        self._numbers = tensors["numbers"]
        self._blob = tensors["blob"].tobytes()
        self._offsets = tensors["offsets"]
        self._scores = tensors["scores"]
        special = tensors["special"].tolist()
        self._bos, self._eos, _, self._unknown = special
        self._always = {*special, int(self._scores.argmin())}
        self._longest = int(tensors["longest"][0])
        self._sieve = np.zeros(1 << SIEVE_BITS, dtype=bool)
        self._sieve[_sieve_place(self._hashes)] = True
        self._plain = make_tokenizer(self._pieces([self._unknown]), unknown=0, special=())
        self.remembered: dict[str, tuple[int, ...]] = {}
        """Earlier words, and their tokens."""
        self._marks = [piece for piece, _ in self._pieces(special)]

    def ids(self, texts: Sequence[str]) -> list[list[int]]:
        """See `TokenSplitter.ids`."""
        return [[self._bos, *ids, self._eos] for ids in self._inner_ids(texts)]

    def split(self, text: str) -> tuple[list[int], list[Place]]:
        """See `TokenSplitter.split`."""
        ((encoding, numbers),) = self._encode([text])
        ids = [self._bos, *(numbers[i] for i in encoding.ids), self._eos]
        return ids, [(0, 0), *encoding.offsets, (0, 0)]

    def pieces(self, texts: Sequence[str]) -> list[list[str]]:
        """See `TokenSplitter.pieces`."""
        return [encoding.tokens for encoding, _ in self._encode(texts)]

    def count(self, texts: Sequence[str]) -> list[int]:
        """See `TokenSplitter.count`."""
        return [len(ids) for ids in self._inner_ids(texts)]

    def _inner_ids(self, texts: Sequence[str]) -> Iterator[list[int]]:
        """The ids of each text's tokens, without those of its beginning and end."""
        for part in _parts(texts):
            words_of = [None if self._has_mark(text) else self._words(text) for text in part]
            known = self._ids_of_words({word for words in words_of for word in words or ()})
            for text, words in zip(part, words_of, strict=True):
                if words is None:
                    ((encoding, numbers),) = self._encode([text])
                    yield [numbers[i] for i in encoding.ids]
                else:
                    yield list(chain.from_iterable(map(known.__getitem__, words)))

    def _has_mark(self, text: str) -> bool:
        # The mark of a beginning or an end inside of a text is a token by itself.
        return any(mark in text for mark in self._marks)

    def _ids_of_words(self, words: set[str]) -> dict[str, tuple[int, ...]]:
        kept = self.remembered
        known = {word: kept[word] for word in words if word in kept}
        new = sorted(words - known.keys())
        for part in _parts(new):
            tokenizer, numbers = self._narrow("".join(part), special=())
            tokenizer.normalizer = None  # they are as it leaves them
            for word, encoding in zip(part, tokenizer.encode_batch_fast(part), strict=True):
                known[word] = tuple(numbers[i] for i in encoding.ids)
        if len(kept) + len(new) > KEPT_WORDS:
            self.remembered = kept = {}  # in another thread, what was there is still in use
        kept.update((word, known[word]) for word in new[:KEPT_WORDS] if len(word) <= KEPT_CHARACTERS)
        return known

    def _encode(self, texts: Sequence[str]) -> Iterator[tuple[Encoding, list[int]]]:
        """The encoding of each text, and the number in the vocabulary of each id in it."""
        for part in _parts(texts):
            words: set[str] = set()
            for text in part:
                for mark in self._marks:
                    text = text.replace(mark, " ")
                words.update(self._words(text))
            tokenizer, numbers = self._narrow("".join(sorted(words)), special=self._marks)
            for encoding in tokenizer.encode_batch(part, add_special_tokens=False):
                yield encoding, numbers

    def _words(self, text: str) -> list[str]:
        """The words of `text` as the tokenizer splits them, each after a `SPACE`; tokens end where they do."""
        plain = self._plain.normalizer.normalize_str(text).replace(" ", SPACE)
        return [SPACE + word for word in plain.removeprefix(SPACE).split(SPACE)] if plain else []

    def _narrow(self, text: str, *, special: Sequence[str]) -> tuple[Tokenizer, list[int]]:
        """A tokenizer of the pieces that `text` can have, and the numbers of its pieces in the vocabulary."""
        numbers = sorted(self._find_pieces(text) | self._always)
        tokenizer = make_tokenizer(
            self._pieces(numbers), unknown=numbers.index(self._unknown), special=special, like=self._plain
        )
        return tokenizer, numbers

    def _find_pieces(self, text: str) -> set[int]:
        """The numbers of all pieces that occur in `text`, and perhaps of other pieces, which do no harm."""
        numbers: set[int] = set()
        for start in range(0, len(text), SLICE_CHARACTERS):
            some = text[start : start + SLICE_CHARACTERS + self._longest - 1]
            codes = np.frombuffer(some.encode("utf-32-le"), dtype="<u4").astype(np.uint64)
            hashes, found = codes, []
            for length in range(1, min(self._longest, len(codes)) + 1):
                if length > 1:
                    hashes = hashes[:-1] * FACTOR + codes[length - 1 :]
                found.append(hashes[self._sieve[_sieve_place(hashes)]])
            wanted = np.concatenate(found)
            at = np.searchsorted(self._hashes, wanted)
            at[at == len(self._hashes)] = 0
            numbers.update(self._numbers[at[self._hashes[at] == wanted]].tolist())
        return numbers

    def _pieces(self, numbers: Sequence[int]) -> list[tuple[str, float]]:
        """The pieces with these numbers, and their scores."""
        at = np.array(numbers)
        starts, ends, scores = (
            column.tolist() for column in (self._offsets[at], self._offsets[at + 1], self._scores[at])
        )
        blob = self._blob
        return [
            (blob[start:end].decode("utf-8"), score)
            for start, end, score in zip(starts, ends, scores, strict=True)
        ]


def _parts(texts: Sequence[str]) -> Iterator[list[str]]:
    part: list[str] = []
    size = 0
    for text in texts:
        part.append(text)
        size += len(text)
        if size >= PART_CHARACTERS:
            yield part
            part, size = [], 0
    if part:
        yield part


def _sieve_place(hashes: NDArray[np.uint64]) -> NDArray[np.uint64]:
    return (hashes * MIXER) >> np.uint64(64 - SIEVE_BITS)


def make_tokenizer(
    pieces: Sequence[tuple[str, float]],
    *,
    unknown: int,
    special: Sequence[str],
    like: Tokenizer | None = None,
) -> Tokenizer:
    """SentencePiece's Unigram tokenizer of `pieces` and their scores, with XLM-RoBERTa's normalisation.

    `unknown` is the place in `pieces` of the piece for unknown characters. `special` are pieces that are found
    before the text is normalised. The tokenizer normalises as `like` does, where that is given.
    """
    from tokenizers import AddedToken, Tokenizer, models, pre_tokenizers

    tokenizer = Tokenizer(models.Unigram(list(pieces), unk_id=unknown, byte_fallback=False))
    tokenizer.normalizer = like.normalizer if like else _normaliser()
    spaces = pre_tokenizers.Metaspace(replacement=SPACE, prepend_scheme="always")
    tokenizer.pre_tokenizer = like.pre_tokenizer if like else spaces
    tokenizer.add_special_tokens([AddedToken(piece, normalized=False) for piece in special])
    return tokenizer


def _normaliser() -> Any:
    from tokenizers import Regex, normalizers

    # SentencePiece's `nmt_nfkc` is NFKC but keeps the fullwidth tilde, which Japanese has between two numbers. The
    # tilde waits in the private use area while NFKC goes by.
    tilde, parked = "\uff5e", "\uf8ff"
    return normalizers.Sequence(
        [
            normalizers.Nmt(),
            normalizers.Replace(tilde, parked),
            normalizers.NFKC(),
            normalizers.Replace(parked, tilde),
            normalizers.Replace(Regex(" {2,}"), " "),
            normalizers.Strip(),
        ]
    )


def save_vocabulary(vocabulary: Vocabulary, path: Path) -> None:
    """Write the file for `open_splitter` to `path`: the pieces by number, and their numbers by hash."""
    from safetensors.numpy import save_file

    encoded = [piece.encode("utf-8") for piece in vocabulary.pieces]
    hashes = np.array([_hash(piece) for piece in vocabulary.pieces], dtype=np.uint64)
    if len(np.unique(hashes)) < len(hashes):
        raise ModelError(
            "two pieces of the embedder's vocabulary have one hash; set embedder to another model"
        )
    order = np.argsort(hashes, kind="stable")
    tensors: dict[str, NDArray[Any]] = {
        "hashes": hashes[order].view(np.int64),
        "numbers": order.astype(np.int32),
        "blob": np.frombuffer(b"".join(encoded), dtype=np.uint8),
        "offsets": np.cumsum([0, *map(len, encoded)], dtype=np.int64),
        "scores": np.array(vocabulary.scores, dtype=np.float64),
        "special": np.array([vocabulary.bos, vocabulary.eos, vocabulary.pad, vocabulary.unk], dtype=np.int64),
        "longest": np.array([max(map(len, vocabulary.pieces))], dtype=np.int64),
    }
    save_file(tensors, path)


def _hash(piece: str) -> int:
    number = 0
    for character in piece:
        number = (number * int(FACTOR) + ord(character)) % (1 << 64)
    return number


def open_splitter(path: Path) -> PackagedSplitter:
    """The splitter of the vocabulary that `save_vocabulary` wrote to `path`."""
    from safetensors.numpy import load_file

    return PackagedSplitter(load_file(path))
