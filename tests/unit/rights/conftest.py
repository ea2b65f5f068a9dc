from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.review_values import settings_in
from tests.support.rights_values import Office
from tests.support.site import a_clinic


@pytest.fixture
def office(tmp_path: Path) -> Office:
    clinic = a_clinic(tmp_path)
    return Office(database=clinic.recorder.database, settings=settings_in(tmp_path), vault=clinic.recorder.vault)
