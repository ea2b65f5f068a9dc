"""`cds-service data build`: a training set of generated cases, clinic records and public question sets."""

from __future__ import annotations

import math
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cds_service.commands.client import clear_errors
from cds_service.commands.writing import writing

if TYPE_CHECKING:
    from cds_service.stations import Stations

FILE = click.Path(path_type=Path, exists=True, dir_okay=False)


@click.command("build")
@click.argument("out", type=click.Path(path_type=Path, file_okay=False, writable=True))
@click.option("--synthetic", type=FILE, multiple=True, help="Cases of `cds-service data synth`.")
@click.option("--clinic", type=FILE, multiple=True, help="De-identified reviewed cases in chat format, with `patient`.")
@click.option("--public", type=FILE, multiple=True, help="Question sets: question, options, answer.")
@click.option("--shares", default="70,20,10", show_default=True, help="Percent synthetic, clinic, public.")
@click.option("--most", type=click.IntRange(1), help="Most examples of a part, twins not counted.")
@click.option("--twins", "twin_share", type=click.FloatRange(0, 1), default=0.4, show_default=True,
              help="Share of synthetic cases that get a counterfactual twin of other sex or age.")  # fmt: skip
@click.option("--style", type=click.Choice(["compact", "worked"]), default="compact", show_default=True,
              help="Form of the prompt that the model will be served with.")  # fmt: skip
@click.option("--encoding", type=click.Choice(["json", "tagged"]), default="json", show_default=True,
              help="Encoding of the output contract: `tagged` for T5-like tokenizers.")  # fmt: skip
@clear_errors
def build(
    out: Path,
    synthetic: tuple[Path, ...],
    clinic: tuple[Path, ...],
    public: tuple[Path, ...],
    shares: str,
    most: int | None,
    twin_share: float,
    style: str,
    encoding: str,
) -> None:
    """Write train, validation and test files in chat format into OUT, with a manifest and a data card.

    Parts are disjoint by patient and condition family. A record of the clinic in which the leak check finds an
    identifier refuses the whole set.
    """
    from cds_service.commands.own_road import own_road
    from cds_service.commands.read_settings import read_settings
    from cds_service.inference.contract import Encoding
    from cds_service.inference.style import Style
    from cds_service.settings import Setting
    from cds_service.terminal import progress
    from cds_service.training.build.build import Wanted
    from cds_service.training.build.build import build as write
    from cds_service.training.chat import SOURCES

    if not (synthetic or clinic or public):
        raise click.UsageError("Give at least one of --synthetic, --clinic and --public.")
    wanted = Wanted(
        synthetic=synthetic,
        clinic=clinic,
        public=public,
        shares=dict(zip(SOURCES, _shares(shares), strict=True)),
        most=most,
        twin_share=twin_share,
        style=Style(style),
        encoding=Encoding(encoding),
    )
    with writing(), progress() as show, ExitStack() as stack:

        def stations() -> Stations:
            return stack.enter_context(own_road(read_settings(), show)).under(Setting.FAMILY_PRACTICE)

        manifest = write(out, wanted, stations, made=datetime.now(UTC), show=show)
    for name, counted in manifest["files"].items():
        sources = ", ".join(f"{source} {count}" for source, count in counted["sources"].items())
        click.echo(f"{name:<17} {counted['examples']:>6} examples, {counted['twins']} of them twins ({sources})")
    if manifest["set_aside"]:
        aside = ", ".join(f"{source} {count}" for source, count in manifest["set_aside"].items())
        click.echo(f"Set aside to keep the mix (--shares) or the bound (--most): {aside}")
    if manifest["left_out"]:
        click.echo(f"{len(manifest['left_out'])} lines or examples were left out; manifest.json names each.")
    click.echo(f"Card: {out / 'card.md'}")


def _shares(text: str) -> tuple[float, ...]:
    try:
        shares = tuple(float(part) for part in text.split(","))
    except ValueError:
        shares = ()
    if len(shares) != 3 or not all(math.isfinite(s) and s >= 0 for s in shares) or not any(shares):
        raise click.BadParameter("three percentages, synthetic,clinic,public, such as 70,20,10", param_hint="--shares")
    return tuple(share / sum(shares) for share in shares)
