"""The ``cds-service`` command. Each command builds what it needs and no more; errors end with one clear line."""

from __future__ import annotations

import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from cds_service.commands.alerts import alerts
from cds_service.commands.audit import audit
from cds_service.commands.bench_audit import bench_audit
from cds_service.commands.bench_export import bench_export
from cds_service.commands.bench_import import bench_import
from cds_service.commands.bench_model import bench_model
from cds_service.commands.bench_review import bench_review
from cds_service.commands.client import clear_errors
from cds_service.commands.conformance import conformance
from cds_service.commands.data_build import build
from cds_service.commands.data_notes import notes
from cds_service.commands.data_synth import synth
from cds_service.commands.deid_policy import policy
from cds_service.commands.deidentify import deidentify
from cds_service.commands.evaluate_assessment import assessment
from cds_service.commands.evaluate_bias import bias
from cds_service.commands.evaluate_burden import burden
from cds_service.commands.evaluate_canaries import canaries
from cds_service.commands.evaluate_deid import deid
from cds_service.commands.evaluate_retrieval import retrieval
from cds_service.commands.evaluate_risk import risk
from cds_service.commands.evaluate_safety import safety
from cds_service.commands.evaluate_triage import triage, vignettes
from cds_service.commands.evaluate_wire import wire
from cds_service.commands.export import export
from cds_service.commands.import_records import import_records
from cds_service.commands.keys import keys
from cds_service.commands.model import model
from cds_service.commands.notify import notify
from cds_service.commands.read_settings import read_settings
from cds_service.commands.report import report
from cds_service.commands.rights import hold, opt_out
from cds_service.commands.roll_out import roll_out
from cds_service.commands.sandbox import sandbox
from cds_service.commands.train_model import inject, tune
from cds_service.commands.train_names import names
from cds_service.commands.user import user
from cds_service.commands.validate_local import validate_local
from cds_service.commands.vault import vault
from cds_service.offline import go_offline


def _now() -> datetime:
    return datetime.now(UTC)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="cds-service")
def main() -> None:
    """HL7 FHIR clinical decision support: CDS Hooks, a de-identification gate, a local model.

    Settings are environment variables CDS_*; see docs/reference/settings.md.
    """
    os.umask(0o077)
    go_offline()
    # Threads of the model's engine that wait by spinning would take the core from the one they wait for.
    os.environ.setdefault("GOMP_SPINCOUNT", "2000")


def _prepare(settings: Any) -> None:
    from cds_service import logs
    from cds_service.prepare import prepare
    from cds_service.terminal import progress

    logs.configure(settings.log_level)
    with progress() as show:
        prepare(settings, show)


@main.command()
@clear_errors
def prepare() -> None:
    """Prepare what the service needs: database, model files, guideline index. Does nothing twice."""
    _prepare(read_settings())


@main.command()
@click.option(
    "--host",
    default="127.0.0.1",
    show_default=True,
    help="Address to listen on; another than loopback needs CDS_CLIENTS_FILE and https.",
)
@click.option("--port", default=8080, show_default=True, type=click.IntRange(1, 65535))
@clear_errors
def serve(host: str, port: int) -> None:
    """Prepare what is missing, then answer CDS Hooks until stopped."""
    from cds_service.serve import check_exposure
    from cds_service.serve import serve as run

    settings = read_settings()
    check_exposure(settings, host)
    _prepare(settings)
    scheme = "https" if settings.tls_cert_file else "http"
    who = "registered clients" if settings.clients_file else "direct calls from this machine"
    click.echo(f"Discovery: {scheme}://{host}:{port}/cds-services, for {who}  (stop with Ctrl-C)", err=True)
    sys.exit(run(settings, host=host, port=port))


@main.command()
@clear_errors
def worker() -> None:
    """Run one model worker on the job table until stopped (`serve` starts one by itself)."""
    from cds_service import logs
    from cds_service.worker import run

    settings = read_settings()
    logs.configure(settings.log_level)
    run(settings)


@main.command()
@click.option("--port", default=0, help="Port on loopback; 0 takes a free one.")
@click.option(
    "--stay/--end", default=None, help="Keep the pages open at the end, or not.  [default: in a terminal, stay]"
)
@click.option(
    "--patients",
    default=100,
    show_default=True,
    type=click.IntRange(20, 1000),
    help="Fictional patients of the two weeks before.",
)
@clear_errors
def demo(port: int, stay: bool | None, patients: int) -> None:
    """Start the service over two fictional weeks, play a patient through it, show every step and the pages."""
    from cds_service.demo.play import play

    stay = sys.stdin.isatty() if stay is None else stay
    sys.exit(play(read_settings(), port=port, stay=stay, patients=patients))


