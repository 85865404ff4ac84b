"""Facts about a language model in a file, before any server is started; test_llm_server.py has the rest."""

from __future__ import annotations

import importlib.util
import signal
from pathlib import Path

import pytest

from qa.cli import main
from qa.config import Settings
from qa.errors import ModelError
from qa.indexing.run import index_corpus
from qa.llm.llama_server import MAGIC, _explain_end, check_local_llm, serving_local_llm


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """What begins like a GGUF file, of 5 MB."""
    path = tmp_path / "model.gguf"
    path.write_bytes(MAGIC + bytes(5_000_000 - len(MAGIC)))
    return path


def test_without_a_file_the_settings_are_left_as_they_are() -> None:
    settings = Settings(llm="openai:gpt")

    with serving_local_llm(settings, on_progress=pytest.fail) as served:
        assert served is settings


def test_a_file_that_is_not_there_is_an_error_that_names_it(tmp_path: Path) -> None:
    with pytest.raises(
        ModelError, match=r"none\.gguf, which cannot be read \(No such file.*name a GGUF file"
    ):
        check_local_llm(tmp_path / "none.gguf")
    with pytest.raises(ModelError, match="Is a directory"):
        check_local_llm(tmp_path)


def test_a_file_of_another_kind_is_an_error_that_says_so(tmp_path: Path) -> None:
    (tmp_path / "model.bin").write_bytes(b"PK\x03\x04")

    with pytest.raises(ModelError, match=r"model\.bin, which is not a GGUF file"):
        check_local_llm(tmp_path / "model.bin")


@pytest.mark.parametrize("package", ["xllamacpp", "langchain_openai"])
def test_a_package_that_is_missing_is_named_with_the_command(
    package: str, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == package else find(name))

    with pytest.raises(ModelError, match=rf"package {package}; pip install '\.\[local\]'"):
        check_local_llm(file)


def test_why_the_server_ended_is_told_in_its_own_first_words() -> None:
    said = ["0.1 E llama_model_load: error loading model: tensor is missing", "0.2 E srv: exiting"]

    assert _explain_end(1, said) == "tensor is missing"
    assert _explain_end(-signal.SIGSEGV, ["0.1 E srv: exiting"]) == "it was ended by SIGSEGV"
    assert _explain_end(-signal.SIGKILL, []) == "it was ended by SIGKILL, for want of memory perhaps"
    assert _explain_end(1, ["ImportError: no AVX2"]) == "ImportError: no AVX2"
    assert _explain_end(3, []) == "it ended with status 3"


@pytest.mark.parametrize("command", [["ask", "Who?"], ["chat"], ["serve"]])
def test_the_commands_tell_what_is_wrong_with_a_file_in_one_line(
    command: list[str], settings: Settings, embedder: object, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    index_corpus(settings, embedder)  # type: ignore[arg-type]
    monkeypatch.chdir(tmp_path)

    status = main([*command, "--index", str(settings.index_dir), "--local-llm", "none.gguf"])

    assert status == 1
    assert capsys.readouterr().err.startswith("qa: local_llm is none.gguf, which cannot be read")


def test_the_status_says_what_the_file_is_and_does_not_start_it(
    settings: Settings, embedder: object, file: Path, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    index_corpus(settings, embedder)  # type: ignore[arg-type]
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("QA_INDEX_DIR", str(settings.index_dir))

    monkeypatch.setenv("QA_LOCAL_LLM", str(file))
    assert main(["status"]) == 0
    assert "model.gguf: a file of 5 MB; qa serve, chat and ask run it themselves" in capsys.readouterr().out
    monkeypatch.setenv("QA_LOCAL_LLM", "none.gguf")
    assert main(["status"]) == 0
    assert (
        "none.gguf: does not answer: local_llm is none.gguf, which cannot be read" in capsys.readouterr().out
    )
