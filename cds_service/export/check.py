"""Whether a folder is the export that its manifest says: signature, hashes, counts, and nothing beside."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from cds_service.export.manifest import DATA, MANIFEST, PARQUET, SIGNATURE
from cds_service.ledger.signatures import Signature, verify_signature


def check_export(folder: Path, public_keys: Mapping[str, bytes]) -> tuple[str, ...]:
    """What is wrong with the export in `folder`, in plain words; () when nothing is. `public_keys`: raw, by id."""
    try:
        written = (folder / MANIFEST).read_bytes()
        said = json.loads((folder / SIGNATURE).read_bytes())
        signature = Signature(key_id=said["key"], hex=said["signature"])
        manifest = json.loads(written)
        files = dict(manifest["files"])
    except FileNotFoundError:
        return ("it is no whole export: manifest or signature is missing",)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return ("manifest or signature cannot be read",)
    problem = verify_signature(written, signature, public_keys)
    found = [f"{MANIFEST}: {problem}"] if problem else []
    return (*found, *_files(folder, files), *_counts(folder, manifest))


def _files(folder: Path, files: Mapping[str, Any]) -> Iterator[str]:
    for name, said in sorted(files.items()):
        path = folder / name
        if Path(name).name != name or not path.is_file() or path.is_symlink():
            yield f"{name}: is missing"
        elif hashlib.sha256(path.read_bytes()).hexdigest() != said.get("sha256"):
            yield f"{name}: was changed"
    known = {*files, MANIFEST, SIGNATURE}
    yield from (f"{path.name}: does not belong to it" for path in sorted(folder.iterdir()) if path.name not in known)


def _counts(folder: Path, manifest: Mapping[str, Any]) -> Iterator[str]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    rows = manifest.get("counts", {}).get("rows")
    try:
        if sum(1 for line in (folder / DATA).open(encoding="utf-8") if line.strip()) != rows:
            yield f"{DATA}: has another number of lines than the manifest says"
        if pq.read_metadata(folder / PARQUET).num_rows != rows:
            yield f"{PARQUET}: has another number of rows than the manifest says"
    except (OSError, UnicodeDecodeError, pa.ArrowException):
        yield "the data cannot be read"
