"""What the benchmarks share: the machine's line, tables, times of systems in turn, peak memory, and texts.

A benchmark is a program of its own (`python benchmarks/NAME.py`) that prints `table`s; `benchmarks/run.py` runs
them all and keeps what they print. Two systems are compared in the same run, in turn, by the ratio of medians:
seconds alone say little on a machine that has other things to do.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import random
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from statistics import median
from typing import Any

LIBRARIES = ("chromadb", "gradio", "langchain-core", "numpy", "onnxruntime", "sentence-transformers", "torch")
"""Whose releases may change a figure."""


def describe_machine() -> str:
    """One line: the processor's model and cores, the memory, and whether it multiplies bfloat16 by itself."""
    from qa.models.embedder import has_bf16

    gib = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    bf16 = "bfloat16" if has_bf16() else "no bfloat16"
    return f"{_processor()}, {len(os.sched_getaffinity(0))} cores, {gib:.0f} GiB, {bf16}"


def describe_versions() -> str:
    """One line: the releases of Python and of `LIBRARIES`."""
    return ", ".join(
        [f"Python {platform.python_version()}", *(f"{name} {_release(name)}" for name in LIBRARIES)]
    )


def table(title: str, headers: Sequence[str], rows: Sequence[Sequence[object]], *, note: str = "") -> str:
    """A Markdown table under a heading that can also be read as it is; floats with three digits that count."""
    cells = [[_cell(value) for value in row] for row in rows]
    widths = [max(len(each) for each in column) for column in zip(headers, *cells, strict=True)]
    lines = [
        _line([header.ljust(width) for header, width in zip(headers, widths, strict=True)]),
        _line(["-" * width if not n else "-" * (width - 1) + ":" for n, width in enumerate(widths)]),
        *(
            _line([each.rjust(width) if n else each.ljust(width) for n, (each, width) in enumerate(pairs)])
            for pairs in (list(zip(row, widths, strict=True)) for row in cells)
        ),
    ]
    return "\n".join([f"### {title}", "", *lines, *(["", note] if note else []), ""])


def ratio(ours: float, theirs: float) -> str:
    """`ours` by `theirs` to two places; a dash where there is nothing to divide by."""
    return f"{ours / theirs:.2f}" if theirs else "–"


def seconds_of(call: Callable[[], object]) -> float:
    """How long `call` takes by the clock, in seconds."""
    started = time.perf_counter()
    call()
    return time.perf_counter() - started


def in_turn(systems: Mapping[str, Callable[[], object]], *, rounds: int) -> dict[str, list[float]]:
    """The seconds of each system's runs: `rounds` of each, in turn, every second round in the other order.

    What is slow or quick for a while is then so for all. Warm a system up before, if that is meant.
    """
    took: dict[str, list[float]] = {name: [] for name in systems}
    for number in range(rounds):
        names = list(systems) if number % 2 == 0 else list(systems)[::-1]
        for name in names:
            took[name].append(seconds_of(systems[name]))
    return took


def medians(values: Mapping[str, Sequence[float]]) -> dict[str, float]:
    """The median of each list."""
    return {name: median(each) for name, each in values.items()}


