"""The commands, settings and files that the README and docs/ name are real."""

from __future__ import annotations

import dataclasses
import re
import shlex
from pathlib import Path

import pytest

from conftest import REPOSITORY
from qa.cli import build_parser
from qa.config import Settings
from qa.loaders.formats import FORMATS

DOCS = {
    path.relative_to(REPOSITORY).as_posix(): path.read_text(encoding="utf-8")
    for path in (
        *sorted(REPOSITORY.glob("*.md")),
        *sorted((REPOSITORY / "docs").glob("*.md")),
        *sorted((REPOSITORY / "findings").glob("*.md")),
    )
    if path.name != "CHANGELOG.md"  # which tells of files as they were
}
README = DOCS["README.md"]
SETTINGS = DOCS["docs/settings.md"]
COMMANDS = list(
    dict.fromkeys(
        line.split("    #")[0].strip()
        for text in DOCS.values()
        for block in re.findall(r"```sh\n(.*?)```", text, re.DOTALL)
        for line in block.splitlines()
        if line.strip()
    )
)
INLINE = list(
    dict.fromkeys(
        command
        for text in DOCS.values()
        for command in re.findall(r"`(qa [a-z][^`]*)`", text)
        if "…" not in command
    )
)
PROGRAM = re.compile(
    r"^(?:[A-Z_]+=\S+ )*(?:sudo -u qa env |docker compose exec page )?(?:[A-Z_]+=\S+ )*\S*\bqa "
)
"""What may stand before the arguments of a command of ours: settings, and who runs it."""

MOVED = {
    "docs/README.md",
    "docs/asking.md",
    "docs/documents.md",
    "docs/evaluating.md",
    "docs/language-models.md",
    "docs/programs.md",
    "docs/settings.md",
}
"""What the README leaves to docs/."""

MAX_README_LINES = 140


def test_the_first_screen_has_the_two_commands() -> None:
    first_screen = "\n".join(README.splitlines()[:25])
    assert "make chat" in first_screen
    assert "make test" in first_screen


def test_the_readme_is_short_and_links_to_what_it_leaves_out() -> None:
    assert len(README.splitlines()) <= MAX_README_LINES
    assert set(DOCS) >= MOVED
    for name in MOVED:
        assert f"]({name})" in README


def test_the_index_of_the_docs_has_all_of_them() -> None:
    index = DOCS["docs/README.md"]
    for path in (REPOSITORY / "docs").glob("*.md"):
        assert path.name == "README.md" or f"]({path.name})" in index


@pytest.mark.parametrize("command", [c for c in COMMANDS + INLINE if c.startswith("make ")])
def test_make_has_the_target(command: str) -> None:
    makefile = (REPOSITORY / "Makefile").read_text(encoding="utf-8")
    assert re.search(rf"^{command.split()[1]}:", makefile, re.MULTILINE)


@pytest.mark.parametrize("command", [c for c in COMMANDS + INLINE if PROGRAM.match(c)])
def test_the_command_line_takes_the_command(command: str) -> None:
    words = shlex.split(command[PROGRAM.match(command).end() :])  # type: ignore[union-attr]
    options = build_parser().parse_args(words)
    assert callable(options.command)


def test_commands_of_each_form_are_seen() -> None:
    seen = [command for command in COMMANDS if PROGRAM.match(command)]
    assert any(command.startswith(".venv/bin/qa ") for command in seen)
    assert any(command.startswith("QA_CHROMA_URL") for command in seen)
    assert any(command.startswith("sudo -u qa env QA_INDEX_DIR=") for command in seen)
    assert {"qa backup FILE", "qa eval SET --llm"} <= set(INLINE)


def test_the_table_of_settings_names_each_setting_with_its_default() -> None:
    rows = dict(re.findall(r"^\| (`[a-z_`, ]+) \| ([^|]*)\|", SETTINGS, re.MULTILINE))
    listed = {name for names in rows for name in re.findall(r"`([a-z_]+)`", names)}
    assert listed == {field.name for field in dataclasses.fields(Settings)}
    settings = Settings()
    for names, defaults in rows.items():
        for name in re.findall(r"`([a-z_]+)`", names):
            value = getattr(settings, name)
            shown = ",".join(value) if isinstance(value, tuple) else str("" if value is None else value)
            assert shown.casefold() in defaults.casefold() or not shown, name


@pytest.mark.parametrize(
    ("name", "target"),
    [(name, target) for name, text in DOCS.items() for target in re.findall(r"\]\(([^)#:]+)\)", text)],
)
def test_linked_files_exist(name: str, target: str) -> None:
    assert ((REPOSITORY / name).parent / target).exists()


PACKAGE = REPOSITORY / "src" / "qa"
MAP = ("ARCHITECTURE.md", "CONTRIBUTING.md")
"""These may leave out `src/qa/`."""

MADE_LATER = re.compile(r"(index/.+|corpus/\.removed|docs/screenshots/)")
"""What is not in the repository, but made by the program or a command."""


def folders_of(root: Path) -> set[str]:
    return {path.name for path in root.iterdir() if path.is_dir() and path.name != ".venv"}


def paths_in(name: str) -> list[str]:
    """The paths within the repository that stand in backticks, also inside of a command."""
    first = folders_of(REPOSITORY) | (folders_of(PACKAGE) if name in MAP else set())
    words = [word for code in re.findall(r"`([^`\n]+)`", DOCS[name]) for word in code.split()]
    return list(dict.fromkeys(word for word in words if "/" in word and word.split("/")[0] in first))


def exists(path: str, name: str) -> bool:
    """True if there is such a file or folder, or, for a path with a place to fill in, one like it."""
    pattern = re.sub(r"<\w+>", "*", path)
    roots = (REPOSITORY, PACKAGE) if name in MAP else (REPOSITORY,)
    return any(any(root.glob(pattern)) for root in roots)


@pytest.mark.parametrize("name", DOCS)
def test_every_path_that_is_named_exists(name: str) -> None:
    named = [path for path in paths_in(name) if not MADE_LATER.fullmatch(path)]
    assert [path for path in named if not exists(path, name)] == []


@pytest.mark.parametrize("name", MAP)
def test_the_map_and_the_recipes_name_files_and_folders(name: str) -> None:
    assert len(paths_in(name)) > 20


def packages() -> list[str]:
    return sorted(path.parent.name for path in PACKAGE.glob("*/__init__.py"))


@pytest.mark.parametrize("package", packages())
def test_the_map_has_every_package(package: str) -> None:
    assert re.search(rf"^ +{package}/ ", DOCS["ARCHITECTURE.md"], re.MULTILINE)


def test_the_map_has_no_package_that_there_is_not() -> None:
    listed = re.findall(r"^  (\w+)/ ", DOCS["ARCHITECTURE.md"], re.MULTILINE)
    assert sorted({*listed} - {"data"}) == packages()


@pytest.mark.parametrize("name", ["README.md", "docs/documents.md"])
def test_every_readable_type_is_named(name: str) -> None:
    for known in FORMATS.values():
        assert not known.parser or f"`{known.suffixes[0]}`" in DOCS[name]


def test_a_finding_has_a_script_and_a_script_is_told_of() -> None:
    told = set(re.findall(r"\]\(([\w-]+\.sh)\)", DOCS["findings/README.md"]))
    scripts = sorted((REPOSITORY / "findings").glob("*.sh"))
    assert {path.name for path in scripts} - {"common.sh", "run.sh"} == told
    for path in scripts:
        assert path.name == "common.sh" or path.stat().st_mode & 0o111, path
