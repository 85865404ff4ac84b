"""What is answered does not depend on the folder that the program is started in."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import qa.models
from conftest import CountingEmbedder
from qa.cities import parse_cities
from qa.cli import main
from qa.storage.manifest import require_manifest

Ask = Callable[[Path, str], dict[str, Any]]

OTHER_TABLE = """
[[city]]
name = "Springfield"
country = "Nowhere"
latitude = 1.0
longitude = 1.0
[city.names]
en = ["Springfield"]
ja = ["ハイフォン"]
"""


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    """A folder of documents without a table of cities."""
    corpus = tmp_path / "documents"
    corpus.mkdir()
    (corpus / "water.txt").write_text(
        "ハイフォンの浄水場の能力は日量10万立方メートルである。", encoding="utf-8"
    )
    (corpus / "other.txt").write_text(
        "The plant of Davao cleans 20,000 cubic metres a day.", encoding="utf-8"
    )
    return corpus


@pytest.fixture
def ask(corpus: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Ask:
    """The answer, as JSON, of a program that indexes and asks in a folder; its time is left out."""
    for name in [name for name in os.environ if name.startswith("QA_")]:
        monkeypatch.delenv(name)
    monkeypatch.setattr(qa.models, "load_embedder", lambda settings: CountingEmbedder())
    monkeypatch.setattr(qa.models, "load_reader", lambda settings, embedder: None)

    def ask(folder: Path, question: str) -> dict[str, Any]:
        folder.mkdir(exist_ok=True)
        monkeypatch.chdir(folder)
        places = ["--corpus", str(corpus), "--index", "index"]
        assert main(["index", *places]) == 0
        capsys.readouterr()
        assert main(["ask", "--json", question, *places[2:]]) == 0
        answer: dict[str, Any] = json.loads(capsys.readouterr().out)
        del answer["timings"], answer["seconds"]
        return answer

    return ask


def test_two_working_folders_answer_alike(ask: Ask, tmp_path: Path) -> None:
    bare, trap = tmp_path / "bare", tmp_path / "trap"
    (trap / "corpus").mkdir(parents=True)
    (trap / "corpus" / "cities.toml").write_text(OTHER_TABLE, encoding="utf-8")
    for question in (
        "ハイフォンの浄水場の能力は？",
        "What does the plant of Davao clean a day?",
        "Springfield?",
    ):
        assert ask(bare, question) == ask(trap, question)


def test_a_corpus_without_a_table_of_cities_knows_the_partners(ask: Ask, tmp_path: Path) -> None:
    answer = ask(tmp_path / "anywhere", "ハイフォンの浄水場の能力は？")
    assert answer["ranked"] == ["water.txt"]
    manifest = require_manifest(tmp_path / "anywhere" / "index")
    catalogue = parse_cities(manifest.cities, where="the index")
    assert catalogue.query_cities("ハイフォンの浄水場の能力は？") == ("Hai Phong",)
