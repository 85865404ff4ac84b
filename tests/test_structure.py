"""The package's shape: which way imports point, who may import what, and how large a file may be."""

from __future__ import annotations

import ast
import itertools
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

import pytest

from conftest import REPOSITORY

PACKAGE = REPOSITORY / "src" / "qa"

RANKS: tuple[tuple[str, dict[str, str]], ...] = (
    (
        "what everything may speak of",
        {
            "errors": "what can go wrong, as users are told it",
            "domain": "the nouns: frozen values of the standard library alone",
            "i18n": "what the program says, in each language",
        },
    ),
    (
        "what any program needs",
        {"system": "folders, logs, a stopwatch; knows nothing of documents", "config": "the settings"},
    ),
    (
        "knowledge that needs no documents",
        {
            "text": "of writing: languages, sentences, dates, names",
            "llm": "of language models and their servers",
        },
    ),
    (
        "one resource each",
        {
            "storage": "the disk and the servers that keep an index",
            "models": "the only place where models compute",
            "cities": "the table of cities",
        },
    ),
    (
        "from a file, or from a question, to what is meant",
        {
            "loaders": "a file → what it says",
            "question": "what is asked",
            "search": "question → passages",
            "overview": "what the documents say on the whole",
        },
    ),
    (
        "what compares and what fetches",
        {"facts": "numbers, dates and names, held against quotes", "fetching": "a web address → its bytes"},
    ),
    ("the folder of documents", {"corpus": "brings documents in and takes them out"}),
    (
        "the two ways through the program",
        {"indexing": "documents become the index", "answer": "passages become statements or a refusal"},
    ),
    (
        "sentences of a language model",
        {"drafting": "writes, and holds against the quotes, what `answer` quotes"},
    ),
    ("both ways joined", {"engine": "one state of the index, opened with the models"}),
    ("the whole way, on one screen", {"pipeline": "ask, search, reindex"}),
    ("what is offered unasked", {"suggestions": "asks the pipeline, before anybody does"}),
    ("what is shown", {"rendering": "answers as HTML, text, Markdown and JSON"}),
    (
        "other ways in",
        {
            "handover": "a command asks a running page",
            "feedback": "what readers say of answers",
            "evaluation": "questions whose answers are known",
            "langchain": "the pipeline as a part of LangChain's",
        },
    ),
    (
        "the whole of an office's documents",
        {"maintenance": "backs up, restores and purges; feedback included"},
    ),
    ("the page", {"ui": "shows all of it in a browser"}),
    ("the command line", {"cli": "starts all of it"}),
)
"""The packages of `qa`, the lowest first, and why each stands where it does. Each may import those of lower ranks;
those of one rank do not import each other."""

LAYERS = tuple(name for _, packages in RANKS for name in packages)

ONLY_IMPORTERS = {
    "chromadb": "storage",
    "psycopg": "storage",
    "pgvector": "storage",
    "torch": "models",
    "sentence_transformers": "models",
    "transformers": "models",
    "onnxruntime": "models",
    "bm25s": "storage",
    "gradio": "ui",
    "prometheus_client": "ui",
    "mcp": "ui",
    "xllamacpp": "llm",
}

TOLD_BY_FOLDER = {"__init__.py", "tables.py"}
"""Names that a package may have more than once: what their folder is about tells them apart."""

MAX_LINES = 350

FILES = sorted(PACKAGE.rglob("*.py"))


@cache
def source_of(path: Path) -> str:
    """The text of a file of the package."""
    return path.read_text(encoding="utf-8")


@cache
def tree_of(path: Path) -> ast.Module:
    """The syntax tree of a file of the package; each file is parsed once for all tests."""
    return ast.parse(source_of(path))


def name_of(path: Path) -> str:
    """The name by which a test reports a file."""
    return path.relative_to(PACKAGE).as_posix()


def layer_of(path: Path) -> str:
    """The module of `qa` that a file belongs to; "" for `qa/__init__.py`."""
    first = path.relative_to(PACKAGE).parts[0]
    return "" if first == "__init__.py" else first.removesuffix(".py")


