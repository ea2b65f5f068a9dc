"""The benchmark measures real calls on real cases."""

from __future__ import annotations

import re

from click.testing import CliRunner

from cds_service.commands.bench_review import bench_review


def test_every_call_is_timed():
    result = CliRunner().invoke(bench_review, ["--cases", "100", "--times", "5"])
    assert result.exit_code == 0, result.output
    figures = re.findall(r"│ +(\d+\.\d) ", result.output)
    assert len(figures) == 3 * 6
    assert all(float(ms) > 0 for ms in figures)
