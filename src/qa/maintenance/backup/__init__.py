"""Corpus and index → one file, while they are in use, and back again: `qa backup` and `qa restore`."""

from qa.maintenance.backup.archive import Header
from qa.maintenance.backup.creation import Backup, back_up
from qa.maintenance.backup.restoration import restore

__all__ = ["Backup", "Header", "back_up", "restore"]
