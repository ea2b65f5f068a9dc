"""The pages over real parts: a SQLite file, accounts, sessions, and a browser that is signed in."""

from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from argon2 import PasswordHasher
from flask import Flask

from cds_service.accounts import sessions
from cds_service.accounts.roles import Role
from cds_service.accounts.store import Accounts
from cds_service.app import _finish, _handle_errors
from cds_service.clinic import Clinic
from cds_service.ledger.database import open_database
from cds_service.ledger.keys import load_or_create_keys
from cds_service.ledger.migrate import migrate
from cds_service.ledger.vault import Vault
from cds_service.recorder import Recorder
from cds_service.settings import Settings
from cds_service.web.site import face
from cds_service.web.site.cookies import Cookies

PASSWORD = "brass kettle under nine larches"
"""Keeps the rules."""

CHEAP = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)
"""As argon2 is not to be used outside tests."""


def site_settings(folder, **changed):
    """Settings with all state in `folder`."""
    return Settings(data_dir=folder / "state", keys_file=folder / "keys.json", model="none", **changed)


@cache
def _migrated():
    """A database without rows: made once a process, because making it takes longer than most tests."""
    with TemporaryDirectory() as folder:
        file = Path(folder) / "cds.sqlite3"
        migrate(f"sqlite:///{file}")
        return file.read_bytes()


def a_clinic(folder, *, now=lambda: datetime.now(UTC), **changed):
    """The parts behind the pages over a new database in `folder`, with `changed` settings."""
    settings = site_settings(folder, **changed)
    settings.data_dir.mkdir(mode=0o700, exist_ok=True)
    file = settings.data_dir / "cds.sqlite3"
    file.touch(mode=0o600)
    file.write_bytes(_migrated())
    database = open_database(settings.database)
    recorder = Recorder(database, Vault(load_or_create_keys(settings.keys)), settings)
    clinic = Clinic(settings=settings, recorder=recorder, now=now)
    clinic.accounts = Accounts(database, settings=settings, hasher=CHEAP)
    return clinic


def site_app(clinic):
    """An application of the pages alone, with the errors and headers that the whole one has."""
    app = Flask("cds_service", static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = clinic.settings.max_body_bytes
    face.install(app, clinic)
    _finish(app, cors_origins=(), https=clinic.settings.external_url.startswith("https:"))
    _handle_errors(app)
    return app


def a_member(clinic, role=Role.NURSE, *, name=None, shown="Nora Quill", password=None):
    """Somebody with an account in this role (for a second one in a role, give a `name`)."""
    made = clinic.accounts.add(
        name or role.value, role=role, shown=shown, password=password, must_change=False, now=clinic.now()
    )
    return made.member


def sign_in(client, clinic, member):
    """Give `client` a session of `member`, as after a sign-in. Returns the secret of the session."""
    with clinic.recorder.database.transaction() as tx:
        token = sessions.start_in(tx, member.account, clinic.now())
    client.set_cookie(Cookies(clinic.settings).session, token, secure=clinic.settings.external_url.startswith("https"))
    return token


def csrf_of(client, path="/sign-in"):
    """A form token that this browser may use, taken from the page at `path`."""
    page = client.get(path).get_data(as_text=True)
    return page.split('name="csrf_token" value="')[1].split('"')[0]


def site_client(folder, role=Role.NURSE, *, clinic=None, app=None, **changed):
    """A browser that is signed in as a new member of `role`. Returns client and member.

    `clinic`, `app`: instead of new ones in `folder`. Post with ``data={"csrf_token": csrf_of(client, path), …}``.
    """
    clinic = clinic or a_clinic(folder, **changed)
    client = (app or site_app(clinic)).test_client()
    member = a_member(clinic, role)
    sign_in(client, clinic, member)
    return client, member
