"""Hashes of weight files: what a version string names."""

from __future__ import annotations

import hashlib
from pathlib import Path

from cds_service.errors import BackendError


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file in hexadecimal, or of a folder: of the names and contents of all its files."""
    try:
        if path.is_dir():
            digest = hashlib.sha256()
            for file in sorted(p for p in path.rglob("*") if p.is_file()):
                digest.update(f"{file.relative_to(path).as_posix()}\0{sha256_of(file)}\n".encode())
            return digest.hexdigest()
        with path.open("rb") as file_object:
            return hashlib.file_digest(file_object, "sha256").hexdigest()
    except OSError:
        raise BackendError("a model file cannot be read: check that it exists and its permissions") from None
