"""`cds-service demo` with the real default model: every step is shown, nothing leaves loopback."""

import shutil
import subprocess
import sys

import pytest

from tests.support.processes import environment


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_the_demo_shows_every_step_and_ends_well(tmp_path, packaged_index):
    shutil.copytree(packaged_index, tmp_path / "state" / "demo" / "state" / "index")
    played = subprocess.run(
        [sys.executable, "-m", "cds_service", "demo", "--patients", "20"],
        env=environment(tmp_path, CDS_MODEL="llamacpp"),
        capture_output=True,
        text=True,
        timeout=380,
    )
    assert played.returncode == 0, played.stderr[-2000:]
    for shown in (
        "patient-triage on patient-view",
        "The cards that came at once",
        "Critical: ",
        "de-identified",
        "The job ended as",
        "feedback: accepted",
        "whole.",
        "8  Another patient",
        "9  Clinicians review: http://127.0.0.1:",
        "physician",
    ):
        assert shown in played.stdout, shown
    assert "ready" in played.stdout or "withheld" in played.stdout
    seen_by_model = played.stdout.split("3  The gate")[1].split("4  The model")[0]
    for canary in ("Fictiva", "Ottilie", "Inventa", "00471193", "Imaginary", "1954", "010-0199"):
        assert canary not in seen_by_model
    assert not (tmp_path / "network.log").exists(), (tmp_path / "network.log").read_text()
