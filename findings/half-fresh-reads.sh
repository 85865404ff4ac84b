#!/usr/bin/env bash
# While another process writes to a Chroma folder, counts and gets are of the new state, and searches of the old one.
source "$(dirname "$0")/common.sh"
install chromadb==1.5.9
check <<'PYTHON'
import os
import subprocess
import sys

os.environ["ANONYMIZED_TELEMETRY"] = "False"

import chromadb

OLD, NEW = [1.0, 0.0, 0.0], [0.0, 1.0, 0.0]
collection = chromadb.PersistentClient("store").create_collection("passages", embedding_function=None)
collection.add(ids=["old", "other"], embeddings=[OLD, [0.0, 0.0, 1.0]])
assert collection.query(query_embeddings=[OLD], n_results=1)["ids"] == [["old"]]

WRITER = f"""
import chromadb
collection = chromadb.PersistentClient("store").get_collection("passages", embedding_function=None)
collection.delete(ids=["old"])
collection.add(ids=["new"], embeddings=[{NEW}])
"""
subprocess.run([sys.executable, "-c", WRITER], check=True)

again = chromadb.PersistentClient("store").get_collection("passages", embedding_function=None)
FRESH = """
import chromadb
collection = chromadb.PersistentClient("store").get_collection("passages", embedding_function=None)
print(collection.query(query_embeddings=[[1.0, 0.0, 0.0]], n_results=2)["ids"][0])
"""
print("another process deleted 'old' and added 'new':")
listed = sorted(collection.get()["ids"])
found = sorted(collection.query(query_embeddings=[OLD], n_results=2)["ids"][0])
reopened = sorted(again.query(query_embeddings=[OLD], n_results=2)["ids"][0])
fresh = subprocess.run([sys.executable, "-c", FRESH], check=True, capture_output=True, text=True).stdout.strip()
print("get:                          ", listed)
print("query:                        ", found)
print("query, of a new client:       ", reopened)
print("query, in a new process:      ", fresh)
assert listed == ["new", "other"]
assert found == reopened == ["old", "other"], "a search sees what another process wrote now"
PYTHON
