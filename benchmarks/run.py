"""Every benchmark, one after the other: what each prints, here and in `benchmarks/RESULTS.md`.

    make bench
    python benchmarks/run.py [--only NAME …] [--set SET_DIR …] [--smallest] [--out FILE]

The sets are what `qa eval` reads; without one, the retrieval benchmark is left out. One that fails or is missing
is said so in its place, and the others run; the exit status is then 1. What the file has of benchmarks that do not
run stays there, with the day, the commit and the machine that it was measured at.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from common import describe_machine, describe_versions, parse_sets

HERE = Path(__file__).parent
RESULTS = HERE / "RESULTS.md"


@dataclass(frozen=True)
class Benchmark:
    """A program in this folder, and what it is called with."""

    name: str
    arguments: tuple[str, ...] = ()
    smallest: tuple[str, ...] = ()
    """Instead of `arguments`, to see in a minute or two that it works; the figures then mean little."""
    sets: str = "--set"
    """The option for a set, given once for each; "" where sets are arguments, and one at least is needed."""
    takes_sets: bool = False

    @property
    def path(self) -> Path:
        """Where the program is."""
        return HERE / f"{self.name}.py"

    def command(self, sets: Sequence[Path], *, smallest: bool) -> list[str]:
        """The words that run it."""
        given = [word for each in sets for word in (self.sets, str(each)) if word] if self.takes_sets else []
        return [sys.executable, str(self.path), *given, *(self.smallest if smallest else self.arguments)]


BENCHMARKS = (
    Benchmark("retrieval", smallest=("--questions", "questions_small.jsonl"), sets="", takes_sets=True),
    Benchmark("embedding", smallest=("--passages", "3", "--rounds", "1"), takes_sets=True),
    Benchmark("indexing", ("--passages", "500"), ("--smallest",), takes_sets=True),
    Benchmark("answering", smallest=("--sizes", "20", "60", "--questions", "5", "--really", "20")),
    Benchmark(
        "concurrency", smallest=("--askers", "1", "8", "--each", "8", "--rounds", "1", "--passages", "20")
    ),
    Benchmark("start", smallest=("--smallest",)),
    Benchmark("growth", ("--passages", "1000", "10000"), ("--passages", "60", "--questions", "5")),
    Benchmark("page", smallest=("--visits", "1")),
)
"""What `make bench` runs, in this order. A program that is listed and not there is said to be missing."""


def main() -> int:
    """0 if every benchmark ran, else 1; prints what they print, and writes it to a file."""
    parser = argparse.ArgumentParser(description="Run every benchmark and keep what they print.")
    known = [each.name for each in BENCHMARKS]
    parser.add_argument("--only", action="append", choices=known, default=[], help="run this one; repeatable")
    parser.add_argument(
        "--smallest", action="store_true", help="the smallest sizes, to see that all of them work"
    )
    parser.add_argument("--out", type=Path, default=RESULTS, help="where the results are written")
    parse_sets(parser)
    options = parser.parse_args()
    chosen = [each for each in BENCHMARKS if not options.only or each.name in options.only]
    sections, failed = _read_sections(options.out), False
    print(_heading(), flush=True)
    for each in chosen:
        sections[each.name], has_failed = _run(each, options.set, smallest=options.smallest)
        failed = failed or has_failed
        parts = [f"## {name}\n\n{sections[name]}" for name in known if name in sections]
        # After each: the whole takes long.
        options.out.write_text("\n".join([_heading(), *parts]), encoding="utf-8")
    print(f"written to {options.out}")
    return 1 if failed else 0


def _read_sections(path: Path) -> dict[str, str]:
    """What is in the file of earlier runs, by the name of the benchmark."""
    written = path.read_text(encoding="utf-8") if path.is_file() else ""
    found = (part.partition("\n\n") for part in re.split(r"^## (?=\w+$)", written, flags=re.MULTILINE)[1:])
    return {name: text.rstrip("\n") + "\n" for name, _, text in found}


def _run(benchmark: Benchmark, sets: Sequence[Path], *, smallest: bool) -> tuple[str, bool]:
    """What the benchmark printed or why it did not run, as Markdown; and True if it failed."""
    print(f"## {benchmark.name}\n", flush=True)
    if not benchmark.path.is_file():
        return _say(f"`{benchmark.path.name}` is missing."), True
    if not benchmark.sets and not sets:
        return _say("Left out: it needs a set (`--set DIR`)."), False
    command = benchmark.command(sets, smallest=smallest)
    shown = " ".join(["python", f"benchmarks/{benchmark.path.name}", *command[2:]])
    started = time.monotonic()
    lines = list(_printed(command))
    seconds = f"{time.monotonic() - started:.0f} s"
    took = f"`{shown}`: {seconds}, {time.strftime('%Y-%m-%d')}, {_commit()}, on {describe_machine()}"
    text = "".join(lines[:-1]).strip()
    if not any(line.startswith("|") for line in lines):  # its own layout, to be left as it is
        text = f"```text\n{text}\n```"
    if status := int(lines[-1]):
        return f"{text}\n\n{_say(f'{took}, then it failed with status {status}.')}", True
    return f"{text}\n\n{_say(f'{took}.')}", False


def _printed(command: Sequence[str]) -> Iterator[str]:
    """The lines that a command prints, shown as they come; last of all its exit status."""
    # The page's benchmark starts its servers with what the tests have for that.
    path = os.pathsep.join(filter(None, (str(HERE.parent / "tests"), os.environ.get("PYTHONPATH", ""))))
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": path}
    ) as process:
        for line in process.stdout or ():
            print(line, end="", flush=True)
            yield line
    yield str(process.returncode)


def _heading() -> str:
    return "\n".join(
        [
            "# What the benchmarks print",
            "",
            "Written by `make bench`; ratios are ours by the other's, of medians in the same run.",
            "",
            f"- {describe_machine()}",
            f"- {describe_versions()}",
            "",
        ]
    )


def _commit() -> str:
    """The commit that was measured, and whether more than that and these results was in the folder."""

    def ask_git(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(["git", *words], capture_output=True, text=True, cwd=HERE, check=False)

    commit = ask_git("describe", "--always")
    changed = ask_git(
        "status", "--porcelain", "--untracked-files=no", "--", ":/", f":(exclude){RESULTS.name}"
    )
    if commit.returncode or changed.returncode:
        return "no commit"
    return f"commit {commit.stdout.strip()}{'-dirty' if changed.stdout.strip() else ''}"


def _say(sentence: str) -> str:
    print(f"\n{sentence}\n", flush=True)
    return f"{sentence}\n"


if __name__ == "__main__":
    raise SystemExit(main())
