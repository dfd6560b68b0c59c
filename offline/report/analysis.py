"""The whole analysis of a sample: backgrounds, what was opened, limits. Numbers only; the page is made from them."""

from __future__ import annotations

from dataclasses import dataclass

from daq.config import Config
from daq.errors import ConfigError
from offline.backgrounds.summary import Backgrounds, Total, backgrounds, totals
from offline.report.limits import SPANS, ModelLimit, Span, model_limit
from offline.report.opened import NOTHING, Opened
from offline.report.sample import Sample
from offline.signal.effort import Effort
from offline.statistics.background import Background

CHANNEL_OF = {"mumu": "mumu_os", "ee": "ee_os", "pipi": "pipi_os", "kk": "kk"}
"""Channel of the backgrounds -> of the signal."""

SEALED_OF = {"mumu": "mumu", "ee": "ee", "pipi": "pipi", "kk": "kk"}


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a report is to hold beside the sample.

    models : (model, final state) pairs of `SPANS`
    points : masses and couplings of a plane, each
    pot : protons that the limits are for; None: those of the sample
    """

    models: tuple[tuple[str, str], ...] = (("photon", "mumu"),)
    points: int = 40
    pot: float | None = None
    effort: Effort | None = None
    seed: int = 1

    def __post_init__(self) -> None:
        for model in self.models:
            if model not in SPANS:
                known = ", ".join("/".join(name) for name in SPANS)
                msg = f"analysis: no model {'/'.join(model)}; wanted one of {known}"
                raise ConfigError(msg)
        if self.points < 2 or (self.pot is not None and not self.pot > 0):
            msg = f"analysis: {self.points} points and {self.pot} protons; wanted 2 points or more and protons above 0"
            raise ConfigError(msg)


@dataclass(frozen=True, slots=True)
class Analysis:
    """Everything a report says.

    opened : (sealed channel, region) -> count, of exactly the spills of the search sample
    log : all that was opened, whatever its spills
    pot_limits : protons that the limits are for
    """

    sample: Sample
    config: Config
    wanted: Wanted
    found: Backgrounds
    totals: list[Total]
    opened: dict[tuple[str, str], int]
    log: Opened
    limits: list[ModelLimit]
    pot_limits: float


def analyse(sample: Sample, config: Config, wanted: Wanted, log: Opened = NOTHING) -> Analysis:
    """Run the analysis; `log`: what an audited ledger has opened."""
    found = backgrounds(sample.search, sample.control, config, sample.pot, wanted.seed)
    sums = totals(found)
    opened = log.counts(sample.bursts)
    pot = wanted.pot or sample.pot
    limits = [_limit(config, model, wanted, pot, sample, sums, opened) for model in wanted.models] if pot > 0 else []
    return Analysis(sample, config, wanted, found, sums, opened, log, limits, pot)


def _limit(
    config: Config, model: tuple[str, str], wanted: Wanted, pot: float, sample: Sample, sums: list[Total],
    opened: dict[tuple[str, str], int],
) -> ModelLimit:  # fmt: skip
    total = next(s.total for s in sums if (s.channel, s.region) == (CHANNEL_OF[model[1]], "SR"))
    scale = pot / sample.pot if sample.pot > 0 else 1.0
    # one error for both sides, the larger one: the law of a background has no other
    background = Background(total.value * scale, max(total.down, total.up) * scale if total.value > 0 else 0.0)
    # a count belongs to the protons it was taken with, and to no other number of them
    n_obs = opened.get((SEALED_OF[model[1]], "SR")) if wanted.pot in (None, sample.pot) else None
    span = Span(*SPANS[model], wanted.points)
    return model_limit(config, model, span, pot, background, n_obs=n_obs, effort=wanted.effort)
