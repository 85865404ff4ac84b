"""The file of a backup: a ZIP with the files below `corpus/` and `index/`, and a header that names all of them.

The header, `backup.json`, is written last and has the SHA-256 of every other file. A backup that was cut short has
no table of contents, which stands at the end of a ZIP. A file that is read here may come from anybody.
"""

from __future__ import annotations

import errno
import hashlib
import stat
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from qa.errors import InputError
from qa.storage.manifest import MANIFEST_FILE
from qa.system.disk import explaining_disk

FORMAT = 1
HEADER_FILE = "backup.json"
CORPUS, INDEX = "corpus", "index"
"""The folders in the file. The name of each member begins with one of them."""

STAGING_FOLDER = ".restoring"
"""The folder where members lie until all of them are there. No member has this name."""

MAX_HEADER_BYTES = 256 * 2**20
"""Limits a header. It takes some 200 bytes for each file, so this is enough for a million files."""

CHUNK_BYTES = 2**20

LEVEL = 1
"""zlib's quickest level. Most of a backup are vectors, which the slowest level makes hardly smaller."""

UNREADABLE = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    ValueError,  # of JSON and of pydantic, and for a negative place in the file
    NotImplementedError,  # another kind of compression
    RuntimeError,  # encrypted
    OverflowError,
)
"""The errors of reading a file that is no backup, or no whole backup."""


@dataclass(frozen=True, slots=True)
class Member:
    """A file in a backup: its bytes, their SHA-256 (hex), and when it was changed, in nanoseconds since 1970."""

    size: int
    sha256: str
    modified_ns: int


@dataclass(frozen=True, slots=True)
class Form:
    """The part that the header of every format has."""

    format: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """The header of a backup.

    `program` is the release that made it, at `made` (ISO 8601, UTC); `documents` and `generation` are the index's;
    `has_vectors` is False where they were on a server; `members` are the other files in the ZIP, by their names.
    """

    format: int = FORMAT
    program: str
    made: str
    documents: int
    generation: int
    has_vectors: bool
    members: Mapping[str, Member]

    def size(self, root: str) -> int:
        """The bytes of all members below `root`."""
        return sum(member.size for name, member in self.members.items() if name.startswith(f"{root}/"))


def write_member(archive: zipfile.ZipFile, name: str, source: Path) -> Member:
    """The member `name`, which is written with the bytes of the file at `source`."""
    digest, size = hashlib.sha256(), 0
    with source.open("rb") as stream, archive.open(name, "w", force_zip64=True) as out:
        while data := stream.read(CHUNK_BYTES):
            digest.update(data)
            size += len(data)
            out.write(data)
    return Member(size, digest.hexdigest(), source.stat().st_mtime_ns)


@contextmanager
def open_backup(path: Path) -> Iterator[tuple[zipfile.ZipFile, Header]]:
    """The backup at `path`, open for reading, and its header. All members have names that are safe to be written.

    Raises `InputError` where it cannot be opened, or is not a whole backup.
    """
    try:
        archive = zipfile.ZipFile(path)
    except OSError as error:
        raise InputError(f"{path} cannot be opened: {error.strerror}; name a file of qa backup") from error
    except UNREADABLE as error:
        raise _not_whole(path, error) from error
    with archive:
        with explaining_disk(path), explaining_damage(path):
            header = _read_header(archive, path)
            _check_members(archive, header)
        yield archive, header


def unpack_member(archive: zipfile.ZipFile, name: str, member: Member, target: Path) -> None:
    """Write the member `name` to `target`, a new file. Raises `ValueError` if its SHA-256 is another."""
    digest = hashlib.sha256()
    with archive.open(name) as stream, target.open("xb") as out:
        while data := stream.read(CHUNK_BYTES):
            digest.update(data)
            out.write(data)
    if digest.hexdigest() != member.sha256:
        raise ValueError(f"{name} is not what was saved")


@contextmanager
def explaining_damage(path: Path) -> Iterator[None]:
    """Turns an error of reading a damaged file into an `InputError` that says what to do."""
    try:
        yield
    except UNREADABLE as error:
        raise _not_whole(path, error) from error
    except OSError as error:
        # No number: a decompressor says so. EINVAL: the system says that there is no such place in a file.
        if error.errno not in (None, errno.EINVAL):
            raise
        raise _not_whole(path, error) from error


def _not_whole(path: Path, error: Exception) -> InputError:
    reason = (str(error) or type(error).__name__).splitlines()[0]
    return InputError(f"{path} is no whole backup ({reason}); name another file of qa backup")


def _read_header(archive: zipfile.ZipFile, path: Path) -> Header:
    from pydantic import TypeAdapter

    try:
        listed = archive.getinfo(HEADER_FILE)
    except KeyError as error:
        raise ValueError(f"it has no {HEADER_FILE}") from error
    if listed.file_size > MAX_HEADER_BYTES:
        raise ValueError(f"{HEADER_FILE} is too large")
    data = archive.read(listed)
    form = TypeAdapter(Form).validate_json(data).format
    if form > FORMAT:
        raise InputError(f"{path} is of a newer program (format {form}); update this one, then try again")
    return TypeAdapter(Header).validate_json(data)


def _check_members(archive: zipfile.ZipFile, header: Header) -> None:
    """Raise `ValueError` unless the ZIP holds what the header says and nothing else, under plain names."""
    listed = {info.filename: info for info in archive.infolist()}
    if len(listed) != len(archive.infolist()) or listed.keys() != {HEADER_FILE, *header.members}:
        raise ValueError("its files are not those that it names")
    if f"{INDEX}/{MANIFEST_FILE}" not in header.members:
        raise ValueError("it has no index")
    for name, member in header.members.items():
        if not _is_plain(name, header.members):
            raise ValueError(f"{name!r} is no name of a file in a backup")
        kind = stat.S_IFMT(listed[name].external_attr >> 16)
        if kind not in (0, stat.S_IFREG) or listed[name].file_size != member.size:
            raise ValueError(f"{name} is not the file that was saved")


def _is_plain(name: str, names: Mapping[str, Member]) -> bool:
    """True if `name` leads to a file below `corpus/` or `index/`, and no other name goes through that file."""
    path = PurePosixPath(name)
    root, *parts = path.parts or ("",)
    return (
        root in (CORPUS, INDEX)
        and str(path) == name
        and "\0" not in name
        and ".." not in parts
        and bool(parts)
        and parts[0] != STAGING_FOLDER
        and not (root == INDEX and parts[0].startswith("."))
        and not any(str(parent) in names for parent in path.parents)
    )
