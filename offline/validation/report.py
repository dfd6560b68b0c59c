"""The result for readers: one page of Markdown."""

from __future__ import annotations

import math

import numpy as np

from daq.version import PROGRAM_VERSION
from offline.validation.document import Made, altered
from offline.validation.row import Kind, Row, Verdict
from offline.validation.run import Validation
from offline.validation.signal import ANGLES_MRAD, RANGES_M

TITLES = {
    "halo": "Pairs of halo muons, in 1.4e17 POT", "beam": "Beam, rates, trigger",
    "processes": "Background processes, in 1.4e17 POT", "signal": "Dark photon, bremsstrahlung to mu mu",
}  # fmt: skip
PLOTS = {"halo": ("plane", "pairs"), "beam": ("beam",), "processes": (), "signal": ("signal",)}
HEAD = "| observable | reference | emulator | kind | allowed | pull | verdict | source; why so much is allowed |"


def as_markdown(validation: Validation, made: Made, images: str) -> str:
    """Write the page; `images` is the folder of the plots as seen from it, with its slash."""
    parts = [_summary(validation, made), HOW.rstrip()]
    for group, title in TITLES.items():
        rows = [row for row in validation.rows if row.group == group]
        pictures = [f"![{TITLES[group]}: {name}]({images}emulator-{name}.png)" for name in PLOTS[group]]
        parts.append("\n".join([f"## {title}", "", *_table(rows), "", *pictures]).rstrip())
    parts.append(_known(validation))
    parts.append(_z_tax(validation))
    parts.append(f"## All lines\n\nDifference over what is allowed.\n\n![all lines]({images}emulator-pulls.png)")
    return "\n\n".join(parts) + "\n"


def _summary(validation: Validation, made: Made) -> str:
    rows = validation.rows
    lines = [
        "# The emulated detector against published numbers",
        "",
        f"Made by `dumpwatch emulator validate`, {made.effort} run, seed {made.seed}, version {PROGRAM_VERSION}, "
        f"physics digest {made.config.digest()[:16]}. Nothing in this page is written by hand.",
        "",
        f"**{len(rows)} lines. In tolerance: {validation.count(Verdict.IN)}. Known disagreements: "
        f"{validation.count(Verdict.KNOWN)}. Out of tolerance: {validation.count(Verdict.OUT)}.** "
        f"{sum(row.powerless for row in rows)} lines allow more than the number itself and test nothing in a run of "
        "this length.",
        "",
        "| kind | lines | in | known | out | what agreement means |",
        "|---|---|---|---|---|---|",
    ]
    for kind, meaning in MEANING.items():
        own = [row for row in rows if row.kind is kind]
        counts = " | ".join(str(sum(row.verdict is verdict for row in own)) for verdict in
                            (Verdict.IN, Verdict.KNOWN, Verdict.OUT))  # fmt: skip
        lines.append(f"| {kind} | {len(own)} | {counts} | {meaning} |")
    changed = altered(made.config)
    if changed:
        lines += ["", "Altered keys: " + ", ".join(f"`{key}` = {value}" for key, value in changed.items()) + "."]
    return "\n".join(lines)


MEANING = {
    Kind.FITTED: "nothing: parameters were adjusted to the number, or chosen on it",
    Kind.INPUT: "that the number put in by hand comes out again",
    Kind.CLOSURE: "that two ways inside the emulator, or its prototype, agree",
    Kind.PREDICTED: "something: nothing was adjusted to it",
}

HOW = """## How to read it

Emulated hits go through the real Level 0, event builder and selection. Pairs of halo muons in a region are expected
numbers: good muons of different events are put together, as the published estimate does it, because the natural
overlaps of 1.4e17 POT are a hundred pairs. Processes and dark photons are made many times as often as in the sample.
Everything is emulator truth: regions are evaluated inside the mask, of emulated pairs only
([decision 11](DECISIONS/0011-validation-looks-inside-the-mask.md)).

The reference is a published number unless its source says otherwise. *Recalled* means remembered, seen in no text. The
error of the emulator is statistical. A line is in tolerance when

    |emulator - reference|^2 < (k x error of the reference)^2 + (4 x statistical error)^2

with k = 2 for FITTED, INPUT and CLOSURE and k = 3 for PREDICTED. The error of the reference is the published one and
what the last column allows for rounding, definitions and models; for INPUT the latter only. The pull is the difference
over the plain standard deviation. *Known* is out of tolerance, understood, and where it was when that was written.
"""


