"""The page, the ledger and what is shown."""

from __future__ import annotations

from daq.config.base import Section, assumed, known


class MonitorConfig(Section):
    """How committed spills are shown. No key here changes a physics number."""

    page_spills: int = known(50, "spills in the table of the page", ge=1, le=1000)
    history_spills: int = known(500, "spills kept for the trend plots", ge=10, le=20000)
    max_viewers: int = known(32, "event streams served at once; one more is refused", ge=1, le=1000)
    viewer_queue: int = known(256, "events waiting for a slow viewer before it is dropped", ge=4, le=100000)
    poll_seconds: float = known(0.2, "the ledger is looked at this often [s]", gt=0, le=5)
    heartbeat_seconds: float = known(5.0, "a quiet event stream says so this often [s]", gt=0, le=60)
    overdue_seconds: float = known(120.0, "without a spill for so long, the state is unknown [s]", gt=0)
    allowed_hosts: tuple[str, ...] = known((), "host names under which viewers may reach the page, besides loopback")
    pot_goals: tuple[float, ...] = known(
        (1.4e17, 1.0e18), "POT lines: 2021 sample; Run 2 goal. Source: CERN-EP-2023-032"
    )
    token_file: str = assumed(
        "", "file (mode 0600) with the token of the operators; empty: nobody may write to the operations log over HTTP"
    )
    posts_per_minute: int = known(5, "log entries and acknowledgements taken over HTTP in a minute", ge=1, le=1000)
    alarm_rows: int = assumed(
        1000,
        "newest rows of the ledger that the alarms are made of, at least; twice as many at most",
        ge=100,
        le=100_000,
    )
    alertmanager_silent_seconds: float = assumed(
        180.0, "Alertmanager reports at least this often; then its silence is told [s]", gt=0
    )
