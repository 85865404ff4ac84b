"""Facts about the process that files are read in: whatever a file does there is that file's failure alone."""

from __future__ import annotations

import ctypes
import dataclasses
import io
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, get_args

import docx
import fpdf
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from qa.domain import Origin, PageKind, PageStart, Section, Span
from qa.errors import LoadError, UnsupportedType
from qa.loaders.parsed import Parsed
from qa.loaders.registry import read_parsed
from qa.loaders.sandbox import Limits, Sandbox, read_reply, to_parsed
from qa.text.normalise import normalise, normalise_line
from sandboxes import SLEEP, processes, programs, wait_for, write_programs

__all__ = ["programs"]


TELL_WORKER = "text = os.getppid()"


@pytest.fixture
def sandbox(programs: Path) -> Iterator[Sandbox]:
    sandbox = Sandbox(limits=Limits(timeout_s=60, memory_bytes=2**30))
    yield sandbox
    sandbox.close()


@pytest.fixture(scope="module")
def taken_over(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Sandbox, Path]]:
    """A process for all files that must leave it as it was, and the folder by which it runs them as programs."""
    sandbox = Sandbox(limits=Limits(timeout_s=60, memory_bytes=2**30))
    yield sandbox, write_programs(tmp_path_factory.mktemp("programs"))
    sandbox.close()


@pytest.fixture
def shared(taken_over: tuple[Sandbox, Path], monkeypatch: pytest.MonkeyPatch) -> Sandbox:
    """That process; where a file has ended it all the same, the next one is such a process, too."""
    sandbox, folder = taken_over
    monkeypatch.setenv("PYTHONPATH", str(folder), prepend=os.pathsep)
    return sandbox


@pytest.fixture(scope="module")
def plain() -> Iterator[Sandbox]:
    """A process that reads files as they are."""
    sandbox = Sandbox()
    yield sandbox
    sandbox.close()


def run(sandbox: Sandbox, program: str) -> str:
    return sandbox.read(program.encode(), "a.txt").text


def later(act: Callable[[], object]) -> None:
    threading.Timer(0.5, act).start()


WORD, STREAM = docx.Document(), io.BytesIO()
WORD.add_paragraph("It burns 600 tons of waste a day. 北九州市 \U0001f600")
WORD.save(STREAM)
PDF = fpdf.FPDF()
PDF.add_page()
PDF.set_font("helvetica", size=12)
PDF.cell(text="The plant burns 600 tons of waste a day.")
FILES = {
    "a.md": b"---\ntitle: The plan\ncities: [Davao]\ndate: 2014-03-01\n---\n# Plant\n\nIt burns.\n",
    "a.html": b"<html><title>The plan</title><body><h1>Plant</h1><p>It burns waste.</p></body></html>",
    "named-wrongly.pdf": b"# Plant\n\nIt burns.\n",
    "a.docx": STREAM.getvalue(),
    "a.pdf": bytes(PDF.output()),
}


@pytest.mark.parametrize("name", FILES)
def test_a_file_says_there_what_it_says_here(name: str, plain: Sandbox) -> None:
    assert plain.read(FILES[name], name) == read_parsed(FILES[name], name)


MISCHIEF = {
    "wants too much": ("text = bytearray(2**31)", "too much memory; split it"),
    "breaks": ("os.kill(os.getpid(), signal.SIGSEGV)", "crashed, .*; open it and save it"),
    "gives up": ("os.abort()", "crashed, .*; open it and save it"),
    "leaves": ("os._exit(0)", "crashed, .*; open it and save it"),
    "says half of it": ("os.write(pipe, b'{'); os._exit(0)", "crashed, .*; open it and save it"),
    "says what is no reply": ("os.write(pipe, b'{}\\n'); os._exit(0)", "failed; open it and save it"),
    "says too much": ("while True: os.write(pipe, bytes(2**20))", "its text is too long; split it"),
    "goes deep": ("def f(): f()\nf()", "nested too deeply; save it"),
    "raises": ("raise KeyError('x')", "could not be read; open it and save it"),
    "paints": ("raise LoadError('it is \x1b[31mred\\n\u202e; mend it')", r"^it is \[31mred ; mend it$"),
    "writes": ("os.write(os.memfd_create('a'), b'x'); text = 'x'", "could not be read; open it and save it"),
}


