#!/usr/bin/env bash
# A deleted record's vector stays in Chroma's folder, after a vacuum and even after its collection is deleted.
source "$(dirname "$0")/common.sh"
install chromadb==1.5.9
check <<'PYTHON'
import os
import struct
import subprocess
import sys
from pathlib import Path

TEXT, VECTOR = "A word that stands nowhere else: zanzibarite.", [0.123456, 1.0, 0.0]
HNSW = {"sync_threshold": 10, "batch_size": 5}  # by default a graph goes to its file after 1,000 records
OPEN = """
import chromadb
client = chromadb.PersistentClient("store")
"""
FILL = """
for number in range(30):
    collection.add(ids=[f"{word} {number}"], embeddings=[[0.0, number / 10, 1.0]], documents=["Another text."])
"""
ADD = f"""{OPEN}
collection = client.create_collection("passages", embedding_function=None, configuration={{"hnsw": {HNSW}}})
collection.add(ids=["one"], embeddings=[{VECTOR}], documents=[{TEXT!r}])
word = "before"
{FILL}
"""
DELETE = f"""{OPEN}
collection = client.get_collection("passages", embedding_function=None)
collection.delete(ids=["one"])
word = "after"
{FILL}
assert "one" not in collection.get()["ids"]
assert "one" not in collection.query(query_embeddings=[{VECTOR}], n_results=60)["ids"][0]
"""
DROP = f"""{OPEN}
client.delete_collection("passages")
assert not client.list_collections()
"""


def python(program):
    subprocess.run([sys.executable, "-c", program], check=True, env=os.environ | {"ANONYMIZED_TELEMETRY": "False"})


def files_with(part):
    return [path.name for path in sorted(Path("store").rglob("*")) if path.is_file() and part in path.read_bytes()]


def look(when):
    vector, text = files_with(struct.pack("<3f", *VECTOR)), files_with(b"zanzibarite")
    print(f"{when:30} vector in {vector}, text in {text}")
    return vector, text


python(ADD)
assert look("added:") == (["data_level0.bin"], ["chroma.sqlite3"])
python(DELETE)
deleted = look("deleted, 30 more added:")
vacuum = [str(Path(sys.executable).with_name("chroma")), "vacuum", "--path", "store", "--force"]
subprocess.run(vacuum, check=True, stdout=subprocess.DEVNULL)
vacuumed = look("after `chroma vacuum`:")
python(DROP)
dropped = look("after its collection's end:")
kept = {tuple(vector) for vector, _ in (deleted, vacuumed, dropped)}
assert kept == {("data_level0.bin",)}, "a deleted vector leaves the folder now"
PYTHON
