"""One recorded burst to its public row: the same functions as live, in one call, without a wire."""

from __future__ import annotations

import json
import zlib
from dataclasses import dataclass, field
from functools import lru_cache
from typing import NamedTuple

from daq.config import Config
from daq.recording import RecordedBurst
from monitor.services.booking import make_spill
from monitor.spill import Spill
from offline.replay.digests import with_digests
from offline.replay.fold import analyse_frames, close_burst
from offline.replay.place import at_hand
from offline.replay.products import Counted, write_products
from offline.replay.work import Work
from streaming.reco.pipeline import Reconstruction
from streaming.services.producer import torn_eob
from streaming.tally import Tally


@dataclass(frozen=True, slots=True)
class CountedBurst:
    """What one recording gave. Public: masked counts were thrown away."""

    spill: Spill
    tally: Tally
    note: str = ""
    """What a person should know about how it was counted."""
    products: dict[str, str] = field(default_factory=dict)
    """Where each product was written."""

    def pack(self) -> bytes:
        """One line of JSON and the compressed tally; the same for the same counts, wherever it was counted."""
        facts = {"note": self.note, "products": self.products}
        head = json.dumps({"spill": self.spill.model_dump(mode="json"), **facts})  # order of keys is content
        return head.encode() + b"\n" + zlib.compress(self.tally.pack(), 1)

    @classmethod
    def unpack(cls, data: bytes) -> CountedBurst:
        """Inverse of `pack`.

        Raises
        ------
        ValueError
            Something else.
        """
        head, _, packed = data.partition(b"\n")
        said = json.loads(head)
        try:
            tally = Tally.unpack(zlib.decompress(packed))
        except zlib.error as error:
            msg = f"counted burst: {error}; peers run different versions"
            raise ValueError(msg) from None
        return cls(Spill.model_validate(said.pop("spill")), tally, **said)


class Counter(NamedTuple):
    """A warm reconstruction and its configuration."""

    config: Config
    reconstruction: Reconstruction


def count_burst(place: str, work: Work) -> CountedBurst:
    """Count one recorded burst.

    Parameters
    ----------
    place : local path, or URL that fsspec opens
    work : configuration, and what is to be written beside the counts

    Raises
    ------
    RecordingError
        The recording can't be read at all; damaged frames are named in the spill instead.
    PolicyError
        It was taken with another mask.
    StoreError
        Its numbers contradict each other.
    """
    config, reconstruction = counter(work.config, pairs=work.pairs)
    with at_hand(place) as path:
        recorded = RecordedBurst(path)
        try:
            sob, note = with_digests(recorded.sob, config, path)
            eob = recorded.eob or torn_eob(recorded)
            frames = analyse_frames(recorded, eob, reconstruction, config.streaming.max_attempts)
            burst = close_burst(sob, eob, frames)
            spill = make_spill(burst, sealed=work.pairs)
            seqs = [result.seq for result in frames.results]
            products = write_products(work, Counted(spill, work.into, config, reconstruction, recorded, seqs))
            # a replay seals nothing: what is masked ends here
            burst.masked.discard()
            frames.discard()
        finally:
            recorded.close()
    return CountedBurst(spill, burst.tally, note, products)


@lru_cache(maxsize=2)
def counter(config: str, *, pairs: bool) -> Counter:
    """Give the reconstruction of a configuration with its kernels compiled, one in a process."""
    parsed = Config.model_validate_json(config)
    reconstruction = Reconstruction(parsed.reco, parsed.regions, parsed.gate, parsed.channels, several=pairs)
    reconstruction.warm()
    return Counter(parsed, reconstruction)
