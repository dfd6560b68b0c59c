"""The table of discovery counts, with the published backgrounds: it gives the published counts."""

from offline.backgrounds.compare import Sum
from offline.backgrounds.published import all_channels
from offline.backgrounds.summary import Total
from offline.report.analysis import Analysis, Wanted
from offline.report.tables_signal import thresholds_table


def of(numbers):
    """Table of totals given as (channel, region) -> (value, error)."""
    totals = [
        Total(channel, region, Sum(value, error, 0.0, 0.0, error, error, None), (), None)
        for (channel, region), (value, error) in numbers.items()
    ]
    return {
        row[0]: row[1:]
        for row in thresholds_table(Analysis(None, None, Wanted(), None, totals, {}, None, [], 1.0)).rows
    }


def test_published_backgrounds_give_the_published_counts():
    """Vulcano talk 2024: 3 and 4 for pi pi, 3 and 5 for pi pi gamma; no convention tried gives the 5."""
    rows = of(
        {key: (row.value, max(row.up, row.down)) for key, row in all_channels().items() if key[0].startswith("pipi")}
    )
    assert rows["pipi_os"] == (3, 4) and rows["pipi_gamma"] == (3, 4)


def test_nothing_expected_gives_no_count():
    assert of({("kk", "SR"): (0.0, 0.0), ("kk", "CR"): (0.1, 0.1)}) == {"kk": (None, None)}
