"""An import from its first byte to its folder: read and group, give codes, de-identify patient by patient, write.

The input is read once. What is finished stands in the journal, so a killed run goes on where it was, with the same
codes and so the same bytes; the grouping alone is made again, because its key died with the process. The folder appears
whole.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from cds_service.engines.engine import Engine
from cds_service.importing import output
from cds_service.importing.books import Book
from cds_service.importing.errors import ImportRefused
from cds_service.importing.journal import Journal
from cds_service.importing.manifest import check_manifest
from cds_service.importing.output import Imported
from cds_service.importing.problems import Problems
from cds_service.importing.records import Patient, Wanted
from cds_service.importing.resources import Opener
from cds_service.importing.scratch import Scratch
from cds_service.importing.sources import Reader, SourceFile, source_files
from cds_service.importing.state import CODES, JOURNAL, SCRATCH, Work, publish, working

MOST_BYTES = 64 * 1024 * 1024
"""Most bytes of one patient's resources: a record beyond it is left out, so that memory stays bounded."""

READING, WORKING = "reading", "de-identifying"

Make = Callable[[Patient], Mapping[str, Any]]
"""The work on one patient: `Maker.make`, as the journal keeps it."""


@dataclass(frozen=True, kw_only=True)
class Order:
    """What is imported. `versions`: of all that the bytes depend on; `despite_unread_consents`: go on all the same.

    `client`: whose patients they are, None apart from the clinic's database.
    """

    sources: tuple[Path, ...]
    out: Path
    wanted: Wanted
    versions: Mapping[str, str]
    client: str | None = None
    resume: bool = False
    despite_unread_consents: bool = False


class Importer:
    """Imports on one engine. `book`: makes the book, given the path of the file of codes."""

    def __init__(
        self,
        engine: Engine,
        build: Callable[[], Make],
        book: Callable[[Path], Book],
        *,
        clock: Callable[[], datetime],
        show: Callable[[str, float], None],
    ) -> None:
        self._engine = engine
        self._build = build
        self._book = book
        self._clock = clock
        self._show = show

    def run(self, order: Order) -> Imported:
        """Make the folder of `order`. Raises ImportRefused, CdsError when a worker dies, OSError of the disk."""
        files = source_files(order.sources)
        if not files:
            raise ImportRefused("there is no .json, .jsonl or .ndjson file in what was given")
        asked = {
            "files": [[f.name, f.size] for f in files],
            "versions": dict(order.versions),
            "client": order.client,
            **_plain(order.wanted),
        }
        with working(order.out, asked, resume=order.resume, now=self._clock()) as work:
            book = self._book(work.path(CODES))
            book.begin(work.id, resumed=work.resumed, now=self._clock())
            try:
                done = self._import(order, files, work, book)
            except BaseException:
                book.end(done=False, detail={}, now=self._clock())
                raise
            detail = {"patients": done.patients, "targets": done.clinic, "inputs": done.inputs, "left": done.opted_out}
            book.end(done=True, detail=detail, now=self._clock())
            return done

    def _import(self, order: Order, files: Sequence[SourceFile], work: Work, book: Book) -> Imported:
        problems = Problems()
        with Scratch(work.path(SCRATCH)) as scratch:
            opener, hashes = self._group(files, scratch, problems)
            if work.keep("inputs", hashes) != hashes:
                raise ImportRefused("a file was changed since the import was begun: begin again")
            if problems.counts["unread-consent"] and not order.despite_unread_consents:
                raise ImportRefused(_unread_consents(problems))
            patients = scratch.finish()
            book.consents(scratch.consents(), now=self._clock())
            opted_out = self._name(scratch, book)
            with Journal(work.path(JOURNAL)) as journal:
                self._work(scratch, journal, max(1, patients - opted_out))
                if book.changed(now=self._clock()):
                    opted_out = self._name(scratch, book)
                made = output.write(
                    work,
                    entries=(e for e in journal.entries() if scratch.has(e["code"])),
                    told=output.Told(
                        inputs=hashes,
                        sizes=[f.size for f in files],
                        problems=problems,
                        read=scratch.read,
                        patients=patients,
                        opted_out=opted_out,
                        replaced=scratch.replaced,
                        passed_over=opener.passed_over,
                        asked=_plain(order.wanted),
                        versions=order.versions,
                    ),
                )
        publish(work, order.out)
        return made

    def _group(
        self, files: Sequence[SourceFile], scratch: Scratch, problems: Problems
    ) -> tuple[Opener, dict[str, str]]:
        """Read everything once, into the scratch."""
        reader = Reader(files, problems, lambda share: self._show(READING, share))
        opener = Opener(problems)
        for document in reader.documents():
            check_manifest(document, files, problems)
            for found in opener.resources(document):
                scratch.add(found)
        self._show(READING, 1.0)
        return opener, reader.hashes

    def _name(self, scratch: Scratch, book: Book) -> int:
        """Give every patient a code, or none; how many have none."""
        without = 0
        for n, code in book.codes(scratch.patients(), now=self._clock()):
            scratch.name(n, code)
            without += code is None
        return without

    def _work(self, scratch: Scratch, journal: Journal, total: int) -> None:
        """De-identify every patient that is not finished, in the order of the codes."""

        def waiting() -> Iterator[Patient]:
            for code, n in scratch.coded(journal.last):
                texts = scratch.resources(n, MOST_BYTES)
                yield Patient(code=code, resources=texts or (), too_large=texts is None)

        for made in self._engine.run(self._build, waiting()):
            journal.add(made)
            self._show(WORKING, min(1.0, journal.finished / total))
        self._show(WORKING, 1.0)


def _plain(wanted: Wanted) -> dict[str, Any]:
    """What was asked for, for state and manifest."""
    plain = asdict(wanted)
    times = {name: plain[name].isoformat() if plain[name] else None for name in ("since", "until")}
    return {**plain, **times, "triage": sorted("|".join(code) for code in wanted.triage)}


def _unread_consents(problems: Problems) -> str:
    places = [p.place for p in problems.listed if p.reason == "unread-consent"]
    return (
        "a Consent may be an opt-out, and nobody can tell whose: "
        + "; ".join(places[:5])
        + ". Repair it, or say --despite-unread-consents"
    )