@main.command()
@clear_errors
def index() -> None:
    """Build the guideline index and switch to it; say what was taken and refused."""
    from cds_service.prepare import build_guideline_index
    from cds_service.terminal import index_report, progress

    settings = read_settings()
    with progress() as show:
        report = build_guideline_index(settings, show)
    click.echo(index_report(report))
    sys.exit(1 if report.refused else 0)


@main.command()
@clear_errors
def purge() -> None:
    """Delete vault items past their retention and old finished jobs (`serve` does it daily)."""
    from cds_service.bootstrap import open_recorder

    items, jobs = open_recorder(read_settings()).purge(_now())
    click.echo(f"purged {items} vault items, {jobs} finished jobs")


@main.group()
def ledger() -> None:
    """What was shown to clinicians, and what they answered."""


@ledger.command("show")
@click.option("--limit", default=10, show_default=True, type=click.IntRange(1, 1000))
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
@clear_errors
def ledger_show(limit: int, as_json: bool) -> None:
    """The newest answers with their cards and feedback. Holds pseudonyms and no identified word."""
    from cds_service.bootstrap import open_recorder
    from cds_service.terminal import ledger_rows

    rows = open_recorder(read_settings()).recent(limit)
    click.echo(ledger_rows(rows, as_json=as_json))


@main.command()
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@click.option("--check", is_flag=True, help="Write nothing; fail when a page is out of date.")
@clear_errors
def docs(folder: Path, check: bool) -> None:
    """Write the generated reference pages (settings, rules, guidelines, safety checks, policy)."""
    from cds_service.pages import write_pages

    stale = write_pages(folder, check=check)
    for name in stale:
        click.echo(f"{'out of date' if check else 'written'}: {folder / name}")
    if check and stale:
        raise click.ClickException("Generated pages are out of date: run `make docs` and commit them.")


@main.command()
@click.option("--calls", default=60, show_default=True, type=click.IntRange(5, 2000), help="Calls for each figure.")
@click.option("--url", default=None, help="A running service on loopback; without it one is started.")
@clear_errors
def bench(calls: int, url: str | None) -> None:
    """Time hook calls without a model: 1, 8 and 32 clients on one and on two web processes, and the memory."""
    from cds_service.evaluation.bench import run

    run(read_settings(), calls=calls, url=url)


@main.group()
def evaluate() -> None:
    """Measure the parts on data of your own."""


@evaluate.command("mapping")
@click.argument("folders", nargs=-1, required=True, type=click.Path(path_type=Path, exists=True, file_okay=False))
@clear_errors
def evaluate_mapping(folders: tuple[Path, ...]) -> None:
    """What the mapper reads, uses and refuses in folders of FHIR files."""
    from cds_service.evaluation.mapping import render, survey

    for folder in folders:
        render(survey(folder), click.echo)


@main.group()
def data() -> None:
    """Make data to train and measure with."""


@main.group()
def train() -> None:
    """Train models."""


main.add_command(audit)
main.add_command(sandbox)
main.add_command(conformance)
main.add_command(deidentify)
main.add_command(import_records)
main.add_command(policy)
data.add_command(build)
main.add_command(model)
main.add_command(roll_out)
main.add_command(export)
main.add_command(opt_out)
main.add_command(hold)
main.add_command(vault)
main.add_command(keys)
main.add_command(validate_local)
main.add_command(bench_audit)
main.add_command(bench_export)
main.add_command(bench_import)
main.add_command(bench_model)
main.add_command(bench_review)
main.add_command(notify)
main.add_command(alerts)
main.add_command(report)
main.add_command(user)
data.add_command(notes)
data.add_command(synth)
train.add_command(inject)
train.add_command(names)
train.add_command(tune)
evaluate.add_command(assessment)
evaluate.add_command(bias)
evaluate.add_command(burden)
evaluate.add_command(canaries)
evaluate.add_command(deid)
evaluate.add_command(retrieval)
evaluate.add_command(risk)
evaluate.add_command(safety)
evaluate.add_command(triage)
evaluate.add_command(vignettes)
evaluate.add_command(wire)
