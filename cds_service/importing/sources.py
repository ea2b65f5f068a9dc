"""The files of an import: found, opened, read line by line within bounds, hashed on the way.

A line that cannot be read costs itself. A place is a file and a line; a file whose name is not that of a Bulk Data
export is named by its number, because names of files may be names of patients.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import re
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, NoReturn

from cds_service.importing.problems import Problems
from fhir_mappers.r4 import known_type

KINDS = (".json", ".jsonl", ".ndjson")
MAX_LINE = 64 * 1024 * 1024
"""Longest line, and longest file that is one JSON document, in bytes."""

MAX_DEPTH = 60
_BOM = b"\xef\xbb\xbf"
_EXPORT_NAME = re.compile(r"([A-Z][A-Za-z]{2,40})(?:[._-]\d{1,6})?\.ndjson(?:\.gz)?")


@dataclass(frozen=True, kw_only=True)
class SourceFile:
    """One file. `name`: how reports call it."""

    path: Path
    name: str
    size: int

    @property
    def by_lines(self) -> bool:
        """Whether its name says that each line is a document."""
        return _kind(self.path) != ".json"


@dataclass(frozen=True, kw_only=True)
class Document:
    """A JSON object and where it stands. `raw`: its bytes, where it was a line."""

    place: str
    value: dict[str, Any]
    raw: bytes | None = None


def source_files(paths: Sequence[Path]) -> tuple[SourceFile, ...]:
    """The files in `paths` and in the folders among them, in an order of their names."""
    found = [file for path in paths for file in (sorted(_in_folder(path)) if path.is_dir() else [path])]
    return tuple(
        SourceFile(path=path, name=_name(path, number), size=path.stat().st_size if path.exists() else 0)
        for number, path in enumerate(dict.fromkeys(found), start=1)
    )


def _in_folder(folder: Path) -> Iterator[Path]:
    """Nothing hidden (as is the work of an import), and no folder that is a link. A link that leads nowhere is told."""
    found = (p for p in folder.rglob("*") if _kind(p) in KINDS and (p.is_file() or not p.exists()))
    return (p for p in found if not any(part.startswith(".") for part in p.relative_to(folder).parts))


def _kind(path: Path) -> str:
    return (Path(path.stem) if _is_packed(path) else path).suffix.lower()


def _is_packed(path: Path) -> bool:
    return path.suffix.lower() == ".gz"


def _name(path: Path, number: int) -> str:
    """Of one that may hold Consents it begins with that word: see `Problems.add`."""
    named = _EXPORT_NAME.fullmatch(path.name)
    if named and known_type(named[1]) != "unknown":
        return path.name
    return f"Consents (file {number})" if "consent" in path.name.lower() else f"file {number}"


class Reader:
    """Reads files once. `show` hears the share of the bytes that is read; `hashes` are of what was read."""

    def __init__(self, files: Sequence[SourceFile], problems: Problems, show: Callable[[float], None]) -> None:
        self._files = files
        self._problems = problems
        self._show = show
        self._total = max(1, sum(f.size for f in files))
        self._before = 0
        self.hashes: dict[str, str] = {}

    def documents(self) -> Iterator[Document]:
        """Every JSON object, in the order of files and lines."""
        for number, file in enumerate(self._files):
            yield from self._of_file(file, number)
            self._before += file.size
            self._show(self._before / self._total)

    def _of_file(self, file: SourceFile, number: int) -> Iterator[Document]:
        try:
            with file.path.open("rb") as raw:
                hashed = _Hashed(raw)
                with suppress(gzip.BadGzipFile, EOFError, zlib.error), _unpacked(file.path, hashed) as stream:
                    yield from self._of_stream(file, stream, hashed)
                    stream.read(1)  # the end of a packed file is checked when it is reached
                    self.hashes[f"{number:06d} {file.name}"] = hashed.digest()
                    return
        except OSError:
            pass
        self._problems.add(file.name, "unreadable")
        self.hashes[f"{number:06d} {file.name}"] = "unreadable"

    def _of_stream(self, file: SourceFile, stream: IO[bytes], hashed: _Hashed) -> Iterator[Document]:
        if not file.by_lines:
            whole = stream.read(MAX_LINE + 1)
            value = _value(whole.removeprefix(_BOM)) if len(whole) <= MAX_LINE else "too-long"
            if isinstance(value, dict):
                yield Document(place=file.name, value=value)
                return
            first = _value(whole.partition(b"\n")[0].removeprefix(_BOM)[:MAX_LINE])
            if not isinstance(first, dict):
                if whole.strip():
                    self._problems.add(file.name, value)
                return
            stream = _chained(whole, stream)
        for line_number, (line, ended) in enumerate(_lines(stream), start=1):
            yield from self._of_line(f"{file.name}, line {line_number}", line, ended=ended)
            if line_number % 200 == 0:
                self._show((self._before + hashed.count) / self._total)

    def _of_line(self, place: str, line: bytes | None, *, ended: bool) -> Iterator[Document]:
        if line is None:
            self._problems.add(place, "too-long")
            return
        line = line.strip().removeprefix(_BOM)
        if not line:
            return
        value = _value(line)
        if isinstance(value, dict):
            yield Document(place=place, value=value, raw=line)
        else:
            self._problems.add(place, "truncated" if value == "not-json" and not ended else value)


def _lines(stream: IO[bytes]) -> Iterator[tuple[bytes | None, bool]]:
    """Each line and whether a line end closed it; None for one that is too long."""
    while line := stream.readline(MAX_LINE + 1):
        if len(line) <= MAX_LINE or line.endswith(b"\n"):
            yield line, line.endswith(b"\n")
            continue
        while line and not line.endswith(b"\n"):
            line = stream.readline(MAX_LINE)
        yield None, True


def _value(line: bytes) -> dict[str, Any] | str:
    """The JSON object in `line`, or the reason why there is none."""
    try:
        text = line.decode("utf-8")
        value = json.loads(text, parse_constant=_no_constant)
        if b"\\u" in line:
            json.dumps(value, ensure_ascii=False).encode()  # half of a surrogate pair is JSON and no text
    except UnicodeDecodeError:
        return "not-utf8"
    except UnicodeEncodeError:
        return "not-json"
    except ValueError:
        return "not-json"
    except RecursionError:
        return "too-deep"
    if not isinstance(value, dict):
        return "not-an-object"
    return value


def _no_constant(_: str) -> NoReturn:
    raise ValueError("NaN and Infinity are not JSON")


def too_deep(value: object) -> bool:
    """Whether `value` nests deeper than is read. By levels: no recursion."""
    level = [value]
    for _ in range(MAX_DEPTH):
        level = [
            child
            for holder in level
            for child in (holder.values() if isinstance(holder, dict) else holder if isinstance(holder, list) else ())
            if isinstance(child, dict | list)
        ]
        if not level:
            return False
    return True


class _Hashed(io.RawIOBase):
    """A file whose bytes are hashed and counted as they are read."""

    def __init__(self, raw: IO[bytes]) -> None:
        super().__init__()
        self._raw = raw
        self._hash = hashlib.sha256()
        self.count = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = self._raw.read(len(buffer))
        buffer[: len(data)] = data
        self._hash.update(data)
        self.count += len(data)
        return len(data)

    def digest(self) -> str:
        """SHA-256 of the whole file, in hex."""
        while self.read(1 << 20):
            pass
        return self._hash.hexdigest()


def _unpacked(path: Path, hashed: _Hashed) -> IO[bytes]:
    buffered = io.BufferedReader(hashed, 1 << 18)
    return gzip.GzipFile(fileobj=buffered) if _is_packed(path) else buffered  # type: ignore[return-value]


def _chained(start: bytes, rest: IO[bytes]) -> IO[bytes]:
    """A stream of `start` and then `rest`; memory for `start` alone."""
    return io.BufferedReader(_Chain(start, rest), 1 << 18)


class _Chain(io.RawIOBase):
    def __init__(self, start: bytes, rest: IO[bytes]) -> None:
        super().__init__()
        self._parts: list[IO[bytes]] = [io.BytesIO(start), rest]

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        for part in self._parts:
            data = part.read(len(buffer))
            if data:
                buffer[: len(data)] = data
                return len(data)
        return 0
