"""The browser of these tests, and scenes that several tests look at."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from monitor.ledger import Ledger
from tests.monitor.page.browse import CHROMIUM, chromium
from tests.monitor.page.scenes import SCENES, plain_setup
from tests.monitor.serving import serving

SHOWN = 14
"""Spills of a shared scene: enough for a state, few enough to be quick."""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A browser for the tests of one file: while it is open, the event loop of this thread is its own."""
    if not CHROMIUM.exists():
        if os.environ.get("CI"):
            pytest.fail(f"{CHROMIUM} is missing, and in CI a skip is a failure: install chromium")
        pytest.skip(f"{CHROMIUM} is missing: THE PAGE IS NOT TESTED")
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="module")
def scene_port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], int]]:
    """Port of a monitor that shows a scene; nobody writes to its ledger, so it is fresh for the tests of one file."""
    ports: dict[str, int] = {}
    with ExitStack() as stack:

        def port(name: str) -> int:
            if name not in ports:
                folder: Path = tmp_path_factory.mktemp(name)
                url = f"sqlite:///{folder}/ledger.db"
                with Ledger.open(url) as ledger:
                    feed = SCENES[name].prepare(ledger, SHOWN)
                ports[name] = stack.enter_context(serving(url, feed, setup=plain_setup()))
            return ports[name]

        yield port
