"""A small valid guideline file that tests bend."""

from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

FIELDS = {
    "id": "swamp-fever",
    "title": "Swamp fever in adults",
    "version": "1",
    "source": "Fictional Swamp Guideline",
    "publisher": "Fictional Society",
    "year": 2024,
    "licence": "Apache-2.0",
    "source_licence": "none",
    "population": {
        "min_age": 18,
        "max_age": None,
        "sex": "any",
        "pregnancy": "any",
        "conditions": ["swamp fever"],
    },
    "clinical_review": "none",
}
BODY = "## Recognition\n\nSwamp fever shows green spots.\n\n## Treatment\n\nRest in a dry place.\n"

Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write `name` into a folder with the valid fields, changed by keyword (None removes a field)."""

    def write(name: str = "swamp.md", *, body: str = BODY, folder: Path | None = None, **changes) -> Path:
        fields = {k: v for k, v in (FIELDS | changes).items() if v is not None}
        folder = folder or tmp_path / "guidelines"
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / name
        path.write_text(f"---\n{yaml.safe_dump(fields)}---\n\n{body}", encoding="utf-8")
        return path

    return write
