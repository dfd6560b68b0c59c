"""What a task has to know: the configuration as text, and what is wanted. It travels as JSON, never as an object."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass

from daq.config import Config
from daq.version import PROGRAM_VERSION


@dataclass(frozen=True, slots=True)
class Work:
    """One replay, the same for all its bursts.

    config : JSON of the configuration
    pairs : whether events with several tracks are looked at; without sealing keys they are not
    products : names in `offline.replay.products`, written for each burst
    into : folder or URL for them
    program : version that every worker has to be of
    """

    config: str
    pairs: bool = True
    products: tuple[str, ...] = ()
    into: str = ""
    program: str = PROGRAM_VERSION

    @classmethod
    def of(cls, config: Config, *, pairs: bool = True, products: tuple[str, ...] = (), into: str = "") -> Work:
        """Work with a configuration."""
        return cls(config.model_dump_json(), pairs, products, into)

    def pack(self) -> str:
        """JSON, the same for the same work."""
        return json.dumps(asdict(self), sort_keys=True)

    @classmethod
    def unpack(cls, text: str) -> Work:
        """Inverse of `pack`."""
        fields = json.loads(text)
        return cls(**{**fields, "products": tuple(fields["products"])})
