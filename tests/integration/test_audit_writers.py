"""Several processes write to one trail, one is killed, another seals: one chain, nothing lost, nothing to mend."""

import subprocess
import sys
from pathlib import Path

from cds_service.ledger.database import open_database
from cds_service.ledger.keys import KeyFile
from cds_service.ledger.migrate import migrate
from cds_service.ledger.seals import Seals
from cds_service.ledger.trail import Wanted, records
from cds_service.ledger.verification import verify_trail

LINES = 6
APPENDER = """
import sys, time
from datetime import UTC, datetime
from cds_service.ledger.audit import AuditEvent, EventKind, append
from cds_service.ledger.database import open_database

database = open_database(sys.argv[1])
for n in range(10**9):
    with database.transaction() as tx:
        event = AuditEvent(kind=EventKind.HOOK_CALL, actor=sys.argv[2], detail={"n": n})
        seq = append(tx, [event], now=datetime.now(UTC))
    print(seq, flush=True)
    time.sleep(0.005)  # SQLite lets whoever asks without a pause have the lock again and again
"""
SEALER = """
import sys, time
from datetime import UTC, datetime
from pathlib import Path
from cds_service.ledger.database import open_database
from cds_service.ledger.keys import KeyFile
from cds_service.ledger.seals import Seals

database = open_database(sys.argv[1])
seals = Seals(KeyFile(Path(sys.argv[2])).open(), Path(sys.argv[3]))
while True:
    with database.transaction() as tx:
        made = seals.seal(tx, now=datetime.now(UTC), actor="operator")
    print(made.last if made else 0, flush=True)
    time.sleep(0.005)
"""


def start(source: str, *arguments: object) -> "subprocess.Popen[str]":
    command = [sys.executable, "-c", source, *map(str, arguments)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def killed(process: "subprocess.Popen[str]", after: int) -> list[int]:
    """What a process told of until it was killed, at whatever it did then, once it had told `after` things."""
    assert process.stdout is not None
    with process.stdout as out:
        told = [int(out.readline()) for _ in range(after)]
        process.kill()
        told += [int(line) for line in out.read().split()]
    process.wait()
    return told


def test_writers_that_are_killed_leave_one_whole_sealed_chain(tmp_path: Path) -> None:
    url, keys, file = f"sqlite:///{tmp_path / 'cds.sqlite3'}", tmp_path / "keys.json", tmp_path / "seals.jsonl"
    migrate(url)
    source = KeyFile(keys).open()
    writers = {name: start(APPENDER, url, name) for name in ("one", "two")}
    sealer = start(SEALER, url, keys, file)
    sealed = killed(sealer, LINES)
    acknowledged = {name: killed(process, LINES) for name, process in writers.items()}
    database = open_database(url)
    seals = Seals(source, file)
    found = verify_trail(database, seals)
    assert found.valid, found.problems
    assert found.status.newest is not None
    assert found.status.newest.last >= max(sealed)
    with database.transaction(write=False) as tx:
        written = {record.seq: record for record in records(tx, Wanted())}
    for name, seqs in acknowledged.items():
        assert [written[seq].actor for seq in seqs] == [name] * len(seqs), "an acknowledged event is lost"
        mine = [record.detail["n"] for record in written.values() if record.actor == name]
        assert mine == list(range(len(mine))), "each process's events stand in its own order"
        assert len(mine) - len(seqs) in (0, 1), "the last may be committed and not yet told"
    assert max(written) == len(written)
    database.close()
