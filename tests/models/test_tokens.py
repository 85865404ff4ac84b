"""The splitter of the packaged vocabulary makes what the whole tokenizer makes, whatever it is given."""

from __future__ import annotations

import itertools
import json
import random
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from tokenizers.processors import TemplateProcessing

from conftest import REPOSITORY
from qa.errors import ModelError
from qa.models import tokens
from qa.models.e5s1 import Vocabulary
from qa.models.packaged import packaged_embedder_folder
from qa.models.tokens import (
    PackagedSplitter,
    TokenSplitter,
    WholeSplitter,
    make_tokenizer,
    open_splitter,
    save_vocabulary,
)

TRAIN = REPOSITORY.parent / "shared" / "train"

SCRIPTS = (
    "When did the two cities sign their memorandum, and what did 1,200 households get by 2012?",
    "北九州市は、1999年にプノンペン都の水道事業への協力を始めた。",
    "大连市环境示范区计划于2000年完成。",
    "ទីក្រុងភ្នំពេញ និង ទីក្រុងគីតាគ្យូស៊ូ",
    "Kota Surabaya mengolah 1.500 ton sampah setiap hari.",
    "Thành phố Hải Phòng xử lý nước bằng phương pháp sinh học.",
    "Ang Lungsod ng Davao ay may 1.8 milyong residente.",
)

ODD = (
    "",
    " ",
    "  two  spaces ",
    "a</s>b <s> <pad> x<unk>",
    "</s>",
    "a</s>\u0301b",
    "▁▁ ▁",
    "～5～ 10",
    "\ufdfa ﷺ ①②",
    " 🙂🙃 \U000e0001",
    "한국어 조선 हिन्दी עברית",
    "e\u0301\u200b\x00z\u3000\u00a0\t\r\n",
    "x" * 5000,
    "ភ្នំពេញ" * 200,
)

PIECES = (
    ("<s>", 0.0),
    ("<pad>", 0.0),
    ("</s>", 0.0),
    ("<unk>", 0.0),
    ("▁", -2.0),
    ("a", -3.0),
    ("b", -3.5),
    ("▁a", -2.5),
    ("ab", -4.0),
    ("▁abab", -4.5),
    ("▁zx", -1.0),
    ("▁z", -19.0),
    ("xw", -19.0),
    ("q", -40.0),
)


@pytest.fixture
def tiny(tmp_path: Path) -> PackagedSplitter:
    pieces, scores = zip(*PIECES, strict=True)
    save_vocabulary(Vocabulary(pieces, scores, bos=0, eos=2, pad=1, unk=3), tmp_path / "v.safetensors")
    return open_splitter(tmp_path / "v.safetensors")


@pytest.fixture
def whole() -> WholeSplitter:
    special = [piece for piece, _ in PIECES[:4]]
    tokenizer = make_tokenizer(PIECES, unknown=3, special=special)
    tokenizer.post_processor = TemplateProcessing(
        single="<s> $A </s>", special_tokens=[("<s>", 0), ("</s>", 2)]
    )
    return WholeSplitter(tokenizer)


def assert_same(ours: TokenSplitter, theirs: TokenSplitter, texts: Sequence[str]) -> None:
    assert ours.ids(texts) == theirs.ids(texts)
    assert ours.pieces(texts) == theirs.pieces(texts)
    assert ours.count(texts) == theirs.count(texts)
    assert [ours.split(text) for text in texts] == [theirs.split(text) for text in texts]


def test_ids_are_those_of_the_vocabulary_between_its_beginning_and_end(tiny: PackagedSplitter) -> None:
    assert tiny.ids(["abab a", "", "?"]) == [[0, 9, 7, 2], [0, 2], [0, 4, 3, 2]]
    assert tiny.count(["abab a", "", "?"]) == [2, 0, 2]
    assert (tiny.ids([]), tiny.pieces([]), tiny.count([])) == ([], [], [])


def test_places_are_those_in_the_text(tiny: PackagedSplitter) -> None:
    assert tiny.pieces(["b abab"]) == [["▁", "b", "▁abab"]]
    assert tiny.split("b abab") == ([0, 4, 6, 9, 2], [(0, 0), (0, 1), (0, 1), (1, 6), (0, 0)])