def percentile(values: Sequence[float], share: float) -> float:
    """The value that `share` (0 to 1) of `values` do not exceed: the nearest rank, no interpolation."""
    ranked = sorted(values)
    return ranked[min(len(ranked) - 1, max(0, -int(-share * len(ranked) // 1) - 1))]


def peak_memory_mib() -> float:
    """The most memory that this process has had resident since it started, in MiB (Linux).

    Not `getrusage`, whose maximum a new process takes over from the one that started it.
    """
    return _status_mib("VmHWM")


def memory_mib() -> float:
    """The memory that this process has resident now, in MiB (Linux)."""
    return _status_mib("VmRSS")


def run_json(script: Path, *arguments: str, environment: Mapping[str, str] | None = None) -> Any:
    """What `script`, run in a process of its own, prints as JSON in its last line: for memory and cold starts."""
    done = subprocess.run(
        [sys.executable, str(script), *arguments],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        env={**os.environ, **(environment or {})},
    )
    return json.loads(done.stdout.splitlines()[-1])


def read_paragraphs(set_dirs: Sequence[Path]) -> list[tuple[str, str]]:
    """(title, text) of every document in the `documents.jsonl` of the sets."""
    found = []
    for folder in set_dirs:
        for line in (folder / "documents.jsonl").read_text(encoding="utf-8").splitlines():
            record = json.loads(line)
            found.append((str(record["title"]), str(record["text"])))
    return found


def parse_sets(parser: argparse.ArgumentParser) -> None:
    """Give `parser` the option `--set DIR`, which can be repeated: `options.set`, a list of paths."""
    parser.add_argument(
        "--set", action="append", type=Path, default=[], metavar="DIR", help="a set that `qa eval` reads"
    )


# Texts for sizes that no set has. Passage n is the same in every corpus, whatever its size.

_ONSETS = (
    "k",
    "m",
    "s",
    "t",
    "n",
    "h",
    "r",
    "b",
    "d",
    "l",
    "p",
    "v",
    "ch",
    "sh",
    "ph",
    "ng",
    "tr",
    "g",
    "y",
    "j",
)
_VOWELS = ("a", "e", "i", "o", "u", "ai", "ao", "ei")
_WORKS = (
    "composting", "waste separation", "water supply", "sewage treatment", "air monitoring", "energy saving",
    "solar power", "district cooling", "bus electrification", "flood control", "recycling of plastics",
    "heat recovery", "mangrove planting", "leak detection", "landfill closure", "biogas production",
    "street lighting", "environmental education", "harbour dredging", "methane capture", "roof greening",
    "cleaner production", "e-waste dismantling", "rainwater storage",
)  # fmt: skip
_BODIES = ("city council", "water authority", "port office", "university", "chamber of commerce", "ministry",
           "district office", "women's union", "waste company", "planning bureau")  # fmt: skip
_UNITS = ("households", "tonnes of waste", "cubic metres of water", "engineers", "schools", "litres of fuel",
          "volunteers", "market stalls", "kilometres of pipe", "hectares")  # fmt: skip
_MONTHS = ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
           "November", "December")  # fmt: skip
_FIRST = (
    "The {place} {work} programme was begun by the {body} in {month} {year}.",
    "In {month} {year} the {body} of {place} and {person} signed an agreement on {work}.",
    "After two years of preparation, {work} started in the {place} area in {month} {year}.",
    "{person} of the {body} brought {work} to {place} in the spring of {year}.",
)
_LATER = (
    "It reached {count} {unit} in its first year, which was more than had been planned.",
    "The budget of {money} million yen was shared between the {body} and a fund for {work}.",
    "Residents of {place2} complained at first that collection came too late in the evening.",
    "{person} reported that costs fell by {share} per cent once the new equipment had been installed.",
    "A survey by the {body} counted {count} {unit}, against {count2} five years before.",
    "Engineers from {place2} were trained for {days} days and went on to train others.",
    "The {body} now publishes its measurements each {month}, together with those for {work}.",
    "Because of heavy rain the opening had to be put off until {month} {year2}.",
    "An evaluation found that {share} per cent of {unit} were still in use after {days} months.",
    "Similar work on {work} is under way in {place2}, although with a smaller staff.",
    "What remained was sold to a company in {place2} for {money} million yen.",
    "Under the plan, emissions are to fall by {share} per cent before {year2}.",
    "Schools in {place} joined, and {count} pupils visited the site in {month}.",
    "The machines were built by {person}'s workshop and can be repaired on the spot.",
)  # fmt: skip


def synthetic_passage(number: int) -> tuple[str, str, str]:
    """Passage `number`: its heading, its text (five sentences, some 450 characters), a question that it answers.

    Made-up work in made-up places: common words are common in it and names are rare, as in real reports.
    """
    chance = random.Random(number)
    facts = {
        "place": _name(chance, 3),
        "place2": _name(chance, 2),
        "person": f"{_name(chance, 2)} {_name(chance, 2)}",
        "work": chance.choice(_WORKS),
    }
    year = chance.randint(1985, 2022)

    def fill(sentence: str) -> str:
        return sentence.format(
            **facts,
            body=chance.choice(_BODIES),
            unit=chance.choice(_UNITS),
            month=chance.choice(_MONTHS),
            year=year,
            year2=year + chance.randint(1, 9),
            count=f"{chance.randint(20, 90_000):,}",
            count2=f"{chance.randint(20, 90_000):,}",
            money=chance.randint(2, 900),
            share=chance.randint(3, 80),
            days=chance.randint(5, 60),
        )

    sentences = [fill(chance.choice(_FIRST)), *map(fill, chance.sample(_LATER, 4))]
    heading = f"{facts['work'].capitalize()} in {facts['place']}"
    return heading, " ".join(sentences), f"When did {facts['work']} begin in {facts['place']}?"


def synthetic_documents(passages: int, *, each: int = 10) -> Iterator[tuple[str, str]]:
    """(file name, Markdown) of documents with `each` passages, every one under a heading of its own: a chunk."""
    for start in range(0, passages, each):
        parts = [synthetic_passage(number)[:2] for number in range(start, min(start + each, passages))]
        body = "\n".join(f"## {heading}\n\n{text}\n" for heading, text in parts)
        yield f"report-{start // each:06}.md", f"# Report {start // each}\n\n{body}"


def write_synthetic_corpus(folder: Path, passages: int, *, each: int = 10) -> int:
    """How many characters were written: the documents of `synthetic_documents` as files in `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    written = 0
    for name, text in synthetic_documents(passages, each=each):
        (folder / name).write_text(text, encoding="utf-8")
        written += len(text)
    return written


def _name(chance: random.Random, syllables: int) -> str:
    return "".join(chance.choice(_ONSETS) + chance.choice(_VOWELS) for _ in range(syllables)).capitalize()


def _processor() -> str:
    # Its name alone may be that of several generations.
    pairs = (line.split(":", 1) for line in _lines(Path("/proc/cpuinfo")) if ":" in line)
    told = {name.strip(): value.strip() for name, value in pairs}
    if name := told.get("model name"):
        return f"{name} (family {told.get('cpu family', '?')}, model {told.get('model', '?')})"
    return platform.processor() or platform.machine()


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8").splitlines()
    except OSError:
        return []


def _release(library: str) -> str:
    try:
        return version(library)
    except PackageNotFoundError:
        return "missing"


def _status_mib(field: str) -> float:
    for line in _lines(Path("/proc/self/status")):
        if line.startswith(f"{field}:"):
            return int(line.split()[1]) / 1024
    raise SystemExit("peak memory can only be measured on Linux")


def _cell(value: object) -> str:
    if not isinstance(value, float):
        return str(value)
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}" if abs(value) >= 1 else f"{value:.3g}"


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
