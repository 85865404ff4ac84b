"""Says which packages in `requirements/` have known vulnerabilities. `make audit` runs it. Needs the network."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parents[1] / "requirements"


def main() -> int:
    """The exit status: 1 if a package has a known vulnerability, or nothing could be checked, else 0."""
    checked: set[tuple[str, str]] = set()
    unknown: set[str] = set()
    mended_in: dict[tuple[str, str], list[str]] = {}
    for path in sorted(FOLDER.glob("*.txt")):
        if (
            path.stem == "torch-cpu"
        ):  # the same torch as in torch.txt, under a version that is known to nobody
            continue
        for package in ask(path):
            if "skip_reason" in package:
                unknown.add(package["name"])
                continue
            checked.add((package["name"], package["version"]))
            for hole in package["vulns"]:
                mended_in[f"{package['name']} {package['version']}", hole["id"]] = hole["fix_versions"]
    if not checked:
        sys.exit("Nothing was checked: the index knows no vulnerabilities of any package; ask another one")
    for (release, hole), versions in sorted(mended_in.items()):
        print(f"{release} has {hole}, mended in {', '.join(versions) or 'no version yet'}")
    print(f"{len(checked)} packages checked, {len(mended_in)} known vulnerabilities")
    if unknown:
        print(f"Not checked, for nothing is known of them: {', '.join(sorted(unknown))}")
    return 1 if mended_in else 0


def ask(path: Path) -> Iterator[dict[str, Any]]:
    """What is known of each package of a list. Ends the program where nobody can be asked."""
    options = ("--disable-pip", "--require-hashes", "--format", "json", "--requirement")
    audited = subprocess.run(
        [Path(sys.executable).with_name("pip-audit"), *options, path], capture_output=True, text=True
    )
    if not audited.stdout:
        why = audited.stderr.strip().splitlines()[-1]
        sys.exit(
            f"Nothing was checked: the known vulnerabilities cannot be asked for ({why[:200]}); go online"
        )
    yield from json.loads(audited.stdout)["dependencies"]


if __name__ == "__main__":
    sys.exit(main())
