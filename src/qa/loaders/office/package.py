"""The parts of an Office file: XML trees by name, and the relations between parts."""

from __future__ import annotations

import io
import posixpath
import re
import zipfile
from urllib.parse import unquote

from lxml import etree

from qa.loaders.office.archive import check_archive, damaged

Element = etree._Element
"""lxml has no public name for the type of its elements."""

STRICT_NAMESPACE = re.compile(rb"""(\sxmlns(?::\w+)?=["'])http://purl\.oclc\.org/ooxml/(\w+)/""")
"""Office can save "Strict Open XML", which is the same but for the namespaces."""


class Package:
    """An Office file that has passed `check_archive`; close it after use."""

    def __init__(self, data: bytes, *, program: str) -> None:
        check_archive(data, program=program)
        self.program = program
        self._archive = zipfile.ZipFile(io.BytesIO(data))
        self._names = frozenset(self._archive.namelist())

    def __enter__(self) -> Package:
        return self

    def __exit__(self, *_: object) -> None:
        self._archive.close()

    def read(self, name: str) -> bytes | None:
        """The bytes of the part `name`; None where there is none, `LoadError` where they are damaged."""
        if name not in self._names:
            return None
        try:
            data = self._archive.read(name)
        except zipfile.BadZipFile as error:  # its checksum is wrong
            raise damaged(self.program) from error
        return STRICT_NAMESPACE.sub(rb"\1http://schemas.openxmlformats.org/\2/2006/", data)

    def tree(self, name: str) -> Element | None:
        """The root element of the part `name`; None where there is none, `LoadError` where it is not XML."""
        data = self.read(name)
        if data is None:
            return None
        try:
            return parse_xml(data)
        except etree.XMLSyntaxError as error:
            raise damaged(self.program) from error

    def related(self, source: str, kind: str) -> str | None:
        """The name of the first part of this kind ("styles", "footnotes") that `source` refers to.

        `source` is "" for the package itself.
        """
        return next((name for found, name in self.relations(source).values() if found == kind), None)

    def relations(self, source: str) -> dict[str, tuple[str, str]]:
        """The kind and name of the part for each relationship id of `source`, without links."""
        folder, file = posixpath.split(source)
        tree = self.tree(posixpath.join(folder, "_rels", f"{file}.rels"))
        found: dict[str, tuple[str, str]] = {}
        for relation in tree.iterfind("{*}Relationship") if tree is not None else ():
            if relation.get("TargetMode") == "External":
                continue
            kind = str(relation.get("Type", "")).rpartition("/")[2]
            target = unquote(str(relation.get("Target", "")))
            found[str(relation.get("Id"))] = (
                kind,
                posixpath.normpath(posixpath.join("/", folder, target))[1:],
            )
        return found


def number_in(text: object) -> int | None:
    """The number that the digits of `text` give; None for anything else."""
    return int(text) if isinstance(text, str) and text.isascii() and text.isdigit() else None


def is_true(text: object) -> bool:
    """True for the value of an attribute that is on."""
    return text in ("1", "true")


def parse_xml(data: bytes) -> Element:
    """The root element of `data`, with a limit of nesting, and without resolving entities or fetching."""
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, remove_comments=True,
        remove_pis=True,
    )  # fmt: skip
    return etree.fromstring(data, parser)
