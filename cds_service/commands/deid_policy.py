"""`cds-service policy`: what the de-identification policy lets pass, for the person who signs for it."""

from __future__ import annotations

from pathlib import Path

import click

from anonymization.policy import PROFILES


@click.group()
def policy() -> None:
    """Show and compare de-identification policies."""


@policy.command()
@click.argument("name", type=click.Choice(list(PROFILES)), default="safe-harbor-prompts")
@click.option(
    "--file", "path", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="A policy of your own."
)
def show(name: str, path: Path | None) -> None:
    """Every line of the packaged profile NAME as Markdown, or of a FILE, which is checked on the way."""
    from anonymization.errors import PolicyError
    from anonymization.page import profile_page
    from anonymization.policy import Policy, template

    try:
        click.echo(profile_page(Policy.read(path) if path else template(name)))
    except PolicyError as error:
        raise click.ClickException(str(error)) from None


@policy.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--source", help="Where the configuration is from, for the head of the page.")
def compare(file: Path, source: str | None) -> None:
    """Compare the Safe Harbor profiles with FILE, a configuration of Microsoft's FHIR anonymizer, rule by rule."""
    from anonymization.comparison import Configuration
    from anonymization.comparison_page import SAMPLE, comparison_page
    from anonymization.errors import PolicyError
    from anonymization.policy import packaged_policy

    policies = [packaged_policy(), packaged_policy("safe-harbor-exports")]
    try:
        click.echo(comparison_page(Configuration.read(file), policies, source or SAMPLE), nl=False)
    except PolicyError as error:
        raise click.ClickException(str(error)) from None
