"""The files of an export: each on the disk before its manifest is, the signature last."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from cds_service.export.maker import Made
from cds_service.export.manifest import (
    CARD,
    DATA,
    MANIFEST,
    PARQUET,
    RISK,
    RISK_FIGURE,
    RISK_PAGE,
    SHEET,
    SIGNATURE,
    canonical,
    card_of,
    file_of,
    sheet_of,
)
from cds_service.export.rows import line_of, parquet_of
from cds_service.ledger.key_rings import VaultKeys
from cds_service.ledger.signatures import ALGORITHM, sign

Manifest = Callable[..., dict[str, Any]]
"""`manifest_of`, given rows, what was left out, the risk, and what it says of each file by name."""


def write_folder(folder: Path, made: Made, tell: Manifest, *, keys: VaultKeys, seed: str) -> None:
    """Write every file of an export into `folder`. `seed`: what the check sheet is drawn by. Raises OSError."""
    files = {
        DATA: "".join(map(line_of, made.rows)).encode(),
        PARQUET: parquet_of(made.rows),
        RISK: (json.dumps(made.risk.as_json(), sort_keys=True, indent=1, ensure_ascii=False) + "\n").encode(),
        RISK_PAGE: made.risk.markdown().encode(),
        RISK_FIGURE: made.risk.figure(),
        SHEET: sheet_of(made.rows, seed).encode(),
    }
    manifest = partial(tell, rows=made.rows, left_out=made.left, risk=made.risk.short())
    files[CARD] = card_of(manifest(files={})).encode()
    for name, content in files.items():
        write_file(folder / name, content)
    written = canonical(manifest(files={name: file_of(content) for name, content in sorted(files.items())}))
    write_file(folder / MANIFEST, written)
    signature = sign(written, keys.signing)
    said = {
        "algorithm": ALGORITHM,
        "key": signature.key_id,
        "public_key": keys.public_keys()[signature.key_id].hex(),
        "signature": signature.hex,
    }
    write_file(folder / SIGNATURE, canonical(said))


def write_file(path: Path, content: bytes) -> None:
    """Write a file that its owner alone may read; it is on the disk when this returns."""
    with open(path, "wb", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def flush(path: Path) -> None:
    """See that what `path` names (a folder: the names in it) is on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
