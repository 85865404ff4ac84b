"""Says which packages in `requirements/` have known vulnerabilities. `make audit` runs it. Needs the network."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

# torch-cpu.txt is the same torch as torch.txt, under a version that no list of vulnerabilities knows.
LISTS = sorted(set(Path("requirements").glob("*.txt")) - {Path("requirements/torch-cpu.txt")})


def main() -> int:
    """The exit status: 0 if none has any, else 1."""
    is_clean = True
    for path in LISTS:
        print(f"{path}:", flush=True)
        audited = subprocess.run(
            [
                Path(sys.executable).with_name("pip-audit"),
                "--disable-pip",
                "--require-hashes",
                "--requirement",
                path,
            ],
            stderr=subprocess.PIPE,
            text=True,
        )
        if "requests.exceptions." in audited.stderr:
            sys.exit(
                "The list of known vulnerabilities cannot be reached; nothing was checked. Try again online."
            )
        print(audited.stderr, end="", file=sys.stderr)
        is_clean &= audited.returncode == 0
    return 0 if is_clean else 1


if __name__ == "__main__":
    sys.exit(main())
