"""The two how-to pages name options and commands that exist."""

import re
from pathlib import Path

import pytest

from cds_service.cli import main
from cds_service.commands.conformance import conformance
from cds_service.commands.sandbox import sandbox

HOW_TO = Path(__file__).parents[3] / "docs" / "how-to"


@pytest.mark.parametrize(
    ("page", "commands"),
    [("try-it-with-the-sandbox.md", (sandbox,)), ("check-conformance.md", (conformance, sandbox))],
)
def test_every_option_on_the_page_exists(page, commands):
    known = {option for command in commands for parameter in command.params for option in parameter.opts}
    named = set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", (HOW_TO / page).read_text()))
    assert named
    assert named <= known


def test_the_searches_that_are_said_to_be_answered_are():
    from cds_service.sandbox.search import DATES, REFERENCES, TOKENS

    page = (HOW_TO / "try-it-with-the-sandbox.md").read_text()
    for name in (*DATES, *REFERENCES, *TOKENS):
        assert f"`{name}`" in page


@pytest.mark.parametrize("command", ["sandbox", "conformance"])
def test_both_commands_hang_on_the_main_command(command):
    assert command in main.commands
