#!/usr/bin/env bash
# Makes tests/data/old_index.zip: a corpus of two documents and its index, as the program of an earlier commit makes
# it with the tests' embedder that counts words. The upgrade is tested with it.
#   scripts/make_old_index.sh .venv/bin/python [COMMIT]
set -euo pipefail
python=$(realpath -s "$1")
commit=${2:-0bc95be126afa41e35dc4bf36bb2fc262b04d046}
repository=$(git rev-parse --show-toplevel)
work=$(mktemp --directory)
trap 'rm -rf "$work"' EXIT
mkdir "$work/program" "$work/corpus"
git -C "$repository" archive "$commit" src tests corpus/cities.toml | tar --extract --directory="$work/program"
cat > "$work/corpus/dalian.md" <<'TEXT'
# Dalian

Dalian became a partner of Kitakyushu in 1979. The two ports exchange engineers.
TEXT
cat > "$work/corpus/surabaya.md" <<'TEXT'
# Surabaya

Surabaya composts its market waste. The method came from Kitakyushu in 2004.
TEXT
cd "$work"
PYTHONPATH="$work/program/src:$work/program/tests" "$python" - <<'PYTHON'
from pathlib import Path

from conftest import CountingEmbedder
from qa.config import Settings
from qa.indexing import index_corpus

settings = Settings(
    corpus_dir=Path("corpus"), index_dir=Path("index"), cities_file=Path("program/corpus/cities.toml")
)
index_corpus(settings, CountingEmbedder())
PYTHON
# Chroma leaves there what the process had in its memory, until vectors are written to them.
find index \( -name data_level0.bin -o -name length.bin \) -exec sh -c \
    'size=$(stat --format=%s "$1"); truncate --size=0 "$1"; truncate --size="$size" "$1"' _ {} \;
rm -f "$repository/tests/data/old_index.zip" index/.lock
"$python" -m zipfile -c "$repository/tests/data/old_index.zip" corpus index
