"""Rules for all tests: no deadline on a shared machine, and in CI a skipped test is a failed run."""

import os

import pytest
from hypothesis import settings

settings.register_profile("dumpwatch", deadline=None, print_blob=True)
settings.load_profile("dumpwatch")


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    skipped = reporter.stats.get("skipped", []) if reporter else []
    if os.environ.get("CI") and skipped and exitstatus == 0:
        reporter.write_line(f"{len(skipped)} tests were skipped; in CI that is a failure", red=True)
        session.exitstatus = 1