def _table(rows: list[Row]) -> list[str]:
    lines = [HEAD, "|---" * 8 + "|"]
    for row in rows:
        unit = f" [{row.unit}]" if row.unit and row.unit != "1" else ""
        reference = ("< " if row.sense == "below" else "") + _number(row.value)
        reference += f" +- {_number(row.error)}" if row.error else ""
        emulator = _number(row.emulator) + (f" +- {_number(row.emulator_error, 2)}" if row.emulator_error else "")
        verdict = f"**{row.verdict}**" if row.verdict is not Verdict.IN else "in"
        slack = f" ({_number(row.slack, 2)})" if row.slack else ""
        allowed, pull = _number(row.allowed, 2), f"{row.pull:.1f}" if row.sense == "near" else "-"
        lines.append(
            f"| {row.observable}{unit} | {reference} | {emulator} | {row.kind} | {allowed} | {pull} | {verdict} "
            f"| {row.source}; {row.reason}{slack} |"
        )
    return lines


def _number(value: float, digits: int = 4) -> str:
    if not math.isfinite(value):
        return "none"
    text = f"{value:.{digits}g}"
    if "e" not in text:
        return text
    return f"{value:.0f}" if 1e3 <= abs(value) < 1e6 else text.replace("e-0", "e-").replace("e+0", "e")


def _known(validation: Validation) -> str:
    lines = ["## Known disagreements", ""]
    rows = [row for row in validation.rows if row.verdict is Verdict.KNOWN]
    if not rows:
        return "\n".join([*lines, "None."])
    for row in rows:
        unit = f" {row.unit}" if row.unit else ""
        lines.append(f"- {row.observable}: {_number(row.emulator)} instead of {_number(row.value)}{unit}. {row.known}")
    return "\n".join(lines)


def _z_tax(validation: Validation) -> str:
    shown = validation.measured.shown
    ranges = [f"+-{half:.0f}" if math.isfinite(half) else "none" for half in RANGES_M]
    bands = [f"{low:g}-{high:g}" if math.isfinite(high) else f"> {low:g}" for low, high in ANGLES_MRAD]
    worst = int(np.argmax(shown["angle_rms_m"]))
    return "\n".join([
        "## Why the rms of Z_TAX depends on its range",
        "",
        "Z_TAX is where the line of flight comes closest to the beam line, so its error is that of the line across the "
        "beam, some 7 mm, over the angle between the two:",
        "",
        "| angle [mrad] | " + " | ".join(bands) + " |", "|---" * (len(bands) + 1) + "|",
        "| part of the candidates | " + " | ".join(f"{x:.2f}" for x in shown["angle_share"]) + " |",
        "| rms of Z_TAX [m] | " + " | ".join(_number(x, 3) for x in shown["angle_rms_m"]) + " |",
        "",
        f"The {shown['angle_share'][worst]:.0%} of the dark photons nearest to the beam make a tail that falls as the "
        "third power, whose rms grows with the range without end:",
        "",
        "| range about 23 m [m] | " + " | ".join(ranges) + " |", "|---" * (len(ranges) + 1) + "|",
        "| rms [m] | " + " | ".join(_number(x, 3) for x in shown["range_rms_m"]) + " |",
        "",
        "The 5.5 m of the paper come without a range. The prototype took +-40 m, which is why it was low. Momentum "
        "resolution, position resolution and the distribution of the vertices change the rms by less than 2 %; slopes "
        "worse by a tenth give 0.2 m, but then the K_S is too wide.",
    ])  # fmt: skip
