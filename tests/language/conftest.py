"""One reader for all tests: building it takes most of a second."""

from __future__ import annotations

import pytest

from bot.language import Reader


@pytest.fixture(scope="session", autouse=True)
def reader() -> Reader:
    return Reader()
