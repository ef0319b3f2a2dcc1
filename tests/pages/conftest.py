"""The furnished pages for every test of this folder."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.pages.scene import Scene, scene


@pytest.fixture
async def pages(tmp_path: Path) -> AsyncIterator[Scene]:
    async with scene(tmp_path) as furnished:
        yield furnished
