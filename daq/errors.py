"""Every error this program raises on purpose.

::

    DumpwatchError
      + ConfigError          the configuration or an option is wrong               (exit 2)
      + DataError            bytes or records that cannot be what they claim
        - WireError          a frame from the network
          . TruncatedFrame   shorter than its header says
          . BadMagic         not one of our frames
          . UnknownVersion   another wire version
          . BadChecksum      CRC-32C does not match
          . BadMeta          the envelope does not decode or lacks a field
        - RecordingError     a recorded burst, its manifest or its folder
      + StoreError           the ledger or another store refuses
        - ContentConflict    the same run and burst exist with other content
      + PolicyError          the gate or the network policy refuses
      + TransportError       a peer or an endpoint fails

A message says what, where, got, wanted and what to do.
"""

from __future__ import annotations


class DumpwatchError(Exception):
    """Root of all errors raised on purpose."""

    exit_code = 1


class ConfigError(DumpwatchError, ValueError):
    """The configuration or a command-line option is wrong."""

    exit_code = 2


class DataError(DumpwatchError, ValueError):
    """Bytes or records that cannot be what they claim to be."""


class WireError(DataError):
    """A frame from the network that is not acceptable. `reason` names the counter it goes to."""

    reason = "wire"


class TruncatedFrame(WireError):  # noqa: N818 - the name is the reason, not a kind of error
    """The frame is shorter or longer than its header says."""

    reason = "truncated"


class BadMagic(WireError):  # noqa: N818
    """The bytes do not start with our magic number."""

    reason = "magic"


class UnknownVersion(WireError):  # noqa: N818
    """The frame speaks another wire version."""

    reason = "version"


class BadChecksum(WireError):  # noqa: N818
    """The CRC-32C of the frame does not match its header."""

    reason = "checksum"


class BadMeta(WireError):  # noqa: N818
    """The envelope does not decode, or a field is missing or of the wrong type."""

    reason = "meta"


class RecordingError(DataError):
    """A recorded burst, its manifest or its folder cannot be used."""


class StoreError(DumpwatchError, RuntimeError):
    """The ledger or another store refuses."""


class ContentConflict(StoreError):  # noqa: N818
    """The same run and burst already exist with other content."""


class PolicyError(DumpwatchError, RuntimeError):
    """The gate or the network policy refuses."""


class TransportError(DumpwatchError, RuntimeError):
    """A peer or an endpoint fails."""
