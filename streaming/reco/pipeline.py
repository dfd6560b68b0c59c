"""From an event frame to public counts: the same function online and offline."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from daq.config.channels import ChannelsConfig
from daq.config.reco import GateConfig, RecoConfig, RegionsConfig
from daq.frame import EventFrame, take_events
from daq.units import MM_PER_M
from streaming.gate import Findings, publish
from streaming.headers import digest_headers
from streaming.mask_check import check_lines, check_mask
from streaming.masked import Masked
from streaming.reco.arrays import F64, I8, I64, Flags
from streaming.reco.channels import photon_rows
from streaming.reco.find import Found, Selection
from streaming.reco.frames import checked, one_event, warm_frame
from streaming.reco.pairs import TrackPairs
from streaming.records import FrameRecords, Places, good_singles, joined, visible_pairs
from streaming.regions import classify, mask_bounds, mask_pairs, region_table
from streaming.reject import strip_frame
from streaming.tally import Tally


@dataclass(frozen=True, slots=True, eq=False)
class FrameResult:
    """What leaves the gate for one frame.

    headers_digest : identity of the headers; the same whatever the events hold
    """

    tally: Tally
    masked: Masked = field(repr=False)
    headers_digest: bytes


class Reconstruction:
    """The selections, the regions and the gate with their configuration; holds no state between frames."""

    def __init__(
        self,
        cfg: RecoConfig,
        regions: RegionsConfig,
        gate: GateConfig,
        channels: ChannelsConfig | None = None,
        *,
        several: bool = True,
    ) -> None:
        self._selection = Selection(cfg, channels)
        self._policy = (regions, gate)
        # without sealing keys every event with several tracks is as a crowded one: stripped without being looked at
        self._max_tracks = gate.max_tracks if several else 1
        self._bounds = mask_bounds(regions, gate)
        self._table = region_table(regions)

    def warm(self) -> None:
        """Compile every kernel and test the compiled mask.

        Raises
        ------
        PolicyError
            The mask is not what the configuration says; nothing may be analysed.
        """
        check_mask(*self._policy, self._bounds)
        check_lines(*self._policy, self._mask_lines)
        frame = checked(warm_frame())
        digest_headers(frame)
        publish(frame, self._find(frame))  # not `analyse`: a kernel that does not compile must be seen here

    def analyse(self, frame: EventFrame) -> FrameResult:
        """Reconstruct, classify and count one frame.

        Whatever is in an event, nothing is raised for it: an event that cannot be analysed counts as not selected.

        Raises
        ------
        DataError
            The columns of the frame do not fit together; no event was looked at.
        """
        frame = checked(frame)
        digest = digest_headers(frame)
        try:
            tally, masked = publish(frame, self._find(frame))
        except Exception:  # noqa: BLE001 - the text of an error inside the gate could carry what it hides
            tally, masked = self._one_by_one(frame)
        return FrameResult(tally, masked, digest)

    def stripped(self, frame: EventFrame) -> Flags:
        """Tell which events of a frame are stripped: bool (n_events,); the same ones as in `analyse`.

        Raises
        ------
        DataError
            As `analyse`.
        """
        frame = checked(frame)
        try:
            return self._find(frame).stripped
        except Exception:  # noqa: BLE001 - as in `analyse`
            return np.concatenate([found.stripped for _, found in self._each(frame)])

    def records(self, frame: EventFrame) -> FrameRecords:
        """Events that may be shown, one by one: the kept ones with several tracks, and single tracks.

        Raises
        ------
        DataError
            As `analyse`.
        """
        frame = checked(frame)
        try:
            return self._records(frame)
        except Exception:  # noqa: BLE001 - as in `analyse`
            return self._records_one_by_one(frame)

    def _records(self, frame: EventFrame) -> FrameRecords:
        found = self._selection.find(frame, self._max_tracks)
        pairs = visible_pairs(frame, found, self._stripped(found), self._places(found))
        return FrameRecords(pairs, good_singles(frame, self._selection.find_singles(frame), self._selection.cuts))

    def _records_one_by_one(self, frame: EventFrame) -> FrameRecords:
        parts = [self._records(take_events(frame, np.arange(0)))]
        for i in range(frame.n_events):
            try:
                parts.append(self._records(one_event(frame, i)))
            except Exception:  # noqa: BLE001, S112 - as in `analyse`, which counts it as not selected
                continue
        return joined(parts)

    def _one_by_one(self, frame: EventFrame) -> tuple[Tally, Masked]:
        tally, masked = Tally.zero(), Masked.zero()
        for event, found in self._each(frame):
            try:
                one, hidden = publish(event, found)
            except Exception:  # noqa: BLE001 - as in `analyse`
                one, hidden = publish(checked(strip_frame(event, np.ones(1, np.bool_))), _rejected())
            tally.add(one)
            masked.add(hidden)
        return tally, masked

    def _each(self, frame: EventFrame) -> Iterator[tuple[EventFrame, Findings]]:
        for i in range(frame.n_events):
            event = one_event(frame, i)
            try:
                yield event, self._find(event)
            except Exception:  # noqa: BLE001 - as in `analyse`
                yield event, _rejected()

    def _find(self, frame: EventFrame) -> Findings:
        found = self._selection.find(frame, self._max_tracks)
        chosen, places = found.chosen, self._places(found)
        tax_of = _with_none(found.tax)[chosen.pair]
        z_vertex = _with_none(found.vertices.vertex[:, 2])[chosen.pair] / MM_PER_M
        values = np.stack((z_vertex, chosen.delta_t, tax_of[:, 0] / MM_PER_M, tax_of[:, 1]), axis=1)
        return Findings(found.pairs.events, self._stripped(found), found.channel, places.inside, places.side, values)

    def _places(self, found: Found) -> Places:
        """Region of each candidate, from its own line."""
        pair, channel, m = found.chosen.pair, found.channel, len(found.channel)
        # the last row stands for "no pair" (index -1); it is never read where there is one vertex
        place = np.where(photon_rows()[channel, None], found.line, _with_none(found.tax)[pair])
        places = Places(np.full(m, -1), np.full(m, -1))
        classify(place, _with_none(found.mass_pipi)[pair], channel, self._table, places.inside, places.side)
        return places

    def _stripped(self, found: Found) -> Flags:
        """Tell which events of a frame are masked or not fit to be shown."""
        pairs, chosen, pid = found.pairs, found.chosen, found.tracks.pid
        # own columns: a kernel is compiled for the layout, and the self-test of the mask has to run the same code
        charge, hidden = np.ascontiguousarray(pairs.state[:, 6]), np.empty(len(pairs.first), np.bool_)
        mask_pairs(found.tax, found.mass_pipi, pairs.first, pairs.second, charge, pid, self._bounds, hidden)
        hidden_line = self._mask_lines(pairs, chosen.pair, found.line, found.mass_pipi, pid)
        return _stripped_events(pairs, hidden, hidden_line | (chosen.pair < 0))

    def _mask_lines(self, pairs: TrackPairs, pair: I64, line: F64, mass: F64, pid: I8) -> Flags:
        """Mask the line of a candidate with its photons by the same predicate as that of its two tracks."""
        hidden, charge = np.ones(len(pair), np.bool_), np.ascontiguousarray(pairs.state[:, 6])
        some = np.flatnonzero(pair >= 0)
        k, out = pair[some], np.empty(len(some), np.bool_)
        mask_pairs(line[some], mass[k], pairs.first[k], pairs.second[k], charge, pid, self._bounds, out)
        hidden[some] = out
        return hidden


def _with_none(values: F64) -> F64:
    """The values of all pairs, and a row of NaN behind them."""
    return np.concatenate((values, np.full((1, *values.shape[1:]), np.nan)))


def _stripped_events(pairs: TrackPairs, hidden: Flags, unfit: Flags) -> Flags:
    """Events with several tracks that are crowded, have any masked pair, or are unfit.

    unfit : bool (m,)    events without exactly one vertex, or with a masked line
    """
    stripped = pairs.crowded.copy()
    if len(pairs.events):
        masked = np.logical_or.reduceat(hidden, pairs.pair_first[:-1])
        stripped[pairs.events] = masked | unfit
    return stripped


def _rejected() -> Findings:
    none = np.empty(0, np.int64)
    return Findings(none, np.ones(1, np.bool_), none, none, none, np.empty((0, 4)))
