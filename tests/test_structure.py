"""The package's shape: which way imports point, who may import what, and how large a file may be."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from conftest import REPOSITORY

PACKAGE = REPOSITORY / "src" / "qa"

LAYERS = (
    "telemetry",
    "clock",
    "errors",
    "folders",
    "starting",
    "messages",
    "reasons",
    "domain",
    "languages",
    "sentences",
    "config",
    "logs",
    "cities",
    "loaders",
    "fetching",
    "chunking",
    "names",
    "leaning",
    "models",
    "manifest",
    "receipts",
    "sources",
    "reading",
    "records",
    "lexical",
    "locking",
    "changes",
    "store",
    "kept",
    "vector_cache",
    "embedding",
    "checking",
    "indexing",
    "rollback",
    "intake",
    "backup",
    "scope",
    "smalltalk",
    "understanding",
    "background",
    "retrieval",
    "dates",
    "timeline",
    "periods",
    "subjects",
    "coverage",
    "library",
    "newest",
    "calibration",
    "evidence",
    "disagreement",
    "facts",
    "answering",
    "llm_wire",
    "llm",
    "local_llm",
    "drafting",
    "verification",
    "parts",
    "pipeline",
    "suggestions",
    "briefs",
    "rendering",
    "feedback",
    "purging",
    "evaluation",
    "errands",
    "batch",
    "langchain",
    "nearby",
    "ui",
    "cli",
)
"""The modules of `qa`, the lowest first: each may import those before it and none after it."""

ONLY_IMPORTERS = {
    "chromadb": "store",
    "psycopg": "store",
    "pgvector": "store",
    "torch": "models",
    "sentence_transformers": "models",
    "transformers": "models",
    "onnxruntime": "models",
    "bm25s": "lexical",
    "gradio": "ui",
    "prometheus_client": "ui",
    "mcp": "ui",
    "xllamacpp": "local_llm",
}

MAX_LINES = 350

FILES = sorted(PACKAGE.rglob("*.py"))
NAMES = [path.relative_to(PACKAGE).as_posix() for path in FILES]


def layer_of(path: Path) -> str:
    """The module of `qa` that a file belongs to; "" for `qa/__init__.py`."""
    first = path.relative_to(PACKAGE).parts[0]
    return "" if first == "__init__.py" else first.removesuffix(".py")


def imported_names(source: str) -> Iterator[str]:
    """The full names of the modules that a source imports anywhere, also late and for types only."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute here"
            module = str(node.module)
            yield from (f"{module}.{alias.name}" if module == "qa" else module for alias in node.names)


def misplaced_imports(layer: str, source: str) -> list[str]:
    """The imports in a source of `layer` that do not point to a lower layer."""
    targets = [name.split(".")[1] for name in imported_names(source) if name.startswith("qa.")]
    below = LAYERS[: LAYERS.index(layer)]
    return [target for target in targets if target != layer and target not in below]


def documented(node: ast.AST) -> Iterator[tuple[str, bool]]:
    """Each public class and function inside `node`, and whether it has a docstring."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)):
            if child.name.startswith("_"):
                continue
            yield child.name, ast.get_docstring(child) is not None
            if isinstance(child, ast.ClassDef):
                yield from ((f"{child.name}.{name}", has) for name, has in documented(child))
        elif isinstance(child, (ast.If, ast.Try)):
            yield from documented(child)


@pytest.fixture(params=FILES, ids=NAMES)
def file(request: pytest.FixtureRequest) -> Path:
    path: Path = request.param
    return path


def test_the_layers_are_the_modules_that_there_are() -> None:
    assert sorted({layer_of(path) for path in FILES} - {""}) == sorted(LAYERS)


def test_imports_point_to_lower_layers_only(file: Path) -> None:
    if layer_of(file):
        assert misplaced_imports(layer_of(file), file.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    "source",
    [
        "from qa.cli import main",
        "import qa.cli",
        "from qa import cli",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from qa.cli import main",
        "def f():\n    from qa.cli import main",
    ],
)
def test_an_import_that_points_downwards_is_seen_however_it_is_written(source: str) -> None:
    assert misplaced_imports("domain", source) == ["cli"]


@pytest.mark.parametrize(("library", "owner"), sorted(ONLY_IMPORTERS.items()))
def test_a_heavy_library_has_one_importer(library: str, owner: str) -> None:
    importers = {
        layer_of(path)
        for path in FILES
        if any(name.split(".")[0] == library for name in imported_names(path.read_text(encoding="utf-8")))
    }

    assert importers == {owner}


def test_only_the_command_line_prints(file: Path) -> None:
    prints = [
        node.lineno
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Name) and node.id == "print"
    ]

    assert not prints or layer_of(file) == "cli"


def test_files_are_short(file: Path) -> None:
    assert len(file.read_text(encoding="utf-8").splitlines()) < MAX_LINES


def test_every_file_has_a_docstring(file: Path) -> None:
    assert ast.get_docstring(ast.parse(file.read_text(encoding="utf-8")))


def test_public_functions_and_classes_have_docstrings(file: Path) -> None:
    tree = ast.parse(file.read_text(encoding="utf-8"))

    assert [name for name, has in documented(tree) if not has] == []


def test_nothing_in_the_tests_is_needed_by_the_package(file: Path) -> None:
    roots = {name.split(".")[0] for name in imported_names(file.read_text(encoding="utf-8"))}

    assert roots.isdisjoint({"pytest", "hypothesis", "playwright", "conftest", "unittest"})


def imported_by(statement: str) -> set[str]:
    """The top-level modules that a fresh interpreter has loaded after `statement`."""
    code = f"{statement}\nimport sys\nprint(*sorted({{name.split('.')[0] for name in sys.modules}}))"
    finished = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=120
    )
    return set(finished.stdout.split())


def test_the_command_starts_without_loading_heavy_libraries() -> None:
    loaded = imported_by("import qa.cli")

    assert "qa" in loaded
    assert loaded.isdisjoint(
        {"torch", "chromadb", "gradio", "sentence_transformers", "transformers", "onnxruntime"}
    )


def test_the_pipeline_is_imported_without_models_store_and_page() -> None:
    loaded = imported_by("import qa.pipeline")

    assert loaded.isdisjoint({"torch", "chromadb", "gradio", "sentence_transformers", "onnxruntime"})
