"""Facts about the command `qa`: what it prints where, and how it ends."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

import qa.cli
import qa.models
from commands import (
    DALIAN,
    QA,
    QUESTION,
    SURABAYA,
    Run,
    assert_is_one_error_line,
    clean_environment,
    folder,
    indexed,
    run,
    run_process,
    template,
)
from conftest import CountingEmbedder
from qa.config import Settings
from qa.indexing.run import index_corpus
from qa.storage.manifest import read_manifest, read_text

__all__ = ["folder", "indexed", "run", "template"]

LINE_KEYS = {
    *(
        "id",
        "answered",
        "answer",
        "interpreted_as",
        "set_aside_cities",
        "highlights",
        "statements",
        "reason",
        "citations",
    ),
    *("ranked", "mode", "fallback", "also_searched_as", "seconds", "timings"),
}
CITATION_KEYS = set(
    "number source title page page_kind page_name heading quote start end translation".split()
)


def write_lines(path: Path, *lines: Any) -> Path:
    """A file of JSON lines; strings are written as they are."""
    texts = [line if isinstance(line, str) else json.dumps(line, ensure_ascii=False) for line in lines]
    path.write_text("\n".join(texts) + "\n", encoding="utf-8")
    return path


# qa index


def test_index_says_what_changed_and_counts_the_rest(folder: Path, run: Run) -> None:
    (folder / "corpus" / "dalian.txt").write_text(DALIAN, encoding="utf-8")
    (folder / "corpus" / "photo.xyz").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(99))

    first = run("index")
    again = run("index")

    assert first.status == again.status == 0
    assert "added     dalian.txt" in first.out.splitlines()
    assert any(line.startswith("skipped   photo.xyz: ") for line in first.out.splitlines())
    assert "1 added, 0 updated, 0 unchanged, 1 skipped, 0 failed, 0 removed; 1 chunks" in first.out
    assert "0 added, 0 updated, 1 unchanged, 1 skipped, 0 failed, 0 removed; 1 chunks" in again.out
    assert first.err == ""


def test_index_json_is_the_report(indexed: Path, run: Run) -> None:
    (indexed / "corpus" / "dalian.txt").write_text("Kitakyushu sent 68 experts.", encoding="utf-8")
    (indexed / "corpus" / "surabaya.md").unlink()

    ended = run("index", "--json")

    report = json.loads(ended.out)
    receipts = {receipt["path"]: receipt for receipt in report["receipts"]}
    assert {path: receipt["outcome"] for path, receipt in receipts.items()} == {
        "dalian.txt": "updated",
        "surabaya.md": "removed",
    }
    assert receipts["dalian.txt"]["passages"] == report["chunks"] == 1
    assert receipts["dalian.txt"]["origins"] == [["title", "file_name"]]


def test_index_reads_and_writes_the_folders_that_are_named(folder: Path, run: Run) -> None:
    (folder / "papers").mkdir()
    (folder / "papers" / "a.txt").write_text(DALIAN, encoding="utf-8")

    ended = run("index", "--corpus", folder / "papers", "--index", folder / "elsewhere")

    assert "added     a.txt" in ended.out
    assert (folder / "elsewhere" / "manifest.json").is_file()
    assert not (folder / "index").exists()


def test_index_fails_by_name_for_a_file_that_cannot_be_read_and_takes_the_others(
    folder: Path, run: Run
) -> None:
    (folder / "corpus" / "dalian.txt").write_text(DALIAN, encoding="utf-8")
    (folder / "corpus" / "empty.txt").write_text(" \n", encoding="utf-8")

    ended = run("index")

    assert ended.status == 1
    assert "added     dalian.txt" in ended.out
    assert "failed    empty.txt: there is no text in it" in ended.out


def test_index_of_a_folder_that_is_not_there_is_an_error_that_names_it(folder: Path, run: Run) -> None:
    message = assert_is_one_error_line(run("index", "--corpus", folder / "nowhere"))

    assert "nowhere" in message
    assert "--corpus" in message


# qa ask


def test_ask_prints_the_answer_with_its_sources(indexed: Path, run: Run) -> None:
    ended = run("ask", QUESTION)

    assert ended.status == 0
    assert f"{DALIAN} [1]" in ended.out
    assert "[1] dalian" in ended.out
    assert "    dalian.txt" in ended.out
    assert f"“{DALIAN}”" in ended.out
    assert ended.err == ""


def test_ask_json_is_the_answer_as_values(indexed: Path, run: Run) -> None:
    answer = json.loads(run("ask", QUESTION, "--json").out)

    assert set(answer) >= LINE_KEYS - {"id"}
    assert answer["answered"] is True
    assert [citation["source"] for citation in answer["citations"]] == ["dalian.txt"]


def test_a_refusal_is_an_answer_too(indexed: Path, run: Run) -> None:
    ended = run("ask", "which recipe makes good ramen", "--json")

    assert ended.status == 0
    assert json.loads(ended.out)["answered"] is False
    assert json.loads(ended.out)["reason"] == "weak_evidence"


def test_ask_within_a_city(indexed: Path, run: Run) -> None:
    question = "the composting method has spread to 20,000 households in"

    everywhere = json.loads(run("ask", question, "--json").out)
    within = json.loads(run("ask", question, "--json", "--city", "Dalian").out)

    assert everywhere["ranked"][0] == "surabaya.md"
    assert within["ranked"] == ["dalian.txt"]


def test_ask_says_that_a_chosen_city_was_set_aside_for_a_named_one(indexed: Path, run: Run) -> None:
    question = "how many experts were sent to Dalian?"

    record = json.loads(run("ask", question, "--json", "--city", "Surabaya").out)
    text = run("ask", question, "--city", "Surabaya").out

    assert record["set_aside_cities"] == ["Surabaya"]
    assert record["ranked"] == ["dalian.txt"]
    assert "The question names Dalian; your choice of Surabaya was set aside." in text


def test_ask_within_an_unknown_city_is_an_error_that_names_the_known_ones(indexed: Path, run: Run) -> None:
    message = assert_is_one_error_line(run("ask", "how many experts", "--city", "Bangkok"))

    assert "'Bangkok'" in message
    assert "Surabaya" in message


@pytest.mark.parametrize("command", [("ask", "Who?"), ("search", "Who?"), ("status",), ("chat",)])
def test_without_an_index_the_error_says_how_to_build_one(
    folder: Path, run: Run, command: Sequence[str]
) -> None:
    assert "qa index" in assert_is_one_error_line(run(*command))


@pytest.mark.parametrize(
    "command", [("ask",), ("ask", "Who?", "--batch", "in.jsonl"), ("ask", "Who?", "--out", "out.jsonl")]
)
def test_ask_wants_one_question_or_one_file(folder: Path, command: Sequence[str]) -> None:
    finished = run_process(*command, folder=folder)

    assert "--batch" in finished.stderr
    assert finished.returncode == 2


# qa ask --batch


def test_a_batch_answers_line_by_line(indexed: Path, run: Run) -> None:
    batch = write_lines(
        indexed / "in.jsonl",
        {"id": "q1", "question": QUESTION},
        "",
        {"id": 2, "question": "which recipe makes good ramen", "history": None, "city": None},
    )

    ended = run("ask", "--batch", batch)

    assert ended.status == 0
    answered, refused = map(json.loads, ended.out.splitlines())
    assert set(answered) == set(refused) == LINE_KEYS
    assert (answered["id"], refused["id"]) == ("q1", 2)
    assert (answered["answered"], answered["answer"], answered["reason"]) == (True, DALIAN, None)
    assert answered["interpreted_as"] == QUESTION
    assert answered["ranked"] == ["dalian.txt"]
    assert (refused["answered"], refused["reason"], refused["citations"]) == (False, "weak_evidence", [])
    assert refused["answer"]
    assert sorted(refused["ranked"]) == ["dalian.txt", "surabaya.md"]
    assert answered["seconds"] > 0


def test_a_batchs_quotes_are_verbatim_in_the_documents_text(indexed: Path, run: Run) -> None:
    (indexed / "corpus" / "long.txt").write_text(
        "Rain fell on the mountains.\r\n\r\nTrains run between both towns.\r\n", encoding="utf-8", newline=""
    )
    run("index")
    batch = write_lines(
        indexed / "in.jsonl",
        {"id": 1, "question": SURABAYA},
        {"id": 2, "question": "trains run between both towns"},
    )
    manifest = read_manifest(indexed / "index")
    assert manifest is not None
    texts = {record.path: read_text(record.version, indexed / "index") for record in manifest.documents}

    compost, trains = map(json.loads, run("ask", "--batch", batch).out.splitlines())

    assert compost["citations"][0]["quote"] == SURABAYA
    assert compost["citations"][0]["title"] == "Report"
    assert compost["citations"][0]["heading"] == "Compost"
    assert trains["citations"]
    for citation in compost["citations"] + trains["citations"]:
        assert set(citation) == CITATION_KEYS
        document = texts[citation["source"]]
        assert document is not None
        assert document.text[citation["start"] : citation["end"]] == citation["quote"]


def test_a_batch_knows_conversations_and_cities(indexed: Path, run: Run) -> None:
    history = [{"role": "user", "text": QUESTION}, {"role": "assistant", "text": DALIAN}]
    batch = write_lines(
        indexed / "in.jsonl",
        {"id": 1, "question": "And Surabaya?", "history": history},
        {"id": 2, "question": "the composting method has spread", "city": "Dalian"},
    )

    follow_up, within = map(json.loads, run("ask", "--batch", batch).out.splitlines())

    assert follow_up["interpreted_as"] == "experts to Surabaya Kitakyushu sent?"
    assert follow_up["ranked"] == ["surabaya.md"]
    assert within["ranked"] == ["dalian.txt"]


def test_a_batch_goes_to_the_file_that_is_named(indexed: Path, run: Run) -> None:
    batch = write_lines(indexed / "in.jsonl", {"id": "ភ្នំពេញ", "question": QUESTION})

    ended = run("ask", "--batch", batch, "--out", indexed / "out.jsonl")

    assert (ended.status, ended.out, ended.err) == (0, "", "")
    (line,) = (indexed / "out.jsonl").read_text(encoding="utf-8").splitlines()
    assert "ភ្នំពេញ" in line
    assert json.loads(line)["answered"] is True


def test_a_question_that_cannot_be_asked_does_not_stop_the_others(indexed: Path, run: Run) -> None:
    batch = write_lines(
        indexed / "in.jsonl",
        {"id": 1, "question": "how many", "city": "Bangkok"},
        {"id": 2, "question": "x" * 2001},
        {"id": 3, "question": QUESTION},
    )

    ended = run("ask", "--batch", batch)

    city, long, good = map(json.loads, ended.out.splitlines())
    assert ended.status == 0
    assert (city["answered"], city["reason"]) == (long["answered"], long["reason"]) == (False, "bad_input")
    assert "Bangkok" in city["answer"]
    assert set(city) == LINE_KEYS
    assert good["answered"] is True


@pytest.mark.parametrize(
    "line",
    [
        "{",
        "[]",
        "null",
        {"id": 1},
        {"question": "Who?"},
        {"id": 1, "question": 7},
        {"id": 1, "question": "Who?", "city": ["Dalian"]},
        {"id": 1, "question": "Who?", "history": {"role": "user", "text": "Hi"}},
        {"id": 1, "question": "Who?", "history": ["Hi"]},
        {"id": 1, "question": "Who?", "history": [{"role": "system", "text": "Hi"}]},
        {"id": 1, "question": "Who?", "history": [{"role": "user"}]},
    ],
    ids=str,
)
def test_a_malformed_line_is_named_by_its_number_before_anything_is_asked(
    indexed: Path, run: Run, line: Any
) -> None:
    batch = write_lines(indexed / "in.jsonl", {"id": 0, "question": QUESTION}, "", line)

    ended = run("ask", "--batch", batch, "--out", indexed / "out.jsonl")

    message = assert_is_one_error_line(ended)
    assert str(batch) in message
    assert "line 3 " in message
    assert ended.out == ""
    assert not (indexed / "out.jsonl").exists()


def test_a_line_separator_within_a_question_does_not_end_the_line(indexed: Path, run: Run) -> None:
    batch = write_lines(
        indexed / "in.jsonl", {"id": 1, "question": "experts to Dalian\u2028Kitakyushu sent?"}
    )

    assert json.loads(run("ask", "--batch", batch).out)["answered"] is True


def test_a_batch_file_may_begin_with_a_byte_order_mark(indexed: Path, run: Run) -> None:
    batch = write_lines(indexed / "in.jsonl", "\ufeff" + json.dumps({"id": 1, "question": QUESTION}))

    assert json.loads(run("ask", "--batch", batch).out)["answered"] is True


@pytest.mark.parametrize("data", [None, b'{"id": 1, "question": "\xff"}\n'], ids=["missing", "not UTF-8"])
def test_a_batch_that_cannot_be_read_is_an_error_that_names_it(
    indexed: Path, run: Run, data: bytes | None
) -> None:
    if data is not None:
        (indexed / "in.jsonl").write_bytes(data)

    assert "in.jsonl" in assert_is_one_error_line(run("ask", "--batch", "in.jsonl"))


def test_an_output_that_cannot_be_written_is_an_error_that_names_it(indexed: Path, run: Run) -> None:
    batch = write_lines(indexed / "in.jsonl", {"id": 1, "question": QUESTION})

    ended = run("ask", "--batch", batch, "--out", indexed / "nowhere" / "out.jsonl")

    assert "nowhere" in assert_is_one_error_line(ended)


# qa search, qa chat, qa status


def test_search_prints_passages_best_first(indexed: Path, run: Run) -> None:
    ended = run("search", QUESTION.replace("Dalian", "them"))

    lines = ended.out.splitlines()
    assert ended.status == 0
    assert lines[0].startswith("1. ")
    assert "(dalian.txt; similarity 0." in lines[0]
    assert lines[1] == f"   {DALIAN}"
    assert lines[3].startswith("2. Report › Compost  (surabaya.md; similarity ")


def test_search_prints_so_many_passages(indexed: Path, run: Run) -> None:
    assert len(json.loads(run("search", "experts", "--json").out)) == 2
    assert len(json.loads(run("search", "experts", "--json", "-k", "1").out)) == 1
    assert run("search", "experts", "-k", "0").out == ""


def test_search_json_has_the_passages_whole(indexed: Path, run: Run) -> None:
    (passage,) = json.loads(run("search", QUESTION, "--json", "--city", "Dalian").out)

    assert passage["chunk"]["path"] == "dalian.txt"
    assert passage["chunk"]["text"] == DALIAN
    assert -1 <= passage["similarity"] <= 1
    assert passage["dense_rank"] == 1


def test_chat_answers_follow_ups_until_an_empty_line(indexed: Path, run: Run) -> None:
    ended = run("chat", typed=f"{QUESTION}\nexperts sent there by Kitakyushu?\n\n{SURABAYA}\n")

    assert ended.status == 0
    assert ended.out.count("Dalian") >= 4
    assert QUESTION in ended.out.split("[1]", maxsplit=1)[1]
    assert SURABAYA not in ended.out


def test_chat_goes_on_after_a_question_that_cannot_be_asked(indexed: Path, run: Run) -> None:
    ended = run("chat", typed=f"{'x' * 2001}\n{QUESTION}\n")

    assert ended.status == 0
    assert "qa: the question has 2001 characters" in ended.err
    assert DALIAN in ended.out


def test_status_says_what_the_index_holds(indexed: Path, run: Run) -> None:
    ended = run("status")

    assert ended.status == 0
    assert "counting / " in ended.out
    assert "2, in 2 chunks" in ended.out
    assert "  surabaya.md: Report (en, 1 chunks; Surabaya)" in ended.out
    documents = json.loads(run("status", "--json").out)["documents"]
    assert [document["path"] for document in documents] == ["dalian.txt", "surabaya.md"]


def test_a_translation_without_a_language_model_is_refused_in_one_line(indexed: Path, run: Run) -> None:
    ended = run("ask", QUESTION, "--translate")

    assert (ended.status != 0, ended.out) == (True, "")
    assert "there is no language model that could translate; set llm" in ended.err
    assert len(ended.err.strip().splitlines()) == 1


@pytest.mark.slow
def test_a_language_model_that_is_not_there_is_told_and_does_no_harm(
    indexed: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("QA_LLM", "openai:any")
    monkeypatch.setenv("QA_LLM_BASE_URL", "http://127.0.0.1:9/v1")
    monkeypatch.setenv("QA_LLM_API_KEY", "sk-secret")

    status, told, asked = run("status"), run("status", "--json"), run("ask", QUESTION, "--json")

    assert (
        "llm         openai:any: does not answer: the language model's server cannot be reached" in status.out
    )
    assert json.loads(told.out)["llm"].startswith("does not answer")
    answer = json.loads(asked.out)
    assert (asked.status, answer["mode"], answer["fallback"]) == (0, "extractive", "unreachable")
    assert "sk-secret" not in "".join(ended.out + ended.err for ended in (status, told, asked))


def test_eval_names_the_file_of_the_gold_set_that_is_missing(folder: Path, run: Run) -> None:
    write_lines(folder / "documents.jsonl")

    ended = run("eval", folder, "--questions", "missing.jsonl")

    assert "missing.jsonl" in assert_is_one_error_line(ended)


# Settings and usage


def test_an_unknown_setting_is_one_line_on_stderr(
    folder: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("QA_CHUNK_TOKEN", "300")

    assert "QA_CHUNK_TOKEN" in assert_is_one_error_line(run("status"))


def test_an_index_whose_model_is_gone_is_built_anew_by_the_command_that_the_error_names(
    indexed: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(qa.models, "load_embedder", lambda settings: CountingEmbedder(identity="another"))

    assert "qa index" in assert_is_one_error_line(run("ask", QUESTION))
    assert run("index").status == 0
    assert DALIAN in run("ask", QUESTION).out


@pytest.mark.parametrize(
    "arguments",
    [(), ("nothing",), ("ask", "--nothing"), ("search",), ("search", "x", "-k", "many"), ("eval",)],
)
def test_wrong_usage_ends_with_2(arguments: Sequence[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        qa.cli.main(arguments)

    assert caught.value.code == 2
    assert "usage: qa" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["index", "ask", "search", "chat", "serve", "eval", "status"])
def test_every_command_has_help(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    for arguments in ([command, "--help"], ["--help"]):
        with pytest.raises(SystemExit) as caught:
            qa.cli.main(arguments)
        assert caught.value.code == 0
        assert command in capsys.readouterr().out


def test_ctrl_c_ends_with_130(folder: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(settings: Settings) -> CountingEmbedder:
        raise KeyboardInterrupt

    monkeypatch.setattr(qa.models, "load_embedder", interrupt)

    ended = run("index")

    assert (ended.status, ended.out, ended.err) == (130, "", "")


# The command as a process


def test_the_installed_command_says_what_it_can(folder: Path) -> None:
    finished = run_process("--help", folder=folder)

    assert finished.returncode == 0
    assert "answers" in finished.stdout.lower()
    assert finished.stderr == ""


def test_the_installed_command_ends_with_2_on_wrong_usage(folder: Path) -> None:
    assert run_process("nothing", folder=folder).returncode == 2


def test_the_installed_command_reports_an_error_on_one_line(folder: Path) -> None:
    finished = run_process("status", folder=folder)

    assert "qa index" in assert_is_one_error_line(finished)
    assert finished.stdout == ""


def test_the_installed_command_prints_every_script_whatever_the_locale(indexed: Path) -> None:
    (indexed / "corpus" / "ភ្នំពេញ.md").write_text("# 大連とプノンペン\n\nTP. Hải Phòng.\n", encoding="utf-8")
    index_corpus(Settings(corpus_dir=indexed / "corpus", index_dir=indexed / "index"), CountingEmbedder())

    finished = run_process("status", folder=indexed, environment={"LC_ALL": "C", "LANG": "C"})

    assert finished.returncode == 0
    assert "ភ្នំពេញ.md: 大連とプノンペン" in finished.stdout


def run_into_closed_pipe(folder: Path, *, is_large: bool) -> subprocess.CompletedProcess[str]:
    """The command `qa status` whose output nobody reads: all of it is in the way, or only its end."""
    if is_large:
        manifest = folder / "index" / "manifest.json"
        table = json.loads(manifest.read_text(encoding="utf-8"))
        table["documents"] *= 3000
        manifest.write_text(json.dumps(table), encoding="utf-8")
    with subprocess.Popen(
        [str(QA), "status"],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=clean_environment(),
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        if is_large:
            process.stdout.read(10)
        process.stdout.close()
        err = process.stderr.read()
        process.wait(timeout=60)
    return subprocess.CompletedProcess("qa status", process.returncode, "", err)


def test_a_reader_that_has_had_enough_leaves_no_traceback(indexed: Path) -> None:
    finished = run_into_closed_pipe(indexed, is_large=True)

    assert (finished.returncode, finished.stderr) == (0, "")


def test_a_reader_that_reads_nothing_leaves_no_traceback(indexed: Path) -> None:
    finished = run_into_closed_pipe(indexed, is_large=False)

    assert (finished.returncode, finished.stderr) == (0, "")
