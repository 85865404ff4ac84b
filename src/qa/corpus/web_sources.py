"""`corpus/.sources.json`: the documents that came from the web, and the marks that their servers gave them."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from qa.errors import LoadError
from qa.i18n.reasons import Reason
from qa.system.disk import write_whole

SOURCES_FILE = ".sources.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """The address that a document was fetched from, the time (ISO 8601, UTC), and the server's marks of its
    version."""

    url: str
    fetched: str
    etag: str | None = None
    last_modified: str | None = None


def read_sources(corpus_dir: Path) -> dict[str, Source]:
    """The source of each document that came from the web, by its path relative to the corpus."""
    path = corpus_dir / SOURCES_FILE
    try:
        table = json.loads(path.read_text(encoding="utf-8"))
        return {str(name): Source(**entry) for name, entry in table.items()}
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, TypeError, AttributeError) as error:
        raise LoadError(Reason("why_sources", file=str(path), error=str(error))) from error


def write_sources(sources: Mapping[str, Source], corpus_dir: Path) -> None:
    """Write the file of `sources`, whole or not at all."""
    table = {name: dataclasses.asdict(sources[name]) for name in sorted(sources)}
    write_whole(corpus_dir / SOURCES_FILE, json.dumps(table, ensure_ascii=False, indent=1) + "\n")
