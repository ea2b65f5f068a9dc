"""Resources by patient, however many files they lie in: one SQLite file of ciphertext whose key is in memory alone.

A patient's resources may stand anywhere in the input, and the input may be larger than memory. So they are sealed
(AES-256-GCM, each bound to its row) into one file as they come, and read back patient by patient. Rows are found by
keyed hashes, so the file holds no id either. The key is made anew for each run and never written: what a killed run
leaves behind is noise. The file is its owner's alone, and is deleted at the end, on failure and before the next run.
"""

from __future__ import annotations

import hmac
import json
import os
import secrets
import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from cds_service.importing.resources import Found

_NONCE = 12
_SCHEMA = """
PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; PRAGMA locking_mode=EXCLUSIVE; PRAGMA cache_size=-65536;
CREATE TABLE patient (n INTEGER PRIMARY KEY, key BLOB UNIQUE NOT NULL, sealed BLOB NOT NULL, code TEXT);
CREATE TABLE resource (rid BLOB PRIMARY KEY, n INTEGER, seq INTEGER NOT NULL, consent INTEGER, sealed BLOB NOT NULL);
CREATE INDEX consents ON resource (seq) WHERE consent;
CREATE TABLE gone (rid BLOB PRIMARY KEY) WITHOUT ROWID;
"""
_COMMIT = 20_000