def test_what_is_unknown_is_measured_by_the_least_score_of_all_pieces(
    tiny: PackagedSplitter, whole: WholeSplitter
) -> None:
    # Without that of "q", the unknown w alone and "▁zx" would be likelier than "▁z" and "xw".
    assert tiny.ids(["zxw"]) == whole.ids(["zxw"]) == [[0, 11, 12, 2]]


def odd_texts() -> list[str]:
    chance = random.Random(5)
    return [*ODD, *("".join(chance.choices("ab zxwq▁?é", k=chance.randint(0, 40))) for _ in range(500))]


@pytest.mark.slow
@pytest.mark.parametrize(("part", "slice", "kept"), [(1, 1, 0), (7, 5, 3), (200_000, 65_536, 20_000)])
def test_every_text_is_split_as_by_the_whole_tokenizer_however_many_go_together(
    tiny: PackagedSplitter,
    whole: WholeSplitter,
    part: int,
    slice: int,
    kept: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(tokens, "PART_CHARACTERS", part)
    monkeypatch.setattr(tokens, "SLICE_CHARACTERS", slice)
    monkeypatch.setattr(tokens, "KEPT_WORDS", kept)
    assert_same(tiny, whole, odd_texts())


def test_of_the_words_that_came_before_few_are_remembered_and_short_ones(
    tiny: PackagedSplitter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tokens, "KEPT_WORDS", 8)
    monkeypatch.setattr(tokens, "KEPT_CHARACTERS", 5)
    for text in odd_texts():
        tiny.count([text])
        assert len(tiny.remembered) <= 8
        assert all(len(word) <= 5 for word in tiny.remembered)
    assert tiny.remembered


def test_many_threads_get_the_tokens_of_their_own_texts(
    tiny: PackagedSplitter, whole: WholeSplitter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tokens, "KEPT_WORDS", 20)
    texts = odd_texts()
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(tiny.ids, [[text] for text in texts])) == [whole.ids([text]) for text in texts]


def test_two_pieces_with_one_hash_are_refused(tmp_path: Path) -> None:
    pieces, scores = zip(*PIECES, PIECES[-1], strict=True)
    with pytest.raises(ModelError, match="hash"):
        save_vocabulary(Vocabulary(pieces, scores, bos=0, eos=2, pad=1, unk=3), tmp_path / "v.safetensors")


@pytest.fixture(scope="module")
def both() -> tuple[PackagedSplitter, WholeSplitter]:
    """The packaged vocabulary's splitter, and the whole tokenizer of the same pieces."""
    from tokenizers import Tokenizer

    folder = packaged_embedder_folder()
    whole = WholeSplitter(Tokenizer.from_file(str(folder / "tokenizer.json")))
    return open_splitter(folder / "vocabulary.safetensors"), whole


@pytest.mark.model
class TestPackaged:
    def test_odd_texts_and_mixtures_of_all_scripts(
        self, both: tuple[PackagedSplitter, WholeSplitter]
    ) -> None:
        ours, theirs = both
        pool = "".join((*SCRIPTS, *ODD[:12])) * 3
        chance = random.Random(6)
        cuts = [(chance.randrange(len(pool)), chance.randint(0, 80)) for _ in range(1000)]
        mixed = ["".join(chance.choices(pool, k=30)) for _ in range(1000)]
        texts = [*SCRIPTS, *ODD, *mixed, *(pool[start : start + size] for start, size in cuts)]
        assert_same(ours, theirs, texts)

    def test_paragraphs_of_six_languages(self, both: tuple[PackagedSplitter, WholeSplitter]) -> None:
        if not TRAIN.is_dir():
            pytest.skip("the labelled paragraphs are not here")
        ours, theirs = both
        paths = sorted(TRAIN.glob("*.jsonl"))
        assert len(paths) > 5
        for path in paths:
            with path.open(encoding="utf-8") as lines:
                rows = [json.loads(line) for line in itertools.islice(lines, 100)]
            texts = [value for row in rows for value in row.values() if isinstance(value, str)]
            assert len(texts) > 100
            assert_same(ours, theirs, texts)
