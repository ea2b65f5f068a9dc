"""An export process that dies by SIGKILL: the next one goes on where it was, and the chain stays whole."""

import signal
import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cds_service.export.runner import Runner
from cds_service.export.states import State
from tests.support.export_values import DAY, SmallWriter, approving, asked, officers
from tests.support.site import a_clinic

ROOT = Path(__file__).parents[2]
PROCESS = """
import sys, threading, time
from datetime import UTC, datetime
from pathlib import Path
from cds_service.export.orders import Orders
from cds_service.export.runner import Runner
from cds_service.ledger.database import open_database
from cds_service.ledger.keys import load_or_create_keys
from cds_service.ledger.vault import Vault
from cds_service.settings import Settings
from tests.support.export_values import SmallWriter

folder = Path(sys.argv[1])
settings = Settings(data_dir=folder / "state", keys_file=folder / "keys.json", model="none")
orders = Orders(open_database(settings.database), Vault(load_or_create_keys(settings.keys)), settings)

def at_line(line):
    print(line, flush=True)
    time.sleep(600 if line == 2 else 0)

Runner(orders, lambda: SmallWriter(at_line=at_line), now=lambda: datetime.now(UTC)).once(threading.Event())
"""


def test_a_killed_export_goes_on_where_it_was(tmp_path):
    clinic = a_clinic(tmp_path)
    one, other = officers(clinic)
    now = datetime.now(UTC)
    orders = clinic.exports
    ordered = orders.order(asked(now, until=now - DAY), one, now)
    Runner(orders, SmallWriter, now=clinic.now).once(threading.Event())
    ordered = orders.get(ordered.id)
    orders.approve(ordered.id, approving(ordered, other), other, now)
    command = [sys.executable, "-c", PROCESS, str(tmp_path)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        while process.stdout.readline().strip() != "2":
            assert process.poll() is None
        process.send_signal(signal.SIGKILL)
    assert not Runner(orders, SmallWriter, now=clinic.now).once(threading.Event()), "its lease has not run out"
    written = []
    later = datetime.now(UTC) + timedelta(seconds=61)
    after = Runner(orders, lambda: SmallWriter(at_line=written.append), now=lambda: later)
    assert after.once(threading.Event())
    done = orders.get(ordered.id)
    assert done.state is State.DONE
    assert written == [2, 3], "what was written is not written again"
    assert len((Path(done.folder) / "train.jsonl").read_text().splitlines()) == 4
    assert [step.why for step in orders.history(ordered.id)][-3:] == ["begun", "taken-up-again", "written"]
    assert clinic.recorder.verify_audit().valid