@pytest.mark.parametrize("mischief", MISCHIEF)
def test_what_a_file_does_is_its_own_failure_and_the_next_is_read(mischief: str, shared: Sandbox) -> None:
    program, message = MISCHIEF[mischief]
    worker = run(shared, TELL_WORKER)
    with pytest.raises(LoadError, match=message):
        run(shared, program)
    assert run(shared, TELL_WORKER) == worker


@pytest.mark.slow
@pytest.mark.parametrize("program", ["while True: pass", SLEEP, f"os.write(pipe, b'{{'); {SLEEP}"])
def test_a_file_that_takes_too_long_is_given_up_and_the_next_is_read(program: str, programs: Path) -> None:
    sandbox = Sandbox(limits=Limits(timeout_s=2))
    with pytest.raises(LoadError, match="takes more than 2 s; split it, or save it anew"):
        run(sandbox, program)
    assert [int(run(sandbox, TELL_WORKER))] == list(processes(programs))
    sandbox.close()


SEEN = {
    "its prints lead nowhere": ("print('5\\nhello'); os.write(1, b'2\\n{}'); text = 'said'", "said"),
    "no keys": ("text = [name for name in os.environ if os.environ[name] == 'sesame']", "[]"),
    "telemetry off": ("text = os.environ['ORT_DISABLE_TELEMETRY']", "1"),
    "nothing open": ("text = {os.readlink(f'/proc/self/fd/{fd}') for fd in range(3)}", "{'/dev/null'}"),
    "no module of the current folder": ("import colorsys; text = colorsys.__name__", "colorsys"),
}


@pytest.mark.parametrize("seen", SEEN)
def test_a_file_sees(seen: str, sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPENAI_API_KEY", "QA_ADMIN_KEY", "MY_PATH"):
        monkeypatch.setenv(name, "sesame")
    (tmp_path / "colorsys.py").write_text("raise SystemExit")
    monkeypatch.chdir(tmp_path)
    program, said = SEEN[seen]
    assert run(sandbox, program) == said


ATTEMPTS = {
    "make a file": (1, "open(f'{folder}/new', 'w')"),
    "remove a file": (1, "os.remove(f'{folder}/precious')"),
    "empty a file": (3, "os.truncate(f'{folder}/precious', 0)"),
    "run a program": (1, "os.execv('/bin/sh', ['sh', '-c', 'true'])"),
    "look into another process": (1, "open(f'/proc/{os.getppid()}/environ').read()"),
    "write into another process": (1, "open(f'/proc/{os.getppid()}/fd/3', 'wb')"),
    "raise its limits": (1, "resource.setrlimit(resource.RLIMIT_AS, (-1, -1))"),
    "end another process": (6, "os.kill(os.getppid(), signal.SIGKILL)"),
}


@pytest.mark.parametrize("attempt", ATTEMPTS)
def test_a_file_that_took_the_reader_over_cannot(attempt: str, shared: Sandbox, tmp_path: Path) -> None:
    needed, program = ATTEMPTS[attempt]
    if ctypes.CDLL(None).syscall(444, None, 0, 1) < needed:  # the version of Landlock
        pytest.skip("the kernel cannot forbid it")
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "precious").write_text("kept")
    source = f"folder = {str(tmp_path / 'folder')!r}\ntry:\n {program}\n text = 'done'"
    assert run(shared, f"{source}\nexcept (PermissionError, ValueError): text = 'refused'") == "refused"
    assert {path.name: path.read_text() for path in (tmp_path / "folder").iterdir()} == {"precious": "kept"}


def test_a_file_that_took_the_reader_over_reaches_no_network(shared: Sandbox) -> None:
    namespace = "import ctypes, sys; sys.exit(ctypes.CDLL(None).unshare(0x50000000) != 0)"
    if subprocess.run([sys.executable, "-c", namespace], check=False).returncode != 0:
        pytest.skip("the system cannot forbid it")
    sends = "socket.socket(type=2).sendto(b'x', ('127.0.0.1', 9)); text = 'sent'"
    assert run(shared, f"import socket\ntry: {sends}\nexcept OSError: text = 'refused'") == "refused"