def imported_names(tree: ast.Module) -> Iterator[str]:
    """The full names of the modules that a source imports anywhere, also late and for types only."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute here"
            module = str(node.module)
            yield from (f"{module}.{alias.name}" if module == "qa" else module for alias in node.names)


@cache
def imports_of(path: Path) -> tuple[str, ...]:
    """The full names of the modules that a file of the package imports."""
    return tuple(imported_names(tree_of(path)))


def misplaced_imports(layer: str, names: Iterable[str]) -> list[str]:
    """The packages of `qa` that a source of `layer` may not import, among the modules that it imports."""
    targets = [name.split(".")[1] for name in names if name.startswith("qa.")]
    ranks = [set(packages) for _, packages in RANKS]
    below = set().union(*itertools.takewhile(lambda packages: layer not in packages, ranks))
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


def test_the_ranks_hold_the_packages_that_there_are() -> None:
    assert sorted({layer_of(path) for path in FILES} - {""}) == sorted(LAYERS)


def test_imports_point_to_lower_ranks_only() -> None:
    misplaced = {
        name_of(path): misplaced_imports(layer_of(path), imports_of(path)) for path in FILES if layer_of(path)
    }

    assert {name: targets for name, targets in misplaced.items() if targets} == {}


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
    assert misplaced_imports("domain", imported_names(ast.parse(source))) == ["cli"]


def test_packages_of_one_rank_do_not_import_each_other() -> None:
    assert misplaced_imports("search", ["qa.overview.timeline"]) == ["overview"]
    assert misplaced_imports("facts", ["qa.overview.timeline"]) == []


def test_a_file_name_occurs_twice_only_where_its_folder_makes_it_plain() -> None:
    within = Counter((path.relative_to(PACKAGE).parts[0], path.name) for path in FILES)
    assert [name for (_, name), count in within.items() if count > 1 and name not in TOLD_BY_FOLDER] == []


@pytest.mark.parametrize(("library", "owner"), sorted(ONLY_IMPORTERS.items()))
def test_a_heavy_library_has_one_importer(library: str, owner: str) -> None:
    importers = {
        layer_of(path) for path in FILES if any(name.split(".")[0] == library for name in imports_of(path))
    }

    assert importers == {owner}


def test_only_the_command_line_prints() -> None:
    prints = [
        f"{name_of(path)}:{node.lineno}"
        for path in FILES
        if layer_of(path) != "cli"
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.Name) and node.id == "print"
    ]

    assert prints == []


def test_files_are_short() -> None:
    lines = {name_of(path): len(source_of(path).splitlines()) for path in FILES}

    assert {name: count for name, count in lines.items() if count >= MAX_LINES} == {}


def test_every_file_has_a_docstring() -> None:
    assert [name_of(path) for path in FILES if not ast.get_docstring(tree_of(path))] == []


def test_docstrings_begin_with_what_comes_back_or_what_is_done() -> None:
    wrong = r'"""(?:Nothing[;.,:]|So long\b|Of what\b).*'
    assert [(name_of(path), found) for path in FILES for found in re.findall(wrong, source_of(path))] == []


def test_limits_are_called_max_and_min() -> None:
    wrong = r"\b(?:MOST|LEAST|LONGEST|SHORTEST|FEWEST|LARGEST|SMALLEST)_[A-Z_]+\b"
    assert [(name_of(path), found) for path in FILES for found in re.findall(wrong, source_of(path))] == []


def test_public_functions_and_classes_have_docstrings() -> None:
    bare = [
        f"{name_of(path)}: {name}" for path in FILES for name, has in documented(tree_of(path)) if not has
    ]

    assert bare == []


def test_nothing_in_the_tests_is_needed_by_the_package() -> None:
    for_tests = {"pytest", "hypothesis", "playwright", "conftest", "unittest"}
    importers = [
        name_of(path) for path in FILES if for_tests & {name.split(".")[0] for name in imports_of(path)}
    ]

    assert importers == []


def test_what_tests_share_stands_in_modules_that_are_no_tests() -> None:
    importers = {
        path.name: [
            name for name in imported_names(ast.parse(path.read_text("utf-8"))) if name.startswith("test_")
        ]
        for path in (REPOSITORY / "tests").rglob("*.py")
    }

    assert {path: names for path, names in importers.items() if names} == {}


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
