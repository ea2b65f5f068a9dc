"""A test message: what an operator sends before the clinic relies on a channel."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from cds_service.commands.notify import notify
from cds_service.errors import ConfigurationError
from cds_service.ledger.audit import EventKind
from cds_service.notify.trial import try_channel
from tests.support.ledger_values import NOW
from tests.support.receivers import mail_receiver
from tests.unit.notify.conftest import MakeWard

MAIL = """
[[channel]]
kind = "email"
name = "duty"
host = "127.0.0.1"
port = {}
security = "plain"
sender = "cds@clinic.example"
to = ["duty@clinic.example"]
"""


def test_the_command_sends_it_and_tells_in_one_line_what_became_of_it(make_ward: MakeWard, tmp_path: Path) -> None:
    with mail_receiver() as receiver:
        ward = make_ward(MAIL.format(receiver.port))
        environment = {
            "CDS_DATA_DIR": str(tmp_path / "state"),
            "CDS_KEYS_FILE": str(tmp_path / "keys.json"),
            "CDS_DATABASE_URL": f"sqlite:///{tmp_path / 'cds.sqlite3'}",
            "CDS_NOTIFY_FILE": str(ward.settings.notify_file),
        }
        sent = CliRunner().invoke(notify, ["test", "--channel", "duty"], env=environment)
        receiver.codes = ["550 canary words"]
        refused = CliRunner().invoke(notify, ["test", "--channel", "duty"], env=environment)
    assert (sent.exit_code, sent.output) == (0, "duty: sent\n")
    assert (refused.exit_code, refused.output) == (1, "Error: duty: not sent (smtp-550)\n")


def test_a_server_that_breaks_the_conversation_is_audited_too(make_ward: MakeWard, monkeypatch: Any) -> None:
    def broken(*_args: object, **_kwargs: object) -> None:
        raise RuntimeError("canary words")

    ward = make_ward(MAIL.format(9))
    monkeypatch.setattr("cds_service.notify.mail.Mail.send", broken)
    trial = try_channel(ward.database, ward.settings, "duty", NOW)
    assert (trial.sent, trial.problem) == (False, "crashed")
    assert ward.audited(EventKind.NOTIFICATION) == 1


def test_a_test_message_says_that_it_is_one_and_is_audited(make_ward: MakeWard) -> None:
    with mail_receiver() as receiver:
        ward = make_ward(MAIL.format(receiver.port))
        assert try_channel(ward.database, ward.settings, "duty", NOW).sent
        receiver.codes = ["550 no"]
        assert try_channel(ward.database, ward.settings, "duty", NOW).problem == "smtp-550"
        with pytest.raises(ConfigurationError):
            try_channel(ward.database, ward.settings, "another", NOW)
    assert receiver.mails[0]["Subject"] == "Test: no patient waits"
    assert ward.audited(EventKind.NOTIFICATION) == 2