def test_what_a_file_started_ends_with_it(sandbox: Sandbox, programs: Path) -> None:
    assert run(sandbox, f"if os.fork() == 0:\n os.closerange(0, 64)\n {SLEEP}\ntext = 'x'") == "x"
    assert wait_for(lambda: len(processes(programs)) == 1)


def test_a_process_that_is_killed_fails_the_file_that_it_reads_only(sandbox: Sandbox, programs: Path) -> None:
    worker = int(run(sandbox, TELL_WORKER))
    later(lambda: os.kill(worker, signal.SIGKILL))
    with pytest.raises(LoadError, match="run qa index again"):
        run(sandbox, SLEEP)
    assert wait_for(lambda: not processes(programs)), "its child ends with it"
    os.kill(worker := int(run(sandbox, TELL_WORKER)), signal.SIGKILL)
    assert wait_for(lambda: ") Z " in Path(f"/proc/{worker}/stat").read_text())
    assert run(sandbox, "text = 'x'") == "x"


@pytest.mark.parametrize("size", [0, 10**7])
def test_a_process_that_hangs_is_given_up(
    size: int, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    os.kill(worker := int(run(sandbox, TELL_WORKER)), signal.SIGSTOP)
    monkeypatch.setattr("qa.loaders.sandbox.GRACE_S", 1 - 60)
    with pytest.raises(LoadError, match="run qa index again"):
        run(sandbox, "text = 'x'" + " " * size)
    assert not Path(f"/proc/{worker}").exists()


def test_after_an_interruption_the_next_file_gets_its_own_reply(sandbox: Sandbox, programs: Path) -> None:
    run(sandbox, TELL_WORKER)
    main = threading.main_thread().ident
    assert main

    def interrupt() -> None:
        # On a busy machine it takes time until the worker has a child that reads.
        if wait_for(lambda: len(processes(programs)) == 2):
            signal.pthread_kill(main, signal.SIGINT)

    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # other tests may have left another
    try:
        threading.Thread(target=interrupt).start()
        with pytest.raises(KeyboardInterrupt):
            run(sandbox, "time.sleep(5); text = 'late'")
    finally:
        signal.signal(signal.SIGINT, before)
    assert wait_for(lambda: not processes(programs))
    assert run(sandbox, "text = 'mine'") == "mine"


def test_closing_ends_the_process_even_while_it_reads(sandbox: Sandbox, programs: Path) -> None:
    worker = int(run(sandbox, TELL_WORKER))
    sandbox.close()
    assert not Path(f"/proc/{worker}").exists(), "not even a zombie"
    later(sandbox.close)
    with pytest.raises(LoadError, match="run qa index again"):
        run(sandbox, SLEEP)
    assert wait_for(lambda: not processes(programs))


ASKER = f"""
import signal, sys, threading
from qa.loaders.sandbox import shared_sandbox
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
read = shared_sandbox().read
print(read(b"text = 'x'", "a.txt").text, flush=True)
threading.Thread(target=read, args=(b{SLEEP!r}, "a.txt"), daemon=True).start()
sys.stdin.read()
"""


@pytest.mark.parametrize("ending", ["at its end", "killed"])
def test_a_program_that_waits_for_no_children_leaves_none_behind(ending: str, programs: Path) -> None:
    asker = subprocess.Popen([sys.executable, "-c", ASKER], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert asker.stdout
    assert asker.stdout.readline() == b"x\n"
    assert wait_for(lambda: len(processes(programs)) == 3), "the program, the process and its child"
    if ending == "killed":
        asker.kill()
    asker.communicate()
    assert wait_for(lambda: not processes(programs)) if ending == "killed" else not processes(programs)


def test_many_threads_get_what_they_asked_for(shared: Sandbox) -> None:
    with ThreadPoolExecutor(8) as pool:
        texts = pool.map(lambda number: run(shared, f"text = {number}"), range(40))
        assert list(texts) == [str(number) for number in range(40)]


def test_the_process_and_its_readers_bring_no_heavy_library() -> None:
    program = (
        "import sys, qa.loaders.worker as w; [w.find_parser(k) for k, f in w.FORMATS.items() if f.parser]; "
        "print(*sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    heavy = {
        "torch",
        "transformers",
        "chromadb",
        "gradio",
        "langchain_core",
        "onnxruntime",
        "qa.indexing.run",
    }
    assert (heavy | {"lxml"}) & set(done.stdout.split()) == {"lxml"}


LINES = st.text(max_size=20).map(normalise_line)
COUNTS = st.integers(0, 3000)


@st.composite
def parsed_files(draw: st.DrawFn) -> Parsed:
    text = normalise(draw(st.text(max_size=80)))
    starts, edges = (sorted(draw(st.lists(st.integers(0, len(text)), max_size=6))) for _ in range(2))
    spans = [Span(*pair) for pair in zip(edges[::2], edges[1::2], strict=False)]
    lines: dict[str, Any] = {
        name: draw(st.none() | LINES) for name in ("title", "date", "url", "source_title")
    }
    origins: dict[str, Any] = {
        f"{name}_from": draw(st.sampled_from(get_args(Origin))) for name in ("title", "date", "cities")
    }
    return Parsed(
        text=text,
        sections=tuple(Section(draw(LINES), draw(COUNTS), span) for span in spans),
        pages=tuple(PageStart(draw(COUNTS), start, draw(LINES)) for start in starts),
        **lines,
        **origins,
        language=draw(st.none() | LINES.filter(bool)),
        cities=draw(st.none() | st.lists(LINES.filter(bool), max_size=3).map(tuple)),
        page_kind=draw(st.sampled_from(get_args(PageKind))),
        empty_pages=tuple(draw(st.lists(COUNTS, max_size=3))),
        warnings=tuple(draw(st.lists(st.text(max_size=9), max_size=2))),
    )


@given(parsed=parsed_files())
def test_what_is_sent_is_what_arrives(parsed: Parsed) -> None:
    assert to_parsed(json.loads(json.dumps(dataclasses.asdict(parsed)))) == parsed


GOOD = dataclasses.asdict(Parsed(text="The plant burns."))


def at(start: Any, end: Any = 0, **more: Any) -> dict[str, Any]:
    place = {"span": {"start": start, "end": end}, "start": start}
    return {"heading": "a", "level": 1, "number": 1, "name": "", **place, **more}


BAD: dict[str, tuple[Any, ...]] = {
    "text": (None, 1, ["a"], "a\x00b", "a\u202eb", "a\ud800b", "a" * 5_000_001),
    "sections": (None, [1], [{}], [at(0, 17)], [at(-1, 2)], [at(3, 2)], [at(None, 2)], [at(0, 1e400)],
                 [at(0, 2, heading=1)], [at(0, 2, level=-1)], [at(3, 5), at(0, 2)], [at(0, 5), at(3, 6)]),
    "pages": (None, ["a"], [at(17)], [at(-1)], [at(None)], [at(0, number=10**30)], [at(4), at(2)]),
    **dict.fromkeys(("title", "language", "date", "url", "source_title", "warnings", "more"), (1,)),
    "cities": (1, [1]), "title_from": ("x", None, []), "page_kind": ("x",), "empty_pages": (["x"],),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_a_reply_that_no_reader_gives_is_an_error(name: str) -> None:
    assert to_parsed(GOOD).text == "The plant burns."
    for value in BAD[name]:
        with pytest.raises(LoadError, match="reading it failed; open it and save it again"):
            to_parsed({**GOOD, name: value})


def test_a_reply_is_taken_as_it_is_meant() -> None:
    parsed = to_parsed({**GOOD, "cities": ["Da\ud800vao", "\ud800"], "language": "e\ud800n"})
    assert (parsed.cities, parsed.language) == (("Davao",), "en")
    with pytest.raises(UnsupportedType, match="unpack it"):
        read_reply(b'{"error": "unpack it", "is_unsupported": true}', "a.zip")


JSON = st.recursive(st.none() | st.booleans() | st.floats() | st.text(), st.lists, max_leaves=5)
TABLES = st.dictionaries(st.sampled_from(["parsed", "error", "detail"]), JSON)


@given(reply=st.binary() | (JSON | TABLES).map(json.dumps).map(str.encode))
@example(reply=b"[" * 10**6)
@example(reply=b'{"parsed": ' + json.dumps(list(GOOD)).encode() + b"}")
def test_whatever_a_child_says_is_an_error_at_worst(reply: bytes) -> None:
    with pytest.raises(LoadError):
        read_reply(reply, "a.md")
