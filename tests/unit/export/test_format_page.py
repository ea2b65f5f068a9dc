"""``docs/reference/export-format.md`` names what an export holds."""

import re
from pathlib import Path

from cds_service.export import manifest
from cds_service.export.left_out import Reason
from cds_service.export.prepared import WRITTEN
from cds_service.export.rows import VERSIONS, schema

PAGE = (Path(__file__).parents[3] / "docs" / "reference" / "export-format.md").read_text(encoding="utf-8")
FIRST_CELLS = [line.split("|")[1] for line in PAGE.splitlines() if line.startswith("| `")]
NAMED = {name for cell in FIRST_CELLS for name in re.findall(r"`([^`]+)`", cell)}


def test_every_field_reason_and_file_has_a_line_on_the_page():
    files = {manifest.DATA, manifest.PARQUET, manifest.MANIFEST, manifest.SIGNATURE, manifest.CARD, manifest.RISK,
             manifest.RISK_PAGE, manifest.RISK_FIGURE, manifest.SHEET}  # fmt: skip
    reasons = {r.value for r in Reason} - {Reason.CHECKS.value} | {f"{Reason.CHECKS.value}: CHECK"}
    assert {*schema().names, *reasons, *files} - NAMED == set()


def test_every_written_field_and_version_is_on_the_page():
    assert [name for name in (*WRITTEN, *VERSIONS) if f"`{name}`" not in PAGE] == []
