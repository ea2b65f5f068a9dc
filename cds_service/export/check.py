"""Whether a folder is the export that its manifest says: signature, hashes, counts, and nothing beside."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path

from cds_service.export.manifest import DATA, MANIFEST, PARQUET, SIGNATURE
from cds_service.ledger.signatures import Signature, verify_signature


def check_export(folder: Path, public_keys: Mapping[str, bytes]) -> tuple[str, ...]:
    """What is wrong with the export in `folder`, in plain words; () when nothing is. `public_keys`: raw, by id."""
    if not all((folder / name).is_file() for name in (MANIFEST, SIGNATURE)):  # a pipe would never end
        return ("it is no whole export: manifest or signature is missing",)
    try:
        written = (folder / MANIFEST).read_bytes()
        said = json.loads((folder / SIGNATURE).read_bytes())
        signature = Signature(key_id=str(said["key"]), hex=str(said["signature"]))
        manifest = json.loads(written)
        files = {name: str(of["sha256"]) for name, of in manifest["files"].items()}
        rows = int(manifest["counts"]["rows"])
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return ("manifest or signature cannot be read",)
    problem = verify_signature(written, signature, public_keys)
    found = [f"{MANIFEST}: {problem}"] if problem else []
    return (*found, *_files(folder, files), *_counts(folder, rows))


def _files(folder: Path, files: Mapping[str, str]) -> Iterator[str]:
    present = {path.name: path for path in sorted(folder.iterdir())}
    for name, digest in sorted(files.items()):
        path = present.get(name)
        if path is None or not path.is_file() or path.is_symlink():
            yield f"{name}: is missing"
        elif _digest(path) != digest:
            yield f"{name}: was changed"
    known = {*files, MANIFEST, SIGNATURE}
    yield from (f"{name}: does not belong to it" for name in present if name not in known)


def _counts(folder: Path, rows: int) -> Iterator[str]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    if not all((folder / name).is_file() for name in (DATA, PARQUET)):  # a pipe would never end; `_files` tells of it
        return
    try:
        if sum(1 for line in (folder / DATA).open(encoding="utf-8") if line.strip()) != rows:
            yield f"{DATA}: has another number of lines than the manifest says"
        if pq.read_metadata(folder / PARQUET).num_rows != rows:
            yield f"{PARQUET}: has another number of rows than the manifest says"
    except (OSError, UnicodeDecodeError, pa.ArrowException):
        yield "the data cannot be read"


def _digest(path: Path) -> str | None:
    """SHA-256 of a file in hex, None where it cannot be read."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return None
