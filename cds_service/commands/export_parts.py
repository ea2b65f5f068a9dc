"""What the commands of exports share: the parts they work with, who acts, and what they print."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cds_service.commands.password import read_password
from cds_service.commands.read_settings import read_settings

if TYPE_CHECKING:
    from cds_service.accounts.roles import Member
    from cds_service.export.ordered import Ordered
    from cds_service.export.orders import Orders
    from cds_service.export.runner import Writer
    from cds_service.export.values import Preview
    from cds_service.ledger.database import Database
    from cds_service.ledger.vault import Vault
    from cds_service.settings import Settings


class Opened:
    """What the commands work with, over one open database."""

    def __init__(self, settings: Settings, database: Database, vault: Vault) -> None:
        from cds_service.export.orders import Orders

        self.settings = settings
        self.orders: Orders = Orders(database, vault, settings)
        self._database = database
        self._vault = vault

    def writer(self) -> Writer:
        """What writes exports: the gate and the index are loaded here, when there is work."""
        from cds_service.bootstrap import open_exporter

        return open_exporter(self._database, self._vault, self.settings)

    @contextmanager
    def member(self, name: str, password_file: Path | None) -> Iterator[Member]:
        """Who acts, by the password of their account; signed out again at the end."""
        from cds_service.accounts.store import Accounts

        accounts = Accounts(self._database, settings=self.settings)
        entry = accounts.sign_in(name, read_password(password_file), now=now())
        try:
            if entry.must_change:
                raise click.ClickException("Sign in on the page and set a password of your own first.")
            yield entry.member
        finally:
            accounts.sign_out(entry.token, entry.member, now=now())


@contextmanager
def open_exports(settings: Settings | None = None) -> Iterator[Opened]:
    """The parts, without anything that only work needs. Raises ConfigurationError for another database's keys."""
    from cds_service.ledger.database import open_database
    from cds_service.ledger.keys import open_keys
    from cds_service.ledger.migrate import migrate
    from cds_service.ledger.vault import Vault

    settings = settings or read_settings()
    migrate(settings.database)
    with closing(open_database(settings.database)) as database:
        vault = Vault(open_keys(settings))
        with database.transaction(write=False) as tx:
            vault.check_keys(tx)
        yield Opened(settings, database, vault)


def now() -> datetime:
    """The clock of the commands."""
    return datetime.now(UTC)


def public_keys(file: Path | None) -> dict[str, bytes]:
    """What verifies an export, by id of the key: of `file`, else of this clinic's key file."""
    from cds_service.ledger.keys import load_keys

    if file is None:
        return load_keys(read_settings().keys).public_keys()
    try:
        return {str(name): bytes.fromhex(key) for name, key in json.loads(file.read_text(encoding="utf-8")).items()}
    except (OSError, ValueError, AttributeError, TypeError):
        raise click.ClickException("The file of public keys cannot be read.") from None


def tell(it: Ordered) -> None:
    """Print where an order is, and its counts."""
    click.echo(f"{it.id}: {it.state.value}" + (f" ({it.reason})" if it.reason else ""))
    if it.cases is not None:
        click.echo(f"  preview: {it.cases} cases")
    if it.rows is not None:
        click.echo(f"  {it.rows} cases of {it.subjects} people in {it.folder}")
        click.echo(f"  left out: {_counts(it.left_out)}")


def show_preview(shown: Preview) -> None:
    """Print what a preview shows, rows and all."""
    from cds_service.web.site.export_words import risk

    counts = shown.counts
    click.echo(f"{counts.cases} cases of {counts.subjects} people may be taken.")
    click.echo(f"Of {shown.looked_at} that were looked at, {shown.would_leave} would leave.")
    for title, found in (
        ("By priority", counts.by_priority), ("By decision", counts.by_verdict), ("Left out", counts.left_out),
    ):  # fmt: skip
        click.echo(f"{title}:")
        for name, count in found.items():
            click.echo(f"  {name} {count}")
    click.echo(f"Risk of those that would leave, where the smallest group should be {shown.risk['threshold']}:")
    for figure in risk(shown.risk):
        click.echo(f"  {figure.title}: {figure.before} as the rows are, {figure.after} made broader")
    for number, row in enumerate(shown.rows, 1):
        click.echo(f"Row {number}: {json.dumps(dict(row), ensure_ascii=False, indent=1)}")


def _counts(found: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in found.items()) or "none"
