"""Facts about what the benchmarks share, and about the command that runs them all."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from conftest import REPOSITORY, CountingEmbedder
from qa.config import Settings
from qa.engine.library import open_library
from qa.indexing.run import index_corpus
from qa.models import Models

FOLDER = REPOSITORY / "benchmarks"
sys.path.append(str(FOLDER))

import common  # noqa: E402
import run  # noqa: E402


def test_a_table_is_markdown_with_its_columns_in_line() -> None:
    lines = common.table("Times", ["what", "seconds"], [["a", 1.234], ["longer", 1234.5]], note="Medians.")
    assert lines.splitlines() == [
        "### Times",
        "",
        "| what   | seconds |",
        "| ------ | ------: |",
        "| a      |    1.23 |",
        "| longer |   1,234 |",
        "",
        "Medians.",
    ]


@pytest.mark.parametrize(("share", "expected"), [(0.5, 50.0), (0.95, 95.0), (1.0, 100.0), (0.001, 1.0)])
def test_a_percentile_is_the_nearest_rank(share: float, expected: float) -> None:
    assert common.percentile([float(n) for n in range(100, 0, -1)], share) == expected


def test_systems_run_in_turn_and_every_second_round_the_other_way() -> None:
    ran: list[str] = []
    took = common.in_turn({"a": lambda: ran.append("a"), "b": lambda: ran.append("b")}, rounds=3)
    assert "".join(ran) == "abbaab"
    assert [len(each) for each in took.values()] == [3, 3]
    assert common.medians({"a": [3.0, 1.0, 2.0]}) == {"a": 2.0}


def test_peak_memory_is_that_of_a_process_alone_and_not_of_its_parent(tmp_path: Path) -> None:
    script = tmp_path / "child.py"
    script.write_text(
        f"import sys; sys.path.append({str(FOLDER)!r})\n"
        "import json, common\n"
        "small = common.peak_memory_mib()\n"
        "block = b'x' * 100 * 2**20\n"
        "del block\n"
        "print('not this line')\n"
        "print(json.dumps([small, common.peak_memory_mib(), common.memory_mib()]))\n"
    )
    block = b"x" * 300 * 2**20
    small, peak, now = common.run_json(script)
    assert small < 250 < len(block) / 2**20 < common.peak_memory_mib()
    assert peak > small + 90
    assert now < peak - 90


def test_synthetic_passages_are_the_same_in_a_corpus_of_any_size_and_a_chunk_each(tmp_path: Path) -> None:
    few, many = (list(common.synthetic_documents(count, each=4)) for count in (8, 40))
    assert many[:2] == few
    settings = Settings(corpus_dir=tmp_path / "corpus", index_dir=tmp_path / "index", reranker="none")
    written = common.write_synthetic_corpus(settings.corpus_dir, 10, each=4)
    assert written == sum(len(path.read_text()) for path in settings.corpus_dir.iterdir())
    index_corpus(settings, CountingEmbedder())
    chunks = open_library(settings, Models(CountingEmbedder())).retriever.chunks
    assert [chunk.text for chunk in chunks] == [common.synthetic_passage(n)[1] for n in range(10)]
    assert {len(chunk.sentences) for chunk in chunks} == {5}
    heading, _, question = common.synthetic_passage(3)
    assert heading.split(" in ")[1] in question


@pytest.mark.slow
def test_the_runner_keeps_what_is_printed_and_names_what_is_missing_or_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    programs = {
        "good": "import sys; print('### Table'); print('| a |'); print(sys.argv[1:])",
        "plain": "print('  a   1')",
        "bad": "print('| half |'); raise SystemExit(3)",
    }
    for name, program in programs.items():
        (tmp_path / f"{name}.py").write_text(program)
    names = (
        run.Benchmark("good", ("--long",), ("--short",), takes_sets=True),
        run.Benchmark("plain"),
        run.Benchmark("gone"),
        run.Benchmark("bad"),
        run.Benchmark("unasked", sets="", takes_sets=True),
    )
    (tmp_path / "unasked.py").write_text("")
    monkeypatch.setattr(run, "HERE", tmp_path)
    monkeypatch.setattr(run, "BENCHMARKS", names)
    out = tmp_path / "RESULTS.md"
    monkeypatch.setattr(sys, "argv", ["run.py", "--out", str(out), "--smallest"])
    assert run.main() == 1
    written = out.read_text(encoding="utf-8")
    assert "### Table\n| a |\n['--short']" in written
    assert "```text\n  a   1" in written or "```text\na   1" in written
    assert "`gone.py` is missing." in written
    assert "| half |" in written
    assert "failed with status 3" in written
    assert "it needs a set" in written
    assert common.describe_machine() in written
    assert "['--short']" in capsys.readouterr().out
    monkeypatch.setattr(
        sys, "argv", ["run.py", "--out", str(out), "--only", "good", "--set", "x", "--set", "y"]
    )
    assert run.main() == 0
    again = out.read_text(encoding="utf-8")
    assert "['--set', 'x', '--set', 'y', '--long']" in again
    # What was not run again stays as it was, in the same order.
    assert again[again.index("## plain") :] == written[written.index("## plain") :]
    assert "--short" not in again
