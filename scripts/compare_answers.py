"""Whether two builds answer alike, byte for byte: `python scripts/compare_answers.py OLD_CHECKOUT FOLDER…`.

Each FOLDER is a set of questions: `questions.jsonl` over `documents.jsonl`, or over its own `corpus/`, else over
that of this checkout. Both builds index the documents and answer with `qa ask --batch`, from the root of their
checkout, with this interpreter and on this processor. The seconds aside, every line must be the same.

`--small` asks a fixed sample of each set. The old build's lines are kept in `--keep`, so that the next comparison
asks only the new build.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).parents[1]
SMALL = 60
"""Questions of each set with `--small`: the ones whose ids have the least digests, so they are always the same."""

MEASURED = ("seconds", "timings")


def main() -> int:
    """1 if any question is answered otherwise, else 0."""
    parser = argparse.ArgumentParser(description=str(__doc__).split("\n", 1)[0])
    parser.add_argument("old", type=Path, help="a checkout of the old build")
    parser.add_argument("sets", type=Path, nargs="+", metavar="FOLDER")
    parser.add_argument("--small", action="store_true", help=f"ask {SMALL} questions of each set")
    parser.add_argument("--keep", type=Path, help="a folder for the old build's lines")
    parser.add_argument("--most", type=int, default=5, help="how many differences to show of each set")
    options = parser.parse_args()
    different = 0
    for folder in options.sets:
        with tempfile.TemporaryDirectory() as work:
            questions, corpus = prepare(folder.resolve(), Path(work), small=options.small)
            old = answer(options.old.resolve(), questions, corpus, Path(work, "old"), keep=options.keep)
            new = answer(REPOSITORY, questions, corpus, Path(work, "new"))
        assert len(old) == len(new), f"{folder}: {len(old)} and {len(new)} lines"
        pairs = [(a, b) for a, b in zip(old, new, strict=True) if a != b]
        different += len(pairs)
        fields = Counter(name for a, b in pairs for name in differing(json.loads(a), json.loads(b)))
        counts = ", ".join(f"{name} {count}" for name, count in sorted(fields.items()))
        print(f"{folder.name}: {len(new)} questions, {len(pairs)} answered otherwise ({counts or 'none'})")
        for a, b in pairs[: options.most]:
            show(json.loads(a), json.loads(b))
    return 1 if different else 0


def prepare(folder: Path, work: Path, *, small: bool) -> tuple[list[dict[str, Any]], Path]:
    """The questions of a set, and its documents' folder, in `work` where it has to be written."""
    questions = read_lines(folder / "questions.jsonl")
    if small:
        questions = sorted(questions, key=lambda q: hashlib.sha256(str(q["id"]).encode()).digest())[:SMALL]
    documents = folder / "documents.jsonl"
    if not documents.exists():
        return questions, next(path for path in (folder / "corpus", REPOSITORY / "corpus") if path.is_dir())
    corpus = work / "corpus"
    corpus.mkdir()
    for number, document in enumerate(read_lines(documents)):
        text = f"# {document['title']}\n\n{document['text']}\n"
        (corpus / f"{number:05}.md").write_text(text, encoding="utf-8")
    return questions, corpus


def answer(
    checkout: Path, questions: list[dict[str, Any]], corpus: Path, work: Path, *, keep: Path | None = None
) -> list[str]:
    """What the build in `checkout` says to each question, one line of JSON each, without what was measured."""
    asked = "\n".join(json.dumps(question, ensure_ascii=False) for question in questions)
    digest = hashlib.sha256(f"{checkout}\n{asked}".encode()).hexdigest()[:16]
    kept = keep / f"{digest}.jsonl" if keep else None
    if not kept or not kept.exists():
        work.mkdir()
        (work / "questions.jsonl").write_text(asked, encoding="utf-8")
        # A copy, so that what a build leaves beside documents is not the other's to read.
        shutil.copytree(corpus, work / "corpus")
        environment = {name: value for name, value in os.environ.items() if not name.startswith("QA_")} | {
            "PYTHONPATH": str(checkout / "src"),
            "QA_CORPUS_DIR": str(work / "corpus"),
            "QA_INDEX_DIR": str(work / "index"),
        }
        for command in (
            ["index"],
            ["ask", "--alone", "--batch", str(work / "questions.jsonl"), "--out", str(work / "out.jsonl")],
        ):
            subprocess.run(
                [sys.executable, "-m", "qa.cli", *command],
                cwd=checkout, env=environment, check=True, stdout=subprocess.DEVNULL,
            )  # fmt: skip
        if not kept:
            return read_answers(work / "out.jsonl")
        kept.parent.mkdir(parents=True, exist_ok=True)
        shutil.move(work / "out.jsonl", kept)
    return read_answers(kept)


def read_answers(path: Path) -> list[str]:
    """Each line without what was measured."""
    lines = read_lines(path)
    return [
        json.dumps({name: value for name, value in line.items() if name not in MEASURED}, ensure_ascii=False)
        for line in lines
    ]


def read_lines(path: Path) -> list[dict[str, Any]]:
    """The objects of a file with one a line."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n") if line.strip()]


def differing(old: dict[str, Any], new: dict[str, Any]) -> list[str]:
    """The fields that two answers to one question do not have alike."""
    return [name for name in sorted(old.keys() | new.keys()) if old.get(name) != new.get(name)]


def show(old: dict[str, Any], new: dict[str, Any]) -> None:
    """Print what differs between two answers to one question."""
    print(f"  {old['id']}")
    for name in differing(old, new):
        print(f"    {name}: {json.dumps(old.get(name), ensure_ascii=False)[:300]}")
        print(f"    {' ' * len(name)}→ {json.dumps(new.get(name), ensure_ascii=False)[:300]}")


if __name__ == "__main__":
    sys.exit(main())
