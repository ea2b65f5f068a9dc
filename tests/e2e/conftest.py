"""What the tests in a browser share."""

import pytest

from tests.support.browser import chromium


@pytest.fixture(scope="session")
def browser():
    """One Chromium for all."""
    with chromium() as made:
        yield made
