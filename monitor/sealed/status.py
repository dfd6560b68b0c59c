"""The state of every compartment. Wording and fields are the same for all sealed ones, whatever is in them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from monitor.sealed.audit import Examined
from monitor.sealed.entries import Done, Entry, steps
from monitor.sealed.glance import Glance
from monitor.sealed.keyring import KeyRing
from monitor.sealed.lacks import early_words, incomplete_lines, unsealed_lines
from monitor.sealed.stages import Stage, stages
from streaming.masked import COMPARTMENTS, SEALED_CHANNELS
from streaming.sealing.keys import DRILL, compartment


def status(seen: Examined | Glance, rings: Mapping[bytes, KeyRing]) -> dict[str, Any]:
    """State of a ledger's compartments, for scripts.

    seen : `glance` of the ledger for a quick answer, `examine` for one of which every spill is verified
    """
    where = {block: stage.name for block, stage in stages(steps(seen.entries)).items()}
    names = [(channel, region) for channel in SEALED_CHANNELS for region in COMPARTMENTS]
    rows = [_row(compartment(*name), seen.entries) for name in names]
    return {
        "sealed_spills": seen.n_sealed,
        "verified_spills": seen.n_verified,
        "public_rows": seen.n_rows,
        "without_keys": seen.n_without_keys,
        "before_sealing": early_words(seen.before_sealing),
        "incomplete": list(seen.incomplete),
        "head": seen.head.hex(),
        "opening_lines": len(seen.entries),
        "openings_head": seen.openings_head.hex(),
        "key_sets": [_key_set(ring) for ring in rings.values()],
        "compartments": [*rows, _row(DRILL, seen.entries)],
        "blocks": [
            {"channel": channel, "first": first, "last": last, "stage": stage}
            for (channel, first, last), stage in where.items()
        ],
        "faults": list(seen.faults),
    }


def lines(found: dict[str, Any]) -> list[str]:
    """The same for people."""
    text = [f"sealed spills {found['sealed_spills']} of {found['public_rows']} public rows; head {found['head']}"]
    text += [_verified(found["verified_spills"], found["sealed_spills"])]
    text += [*unsealed_lines(found["without_keys"], found["before_sealing"]), *incomplete_lines(found["incomplete"])]
    text += [f"key set {one['digest'][:16]}: {one['kind']}, {one['threshold']} of {', '.join(one['custodians'])}"
             for one in found["key_sets"]]  # fmt: skip
    for row in found["compartments"]:
        opened = ", ".join(f"{one['count']} in spills {one['first']}-{one['last']}" for one in row["opened"])
        text.append(f"{row['compartment']:14} {row['state']}{': ' * bool(opened)}{opened}")
    text += [f"block {one['channel']} {one['first']}-{one['last']}: {one['stage']}" for one in found["blocks"]]
    text += [f"fault: {fault}" for fault in found["faults"]]
    return text


def _verified(n: int, n_sealed: int) -> str:
    return "verified: all spills" if n == n_sealed else f"verified: newest {n} spills; `dumpwatch blind audit`: all"


def _row(name: str, entries: Sequence[Entry]) -> dict[str, Any]:
    opened = [
        {"first": body.statement.first_index, "last": body.statement.last_index, "count": one.count}
        for body in (entry.body for entry in entries)
        if isinstance(body, Done)
        for one in body.opened
        if one.compartment == name
    ]
    return {"compartment": name, "state": "opened" if opened else Stage.SEALED.name.lower(), "opened": opened}


def _key_set(ring: KeyRing) -> dict[str, Any]:
    kind = "demonstration" if ring.keys.demonstration else "real"
    return {
        "digest": ring.keys.digest,
        "kind": kind,
        "threshold": ring.threshold,
        "custodians": list(ring.custodians),
    }