class Scratch:
    """The grouping of one run. Not safe for threads."""

    def __init__(self, path: Path) -> None:
        path.unlink(missing_ok=True)
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
        self._path = path
        self._index = secrets.token_bytes(32)
        self._cipher = AESGCM(secrets.token_bytes(32))
        self._db = sqlite3.connect(path, isolation_level=None)
        self._db.executescript(_SCHEMA)
        self._db.execute("BEGIN")
        self.read = 0
        self.replaced = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._db.close()
        self._path.unlink(missing_ok=True)

    def add(self, found: Found) -> None:
        """Keep a resource. Of two with one id the one that was updated later stays, of equals the one read later."""
        rid = self._name("resource", found.reference)
        if found.gone:
            self._db.execute("INSERT OR IGNORE INTO gone VALUES (?)", (rid,))
            return
        self.read += 1
        n = None if found.patient is None else self._patient(found.patient)
        sealed = self._seal(rid, [found.updated.isoformat()], found.text)
        kept = self._db.execute(
            "INSERT OR IGNORE INTO resource VALUES (?, ?, ?, ?, ?)",
            (rid, n, self.read, found.type == "Consent" or None, sealed),
        ).rowcount
        if not kept:
            self.replaced += 1
            (old,) = self._db.execute("SELECT sealed FROM resource WHERE rid = ?", (rid,)).fetchone()
            if datetime.fromisoformat(self._open(rid, old)[0][0]).astimezone(UTC) <= found.updated:
                self._db.execute(
                    "UPDATE resource SET n = ?, seq = ?, sealed = ? WHERE rid = ?", (n, self.read, sealed, rid)
                )
        if self.read % _COMMIT == 0:
            self._db.execute("COMMIT")
            self._db.execute("BEGIN")

    def finish(self) -> int:
        """The input is read to its end; how many patients there are."""
        self._db.execute("DELETE FROM resource WHERE rid IN (SELECT rid FROM gone)")
        self._db.execute("CREATE INDEX resource_of ON resource (n, seq)")
        self._db.execute("CREATE INDEX patient_of ON patient (code)")
        self._db.execute("COMMIT")
        return int(self._db.execute("SELECT count(*) FROM patient").fetchone()[0])

    # -- patients --------------------------------------------------------------------------------------------------

    def patients(self) -> Iterator[tuple[int, str]]:
        """Each patient's number and id, in the order in which they were first named."""
        last = 0
        while some := self._db.execute(
            "SELECT n, key, sealed FROM patient WHERE n > ? ORDER BY n LIMIT 500", (last,)
        ).fetchall():
            yield from ((n, self._open(key, sealed)[1].decode()) for n, key, sealed in some)
            last = some[-1][0]

    def name(self, n: int, code: str | None) -> None:
        """Give a patient the code under which the records are written, or take it away."""
        self._db.execute("UPDATE patient SET code = ? WHERE n = ?", (code, n))

    def has(self, code: str) -> bool:
        """Whether a patient has that code."""
        return self._db.execute("SELECT 1 FROM patient WHERE code = ?", (code,)).fetchone() is not None

    def coded(self, after: str) -> Iterator[tuple[str, int]]:
        """Code and number of each patient that has a code beyond `after`, in the order of the codes."""
        while some := self._db.execute(
            "SELECT code, n FROM patient WHERE code > ? ORDER BY code LIMIT 500", (after,)
        ).fetchall():
            yield from some
            after = some[-1][0]

    def resources(self, n: int, most: int) -> list[bytes] | None:
        """A patient's resources in the order read, then the shared ones they point to; None beyond `most` bytes."""
        texts: list[bytes] = []
        rows = self._db.execute("SELECT rid, sealed FROM resource WHERE n = ? ORDER BY seq", (n,))
        own = (self._open(rid, sealed)[1] for rid, sealed in rows)
        for text in chain(own, self._pointed_to(texts)):  # which begins when all of their own are there
            most -= len(text)
            if most < 0:
                return None
            texts.append(text)
        return texts

    def consents(self) -> Iterator[bytes]:
        """Every Consent, in the order read."""
        for rid, sealed in self._db.execute("SELECT rid, sealed FROM resource WHERE consent ORDER BY seq"):
            yield self._open(rid, sealed)[1]

    def _pointed_to(self, texts: list[bytes]) -> Iterator[bytes]:
        """The shared resources to which `texts` point, and to which those point."""
        seen: set[str] = set()
        waiting = [name for text in texts for name in _references(json.loads(text))]
        for _ in range(3):
            names = [name for name in dict.fromkeys(waiting) if name not in seen]
            seen.update(names)
            waiting = []
            for name in names:
                rid = self._name("resource", name)
                row = self._db.execute("SELECT sealed FROM resource WHERE rid = ? AND n IS NULL", (rid,)).fetchone()
                if row is not None:
                    text = self._open(rid, row[0])[1]
                    yield text
                    waiting += _references(json.loads(text))

    # -- inside ----------------------------------------------------------------------------------------------------

    def _patient(self, patient_id: str) -> int:
        key = self._name("patient", patient_id)
        row = self._db.execute("SELECT n FROM patient WHERE key = ?", (key,)).fetchone()
        if row is not None:
            return int(row[0])
        sealed = self._seal(key, [], patient_id.encode())
        made = self._db.execute("INSERT INTO patient (key, sealed) VALUES (?, ?)", (key, sealed))
        return int(made.lastrowid or 0)

    def _name(self, kind: str, name: str) -> bytes:
        return hmac.digest(self._index, f"{kind}\0{name}".encode(), "sha256")

    def _seal(self, row: bytes, head: list[str], text: bytes) -> bytes:
        nonce = secrets.token_bytes(_NONCE)
        return nonce + self._cipher.encrypt(nonce, json.dumps(head).encode() + b"\n" + text, row)

    def _open(self, row: bytes, sealed: bytes) -> tuple[list[str], bytes]:
        head, _, text = self._cipher.decrypt(sealed[:_NONCE], sealed[_NONCE:], row).partition(b"\n")
        return json.loads(head), text


def _references(value: Any) -> list[str]:
    """``Type/id`` of every reference in `value`, whatever server it names."""
    found: list[str] = []
    waiting = [value]
    while waiting:
        item = waiting.pop()
        if isinstance(item, list):
            waiting += item
        elif isinstance(item, dict):
            reference = item.get("reference")
            if isinstance(reference, str) and "/" in reference:
                found.append("/".join(reference.split("/_history/")[0].rsplit("/", 2)[-2:]))
            waiting += item.values()
    return found
