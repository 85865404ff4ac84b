"""Nothing is lost and nobody waits: an index whose writer is killed, and whose disk is full, while it is asked."""

from __future__ import annotations

import random
import threading
import time
from contextlib import closing
from pathlib import Path

import pytest

from conftest import CountingEmbedder
from index_states import assert_everything_is_retrievable, assert_same_state, committed
from outages import (
    CITIES,
    REPORTS,
    Foundry,
    asking,
    assert_every_answer_was_right,
    fill,
    small_disk,
    write_reports,
)
from qa.config import Settings
from qa.errors import DiskError
from qa.indexing.run import index_corpus
from qa.models import Models
from qa.pipeline import Pipeline

pytestmark = pytest.mark.slow

KILLS = 50


def test_killed_at_fifty_moments_while_another_process_asks(
    tmp_path: Path, embedder: CountingEmbedder
) -> None:
    write_reports(tmp_path / "old", is_new=False)
    write_reports(tmp_path / "new", is_new=True)
    with closing(Foundry()) as foundry:
        kill_at_fifty_moments(foundry, tmp_path, embedder)


def kill_at_fifty_moments(foundry: Foundry, tmp_path: Path, embedder: CountingEmbedder) -> None:
    def settings_for(corpus: str, index: str) -> Settings:
        return Settings(corpus_dir=tmp_path / corpus, index_dir=tmp_path / index, cities_file=CITIES)

    fresh = {corpus: settings_for(corpus, f"fresh-{corpus}") for corpus in ("old", "new")}
    for each in fresh.values():
        assert foundry.index(each)
    # What the two kinds of runs take here and now, for the kills to fall all over them.
    live = settings_for("old", "live")
    assert foundry.index(live)
    started = time.perf_counter()
    assert foundry.index(settings_for("new", "live"))
    run_s = {False: time.perf_counter() - started}
    started = time.perf_counter()
    assert foundry.index(settings_for("new", "live"), rebuild=True)
    run_s[True] = time.perf_counter() - started

    rng = random.Random(2)
    kills, turn = 0, 0
    log = tmp_path / "answers.jsonl"
    common = list(range(6, REPORTS))
    with asking(live.index_dir, common, log):
        while kills < KILLS:
            corpus = ("old", "new")[turn % 2]
            settings, rebuild = settings_for(corpus, "live"), turn % 3 == 2
            for _ in range(4):
                # The asker slows it down, so moments up to twice what a run took alone are within the run.
                started = time.perf_counter()
                if foundry.index(settings, rebuild=rebuild, kill_after_s=rng.random() * 1.6 * run_s[rebuild]):
                    # What else the machine does changes: kills after the end of a run would be none.
                    run_s[rebuild] = (run_s[rebuild] + time.perf_counter() - started) / 2
                    break
                kills += 1
                assert_everything_is_retrievable(settings, embedder)
            assert foundry.index(settings)
            assert_same_state(settings, fresh[corpus])
            turn += 1
    assert_every_answer_was_right(log, least=len(common))


def test_a_full_disk_loses_nothing_and_says_so(tmp_path: Path, embedder: CountingEmbedder) -> None:
    write_reports(tmp_path / "old", is_new=False)
    write_reports(tmp_path / "new", is_new=True)
    with small_disk(tmp_path / "disk", megabytes=6) as disk:
        old = Settings(corpus_dir=tmp_path / "old", index_dir=disk / "index", cities_file=CITIES)
        new = Settings(corpus_dir=tmp_path / "new", index_dir=disk / "index", cities_file=CITIES)
        fresh = Settings(corpus_dir=tmp_path / "new", index_dir=tmp_path / "fresh", cities_file=CITIES)
        index_corpus(old, embedder)
        index_corpus(fresh, embedder)
        before = committed(old)
        log = tmp_path / "answers.jsonl"
        with asking(old.index_dir, list(range(6, REPORTS)), log):
            for free in (0, 4, 20, 80, 200):
                fill(disk / "filler", free_kib=free)
                with pytest.raises(DiskError, match="no room left"):
                    index_corpus(new, embedder, rebuild=free == 20)
                assert committed(old).versions == before.versions
                (disk / "filler").unlink()  # Chroma opens nothing on a disk that is full to the last byte
                assert_everything_is_retrievable(old, embedder)
            report = index_corpus(new, embedder)
            assert not report.has_failures
            assert_same_state(new, fresh)
        assert_every_answer_was_right(log, least=REPORTS - 6)


def test_questions_are_answered_while_this_process_indexes(tmp_path: Path) -> None:
    write_reports(tmp_path / "old", is_new=False)
    settings = Settings(
        corpus_dir=tmp_path / "old",
        index_dir=tmp_path / "index",
        cities_file=CITIES,
        threshold=0.0,
        reranker="none",
        reader="none",
    )
    index_corpus(settings, CountingEmbedder())
    pipeline = Pipeline(settings, Models(CountingEmbedder()))
    for number in range(0, REPORTS, 2):
        path = settings.corpus_dir / f"report-{number:02}.md"
        path.write_text(path.read_text() + "\nMore was said.\n")
    said: list[str] = []
    indexing = threading.Thread(target=pipeline.reindex)
    indexing.start()
    while indexing.is_alive():
        said.append(pipeline.ask("what is the code of name7").statements[0].text)
    indexing.join()
    assert len(said) > 1
    assert set(said) == {"The code of name7 is alpha7."}
