"""The how-to about training data tells what the commands do."""

import re
from pathlib import Path

import pytest

from cds_service.commands.data_build import build
from cds_service.commands.data_synth import synth
from cds_service.commands.evaluate_assessment import assessment
from cds_service.commands.train_model import tune
from cds_service.training.build.outside import clinic_examples, public_examples
from cds_service.training.synth.report import _markdown
from cds_service.training.synth.validity import measure
from tests.unit.training.synth.test_validity import some

DISTRIBUTIONS = measure(some(1), seed=8, show=lambda _step, _share: None).distributions
PAGE = (Path(__file__).parents[3] / "docs" / "how-to" / "make-training-data.md").read_text(encoding="utf-8")


def test_every_option_on_the_page_exists():
    commands = (synth, build, tune, assessment)
    known = {option for command in commands for parameter in command.params for option in parameter.opts}
    named = set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", PAGE))
    assert {"--synthetic", "--clinic", "--public"} <= named <= known


@pytest.mark.parametrize(("read", "begins"), [(clinic_examples, '{"id"'), (public_examples, '{"question"')])
def test_the_lines_on_the_page_are_read(read, begins, tmp_path):
    lines = [line for line in PAGE.splitlines() if line.startswith(begins)]
    (tmp_path / "file.jsonl").write_text("\n".join(lines), encoding="utf-8")
    found = list(read([tmp_path / "file.jsonl"], lambda place, reason: pytest.fail(f"{place}: {reason}")))
    assert len(found) == len(lines) > 0
    assert read is clinic_examples or {e.assistant for e in found} == {"Vitamin C"}


def test_every_section_of_the_validity_report_is_explained():
    report = "\n".join(_markdown(measure(some(3), seed=8, show=lambda _step, _share: None)))
    written = {title.partition(":")[0] for title in re.findall(r"^## (.+)$", report, re.MULTILINE)}
    told = set(re.findall(r"^\| ([A-Z][^|]+?) \|", PAGE, re.MULTILINE))
    assert written - told == {name.capitalize() for name in DISTRIBUTIONS}
