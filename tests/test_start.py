"""Facts about what a command loads: only what it needs. How long that takes, `benchmarks/start.py` prints."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from conftest import REPOSITORY

PROGRAM = """
import sys
from qa.cli import main
try:
    status = main({arguments!r})
except SystemExit as end:
    status = end.code
print("loaded:", *sorted({{name.split(".")[0] for name in sys.modules}}))
sys.exit(status)
"""

MODELS = frozenset({"torch", "onnxruntime", "tokenizers", "safetensors"})
SEARCH = frozenset({"chromadb", "bm25s", "numpy", "scipy", "langchain_core", "py3langid", "rapidfuzz"})
ELSEWHERE = frozenset(
    {
        *("sentence_transformers", "transformers", "sklearn", "pandas", "huggingface_hub", "sympy"),
        *("gradio", "starlette", "fastapi", "uvicorn", "prometheus_client", "mcp", "langchain", "openai"),
        *("trafilatura", "pypdfium2", "openpyxl", "pptx", "rapidocr", "watchfiles", "markdown_it"),
    }
)
"""What asking needs nothing of: other models, the page, the readers of documents, language models."""


def loaded_by(*arguments: str, folder: Path) -> frozenset[str]:
    """The top-level modules that the command has loaded at its end."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("QA_")}
    environment |= {"QA_CORPUS_DIR": str(REPOSITORY / "corpus"), "QA_INDEX_DIR": str(folder / "index")}
    ended = subprocess.run(
        [sys.executable, "-c", PROGRAM.format(arguments=arguments)],
        capture_output=True,
        text=True,
        timeout=300,
        env=environment,
    )
    assert ended.returncode == 0, ended.stderr
    return frozenset(ended.stdout.splitlines()[-1].split()[1:])


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with an index of the corpus."""
    folder = tmp_path_factory.mktemp("start")
    loaded_by("index", folder=folder)
    return folder


def test_help_loads_no_library_at_all(tmp_path: Path) -> None:
    assert loaded_by("--help", folder=tmp_path).isdisjoint(MODELS | SEARCH | ELSEWHERE)


@pytest.mark.model
@pytest.mark.slow
def test_status_loads_no_library_at_all(folder: Path) -> None:
    assert loaded_by("status", folder=folder).isdisjoint(MODELS | SEARCH | ELSEWHERE)


@pytest.mark.model
@pytest.mark.slow
@pytest.mark.parametrize("command", [("ask", "Who runs the centre?"), ("search", "compost")])
def test_asking_loads_what_it_computes_and_searches_with_and_nothing_else(
    command: tuple[str, ...], folder: Path
) -> None:
    loaded = loaded_by(*command, folder=folder)
    assert loaded.isdisjoint(ELSEWHERE)
    assert loaded >= MODELS
