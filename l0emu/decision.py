"""From candidates to triggers: protections, downscaling, control line, choke. Stamp by stamp.

All candidates of one 25 ns stamp are decided together, so a stamp is one event at most:

* A candidate is *looked at* unless its stamp lies before the start delay, is choked, or is at most `primitive_dt`
  after the last event; and unless its own line (physics or control) has already been accepted in this stamp. One that
  is not looked at touches no counter of any mask, only `n_choked` when a reference primitive meets the choke.
* A mask that is satisfied by a candidate that is looked at has fired: `generated` + 1. Firings D, 2D, 3D ... are sent;
  `due` is the number of the next one. So sent = due / D - 1 = floor(generated / D), exactly, in each burst.
* A candidate with at least one firing sent is accepted. All masks sent by it set their flag.
* Physics and control in one stamp make one event; types are ORed and the physics time is kept.

The output FIFO takes `trigger_words` at the end of the stamp of an event and drains steadily. At `on` words or more
the choke holds from the next stamp until the filling is down to `off`. Source: physics notes B.4-B.6.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from daq.jit import inline_kernel, kernel

CONTROL_FLAG = 1 << 16
"""Stands for the control line where the flags of the masks have bits 0..15; not sent."""

FIFO_SCALE = 1 << 20
"""FIFO words are counted in this many parts, so that draining stays in integers."""

RULES_DTYPE = np.dtype(
    [(name, "<i8") for name in ("start_delay", "primitive_dt", "words", "drain", "on", "off")]
    + [(name, "<i8") for name in ("type_physics", "type_control", "no_stamp")]
)
"""Settings of the decision: stamps, FIFO parts (per stamp for `drain`), bits of the trigger type, a stamp after all."""

BOOK_DTYPE = np.dtype(
    [(name, "<i8") for name in ("ready", "empty_at", "choke_from", "choke_until")]
    + [(name, "<i8") for name in ("n_choked", "dead_ticks", "n_triggers")]
)
"""What the decision remembers between batches: no event before the stamp `ready`; the FIFO is empty from `empty_at`
on [stamps times `drain`]; the last choke [stamps]; counts."""


@inline_kernel
def _fire(
    satisfied: np.int64,
    first_row: int,
    last_row: int,
    flag: NDArray[np.int64],
    downscaling: NDArray[np.int64],
    generated: NDArray[np.int64],
    due: NDArray[np.int64],
) -> np.int64:
    """Count the firings of rows `first_row:last_row` and return the flags to be sent."""
    flags = np.int64(0)  # no branches below: the processor would guess too many of them wrong
    for row in range(first_row, last_row):
        fired = satisfied >> row & 1
        count = generated[row] + fired
        keep = fired & np.int64(count == due[row])
        generated[row] = count
        due[row] += downscaling[row] & -keep
        flags |= flag[row] & -keep
    return flags


@inline_kernel
def _choke(stamp: np.int64, filling: np.int64, rules: NDArray[np.void], book: NDArray[np.void]) -> np.int64:
    """Choke from the next stamp until the FIFO has drained enough; return the first stamp after it."""
    drain = rules[0]["drain"]
    book[0]["choke_from"] = stamp + 1
    book[0]["choke_until"] = stamp + (filling - rules[0]["off"] + drain - 1) // drain
    book[0]["dead_ticks"] += book[0]["choke_until"] - book[0]["choke_from"]
    return book[0]["choke_until"]


@kernel
def decide(
    time: NDArray[np.int64],
    fired: NDArray[np.uint16],
    control_time: NDArray[np.int64],
    control_fired: NDArray[np.uint16],
    flag: NDArray[np.int64],
    downscaling: NDArray[np.int64],
    generated: NDArray[np.int64],
    due: NDArray[np.int64],
    rules: NDArray[np.void],
    book: NDArray[np.void],
    out_time: NDArray[np.int64],
    out_flags: NDArray[np.uint16],
    out_type: NDArray[np.uint8],
) -> int:
    """Decide whole stamps. The rules stand at the top of this file.

    Parameters
    ----------
    time, fired : (n,)    physics candidates, ascending, and the rows of the masks that they satisfy, as bits
    control_time, control_fired : (m,)    control candidates, ascending; 1 when the line is satisfied
    flag : int64 (k + 1,)    flag word of each enabled mask, then `CONTROL_FLAG`
    downscaling, generated, due : int64 (k + 1,)    in the same rows; the last two are updated
    rules, book : (1,) of RULES_DTYPE and BOOK_DTYPE; the book is updated
    out_time, out_flags, out_type : (>= n + m,)    written

    Returns
    -------
    n_triggers
    """
    n_masks = flag.shape[0] - 1
    physics, control, no_stamp = rules[0]["type_physics"], rules[0]["type_control"], rules[0]["no_stamp"]
    spacing, words, drain, full = rules[0]["primitive_dt"] + 1, rules[0]["words"], rules[0]["drain"], rules[0]["on"]
    ready, empty_at = book[0]["ready"], book[0]["empty_at"]
    joinable = np.int64(-1)  # stamp of a control event that a physics trigger may still join
    j = n = 0
    for i in range(time.shape[0] + 1):
        stamp = time[i] >> 8 if i < time.shape[0] else no_stamp
        while j < control_time.shape[0] and control_time[j] >> 8 <= stamp:
            own = control_time[j] >> 8
            if own >= ready:
                satisfied = np.int64(control_fired[j]) << n_masks
                if _fire(satisfied, n_masks, n_masks + 1, flag, downscaling, generated, due) != 0:
                    out_time[n], out_flags[n], out_type[n] = control_time[j], 0, control
                    n += 1
                    empty_at = max(empty_at, own * drain) + words
                    ready, joinable = own + spacing, own
                    if empty_at - own * drain >= full:
                        ready = max(ready, _choke(own, empty_at - own * drain, rules, book))
            j += 1
        if i == time.shape[0]:
            break
        if stamp < ready and stamp != joinable:
            book[0]["n_choked"] += np.int64(book[0]["choke_from"] <= stamp < book[0]["choke_until"])
            continue
        flags = _fire(np.int64(fired[i]), 0, n_masks, flag, downscaling, generated, due)
        sent = flags != 0
        if stamp == joinable:
            if sent:
                out_time[n - 1], out_flags[n - 1], out_type[n - 1] = time[i], flags, physics | control
                joinable = np.int64(-1)
            continue
        out_time[n], out_flags[n], out_type[n] = time[i], flags, physics
        n += int(sent)
        filled = max(empty_at, stamp * drain) + words
        empty_at = filled if sent else empty_at
        ready = stamp + spacing if sent else ready
        if np.int64(sent) * (filled - stamp * drain) >= full:
            ready = max(ready, _choke(stamp, filled - stamp * drain, rules, book))
    book[0]["ready"], book[0]["empty_at"] = ready, empty_at
    book[0]["n_triggers"] += n
    return n
