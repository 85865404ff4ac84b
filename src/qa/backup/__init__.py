"""Corpus and index → one file, while they are in use, and back again: `qa backup` and `qa restore`."""

from qa.backup.archive import Header
from qa.backup.creation import Backup, back_up
from qa.backup.restoration import restore

__all__ = ["Backup", "Header", "back_up", "restore"]
