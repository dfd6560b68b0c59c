"""What a spill says after a person corrected one of its fields."""

from __future__ import annotations

from dataclasses import dataclass

from daq.errors import StoreError
from daq.records import MAX_T10_INTENSITY
from daq.units import POT_PER_T10_UNIT
from monitor.accounting.judge import NEVER_GOOD, Judgement, override, word_of
from monitor.spill import HALO_POT, Halo, Quality, Spill, is_scaler, pot_error

FIELDS = ("pot", "t10_intensity", "quality")
WORDS = ("good", "bad", "auto")

_POT_FLAGS = (Quality.NO_POT, Quality.NEGATIVE_POT, Quality.IMPLAUSIBLE_POT)


@dataclass(frozen=True, slots=True)
class Corrected:
    """A spill and its judgement after a correction, and the value before and after."""

    spill: Spill
    judgement: Judgement
    old: str
    new: str


def correct(spill: Spill, judgement: Judgement, field: str, value: str) -> Corrected:
    """Put a person's value into a spill. What T10 read stays in `t10_intensity`; the protons follow the person.

    Parameters
    ----------
    spill, judgement : as they stand
    field : `pot` [protons], `t10_intensity` [1e11 protons], or `quality`
    value : a number; for quality `good`, `bad`, or `auto` to go by the flags again

    Raises
    ------
    StoreError
        Unknown field, or a value that can't be.
    """
    where = f"run {spill.run} burst {spill.burst}"
    if field not in FIELDS:
        msg = f"{where}: got field '{field}', wanted one of {', '.join(FIELDS)}; nothing was changed"
        raise StoreError(msg)
    if field == "quality":
        _check_word(spill, value, where)
        new = override(judgement, value)
        return Corrected(spill, new, word_of(judgement), value)
    changed = _with_protons(spill, _protons(field, value, where), where)
    new = Judgement(good=True, reasons=[name for name in judgement.reasons if name not in _POT_FLAGS])
    return Corrected(changed, override(new, word_of(judgement)), str(spill.pot), str(changed.pot))


def _check_word(spill: Spill, value: str, where: str) -> None:
    if value not in WORDS:
        msg = f"{where}: got quality '{value}', wanted one of {', '.join(WORDS)}; nothing was changed"
        raise StoreError(msg)
    if value == "good" and spill.mode in NEVER_GOOD:
        msg = f"{where}: mode {spill.mode} is no beam on the dump, so the spill cannot be good; nothing was changed"
        raise StoreError(msg)


def _with_protons(spill: Spill, protons: int, where: str) -> Spill:
    if spill.mode == "BIASED":
        msg = f"{where}: a BIASED burst has no protons on target; nothing was changed"
        raise StoreError(msg)
    most = round(MAX_T10_INTENSITY * POT_PER_T10_UNIT)
    if not 0 <= protons <= most:
        msg = f"{where}: got {protons} protons, wanted 0 to {most}; nothing was changed"
        raise StoreError(msg)
    flags = [flag for flag in spill.quality if flag not in _POT_FLAGS]
    changes = {"pot": protons, "pot_error": pot_error(protons), "quality": flags, "halo": _halo(spill, protons)}
    return spill.model_copy(update=changes)


def _protons(field: str, value: str, where: str) -> int:
    try:
        if field == "t10_intensity":
            return round(float(value) * POT_PER_T10_UNIT)
        return int(value) if value.isdecimal() else round(float(value))
    except (ValueError, OverflowError) as error:
        msg = f"{where}: got {field} '{value}', wanted a number; nothing was changed"
        raise StoreError(msg) from error


def _halo(spill: Spill, protons: int) -> Halo:
    def rate(name: str) -> float | None:
        count = spill.scalers.get(name, -1)
        return count * HALO_POT / protons if protons and is_scaler(count) else None

    return Halo(muv3_per_1e12_pot=rate("MUV3"), q1_per_1e12_pot=rate("Q1_OR"))
