"""Every number that the emulator is held against, with its source, its kind and what may be allowed.

The lines follow the table of section 4 of the emulator notes, none left out; a cell with several numbers is several
lines. What is allowed for a definition or a model (`slack`) was set from the reason beside it, not from the result.
"""

# ruff: noqa: E501 - one number, its source and its reason stay on one line

from __future__ import annotations

from functools import partial

from offline.validation.row import Kind, Wanted

PAPER = "CERN-EP-2023-032"
TABLE2, SECTION4, SECTION51 = f"{PAPER} table 2", f"{PAPER} sect. 4", f"{PAPER} sect. 5.1"
TALK = "Vulcano talk 2024"
NOTES = "not published: prototype of the emulator notes"
RECALLED = "recalled"

FITTED, INPUT = partial(Wanted, kind=Kind.FITTED), partial(Wanted, kind=Kind.INPUT)
CLOSURE, PREDICTED = partial(Wanted, kind=Kind.CLOSURE), partial(Wanted, kind=Kind.PREDICTED)

YIELD = "published error; it is the 15 % of the pair weight, common to all pair yields"
CANCELS = "no error printed; the 15 % of the weight cancels, a third of it is allowed for what does not"
ROUND_RATE = "no source and no error; a rate quoted in whole kHz, 5 %"
LOSSES = "the prototype has no losses in tracking, PID, trigger and vetoes: 20 %"

HALO = (
    FITTED(id="pp_outside", group="halo", observable="mu+mu+ outside VR and SR", value=62.5, error=9.4, source=TABLE2, reason=YIELD),
    FITTED(id="pp_vr", group="halo", observable="mu+mu+ in VR", value=0.46, error=0.07, source=TABLE2, reason=YIELD),
    FITTED(id="pp_sr", group="halo", observable="mu+mu+ in SR", value=0.040, error=0.006, source=TABLE2, reason=YIELD),
    FITTED(id="mm_outside", group="halo", observable="mu-mu- outside VR and SR", value=9.1, error=1.4, source=TABLE2, reason=YIELD),
    FITTED(id="mm_vr", group="halo", observable="mu-mu- in VR", value=0.050, error=0.007, source=TABLE2, reason=YIELD),
    FITTED(id="mm_sr", group="halo", observable="mu-mu- in SR", value=0.0050, error=0.0007, source=TABLE2, reason=YIELD),
    FITTED(id="os_outside", group="halo", observable="mu+mu- outside VR and SR", value=30.9, error=4.6, source=TABLE2, reason=YIELD),
    FITTED(id="os_vr", group="halo", observable="mu+mu- in VR", value=0.20, error=0.04, source=TABLE2, reason=YIELD),
    FITTED(id="os_sr", group="halo", observable="mu+mu- in SR", value=0.019, error=0.004, source=TABLE2, reason=YIELD),
    FITTED(id="same_sign", group="halo", observable="same-sign pairs outside VR and SR", value=71.6, error=9.5, source=f"{PAPER} sect. 5.2", reason=YIELD),
    FITTED(id="os_over_ss", group="halo", observable="OS over 2 sqrt(++ --), outside", value=0.648, slack=0.032, source=TABLE2, reason=CANCELS),
    FITTED(id="sign_ratio", group="halo", observable="++ over --, outside", value=6.87, slack=0.34, source=TABLE2, reason=CANCELS),
    FITTED(id="os_cr1", group="halo", observable="mu+mu- in CR1", value=0.34, error=0.05, source=TABLE2, reason="published error; the borders of CR1-3 are not printed, they were set to give these numbers"),
    FITTED(id="os_cr2", group="halo", observable="mu+mu- in CR2", value=0.68, error=0.10, source=TABLE2, reason="as CR1"),
    FITTED(id="os_cr3", group="halo", observable="mu+mu- in CR3", value=2.00, error=0.30, source=TABLE2, reason="as CR1"),
    PREDICTED(id="sr_over_vr", group="halo", observable="SR over VR, all pairs", value=0.10, slack=0.01, source=f"{PAPER} sect. 5.3", reason="'ten times smaller', read as 0.09 to 0.11"),
    CLOSURE(id="natural_pp", group="halo", observable="mu+mu+ outside, natural overlaps", value=62.5, error=9.4, source=TABLE2, reason="published error; counts"),
    CLOSURE(id="natural_mm", group="halo", observable="mu-mu- outside, natural overlaps", value=9.1, error=1.4, source=TABLE2, reason="published error; counts"),
    CLOSURE(id="natural_os", group="halo", observable="mu+mu- outside, natural overlaps", value=30.9, error=4.6, source=TABLE2, reason="published error; counts"),
    CLOSURE(id="natural_vr_sr", group="halo", observable="pairs in VR or SR, natural overlaps", value=0.774, error=0.12, source=TABLE2, reason="sum of the six published numbers, 15 %; counts"),
    CLOSURE(id="natural_over_mixed", group="halo", observable="natural over mixed pairs, outside", value=1.0, slack=0.02, source="1 if muons are independent", reason="two muons close to each other share hits: 2 %"),
    CLOSURE(id="muon_momentum", group="halo", observable="mean momentum of selected muons", unit="GeV/c", value=42.0, slack=1.0, source=f"{NOTES}, 1.3", reason="printed to 1 GeV/c; quality cuts of the full chain, 2 %"),
    CLOSURE(id="muon_charge_ratio", group="halo", observable="mu+ over mu- of selected muons", value=2.55, slack=0.05, source=f"{NOTES}, 1.3", reason="as above, 2 %"),
)  # fmt: skip

BEAM = (
    INPUT(id="pot_per_spill", group="beam", observable="protons per spill", unit="1e12", value=5.0, source="not published: 1.4e17 in 28 000 spills", reason="a key"),
    INPUT(id="halo_muons", group="beam", observable="muons in CHOD, LKr and MUV3, 1.4e17 POT", unit="1e9", value=5.0, slack=0.03, source=SECTION51, reason="the acceptance behind it is known to 0.6 %"),
    PREDICTED(id="overlaps", group="beam", observable="muon pairs within 5 ns per spill, duty 0.625", value=53.15, slack=0.5, source="n^2 w / (T duty) of the notes, sect. 4", reason="arithmetic; clipping of the profile 1 %"),
    PREDICTED(id="overlaps_duty_07", group="beam", observable="the same, duty 0.7", value=47.45, slack=0.5, source="as above", reason="as above"),
    PREDICTED(id="overlaps_duty_10", group="beam", observable="the same, duty 1", value=33.22, slack=0.3, source="as above", reason="as above"),
    FITTED(id="h2_efficiency", group="beam", observable="H2 for pairs of muons", value=0.98, error=0.005, source=f"{PAPER} sect. 6", reason="published error"),
    FITTED(id="q1", group="beam", observable="Q1 before downscaling", unit="kHz", value=280.0, slack=14.0, source=RECALLED, reason=ROUND_RATE),
    FITTED(id="q1_downscaled", group="beam", observable="Q1/20", unit="kHz", value=14.0, slack=0.7, source=RECALLED, reason=ROUND_RATE),
    FITTED(id="h2", group="beam", observable="H2", unit="kHz", value=18.0, slack=0.9, source=RECALLED, reason=ROUND_RATE),
    FITTED(id="control", group="beam", observable="LKr line", unit="kHz", value=4.0, slack=0.2, source=RECALLED, reason=ROUND_RATE),
    CLOSURE(id="events_out", group="beam", observable="events written", unit="kHz", value=36.0, slack=1.8, source="recalled: sum of the three lines", reason=ROUND_RATE),
    CLOSURE(id="muv3", group="beam", observable="MUV3 scaler", unit="kHz", value=44.0, slack=3.0, source=f"{NOTES}, sect. 2", reason="the prototype has no noise: 3 kHz"),
    CLOSURE(id="hits_per_spill", group="beam", observable="hits per spill", unit="1e6", value=4.85, slack=0.12, source=f"{NOTES}, sect. 2", reason="more detectors than the prototype; 2.5 %"),
    INPUT(id="b2_minimum", group="beam", observable="halo at -250 A over +770 A (MUV3 scaler)", value=0.25, slack=0.01, source="not published: key `beam.b2.minimum`", reason="noise and merged pulses of the scaler, 4 %"),
    INPUT(id="b2_current", group="beam", observable="B2 current of the smallest halo", unit="A", value=-250.0, slack=10.0, source=f"{PAPER} fig. 2", reason="an arrow in a figure"),
)  # fmt: skip

PUT_IN = "must come out as it was put in: its calibration is good to 4 %"

PROCESSES = (
    INPUT(id="prompt_before_lav", group="processes", observable="prompt mu+mu- outside VR before LAV", value=270.0, error=27.0, slack=13.5, source=SECTION51, reason=PUT_IN),
    INPUT(id="prompt_after_lav", group="processes", observable="the same after LAV", value=0.28, error=0.28, slack=0.014, source=f"{PAPER} table 1", reason=PUT_IN),
    PREDICTED(id="prompt_in_vr", group="processes", observable="part of prompt pairs in VR", value=0.016, sense="below", source=SECTION51, reason="limit at 90 % CL"),
    CLOSURE(id="prompt_opposite", group="processes", observable="part of prompt pairs with opposite sign", value=0.45, slack=0.02, source=NOTES, reason="printed to two digits; full chain, 4 %"),
    INPUT(id="ee_before", group="processes", observable="e+e- before LAV and ANTI0", value=59.9, error=6.7, slack=3.0, source="talk on A' to ee, 2023", reason=PUT_IN),
    INPUT(id="ee_after", group="processes", observable="e+e- after LAV and ANTI0", value=0.72, error=0.72, slack=0.036, source="as above", reason=PUT_IN),
    INPUT(id="upstream", group="processes", observable="pi pi upstream of 105 m", value=19.0, error=4.4, slack=0.95, source=TALK, reason=PUT_IN),
    INPUT(id="k_short", group="processes", observable="K_S to pi pi", value=2.0, error=1.4, slack=0.1, source=TALK, reason=PUT_IN),
    INPUT(id="k_plus", group="processes", observable="K+ to 3 pi with one lost", value=8.0, error=2.8, slack=0.4, source=TALK, reason=PUT_IN),
    FITTED(id="k_short_width", group="processes", observable="K_S width, fitted core", unit="MeV/c2", value=1.90, slack=0.095, source=f"{TALK}: 3 sigma = 5.7", reason="tails and core of the slopes: 5 %", known_value=2.10, known="The width is that of the momenta: 1.6 at 50, 1.8 at 70, 2.3 at 100 GeV/c. The assumed spectrum of the K_S, mean 93 GeV/c when selected, is harder than its parents of 75 GeV/c allow; a mean excess of 19 instead of 30 GeV/c (`processes.k_short.momentum_gev`) gives 1.90."),
    FITTED(id="k_plus_anti0", group="processes", observable="K+ after over before ANTI0, outside", value=0.121, slack=0.012, source=f"{TALK}: 0.68/5.6", reason="the 50 % errors are common; 10 % for what is not"),
    FITTED(id="k_plus_cr", group="processes", observable="K+ as pi pi in CR", value=0.013, error=0.007, source=TALK, reason="published error"),
    FITTED(id="k_plus_sr", group="processes", observable="K+ as pi pi in SR", value=0.007, error=0.005, source=TALK, reason="published error"),
)  # fmt: skip

SIGNAL = (
    PREDICTED(id="brems_215", group="signal", observable="A' above 10 GeV/c per proton and eps^2, 215 MeV/c2", unit="1", value=0.010, slack=0.003, source=f"{PAPER} sect. 1", reason="'of the order of 1e-2', read as within a factor two"),
    PREDICTED(id="brems_500", group="signal", observable="the same, 500 MeV/c2", value=0.010, slack=0.003, source=f"{PAPER} sect. 1", reason="as above"),
    PREDICTED(id="excluded_from", group="signal", observable="lowest excluded mass", unit="MeV/c2", value=215.0, slack=5.0, source=f"{PAPER} sect. 7", reason="masses in steps of 5 MeV/c2"),
    PREDICTED(id="excluded_to", group="signal", observable="highest excluded mass, brems alone", unit="MeV/c2", value=550.0, slack=20.0, source=f"{PAPER} sect. 7", reason="published with the event seen, meson modes and the error of the POT; +-20 MeV/c2 for 30 % of yield"),
    PREDICTED(id="excluded_epsilon", group="signal", observable="centre of the excluded epsilon", unit="1e-6", value=1.0, slack=0.3, source=f"{PAPER} sect. 7", reason="'of the order of 1e-6'"),
    CLOSURE(id="events_250", group="signal", observable="largest yield at 250 MeV/c2", value=23.8, slack=4.8, source=f"{NOTES}; published in fig. 13 only", reason=LOSSES),
    CLOSURE(id="events_411", group="signal", observable="largest yield at 411 MeV/c2", value=7.9, slack=1.6, source=f"{NOTES}; published in fig. 13 only", reason=LOSSES),
    CLOSURE(id="events_500", group="signal", observable="largest yield at 500 MeV/c2", value=4.5, slack=0.9, source=f"{NOTES}; published in fig. 13 only", reason=LOSSES),
    PREDICTED(id="z_tax_mean", group="signal", observable="mean Z_TAX of signal", unit="m", value=23.0, slack=0.5, source=SECTION4, reason="printed to 1 m"),
    PREDICTED(id="z_tax_rms", group="signal", observable="rms of Z_TAX, range 23 +- 125 m", unit="m", value=5.5, slack=0.5, source=SECTION4, reason="the range is not printed; 0.5 m for ranges from +-60 m to none"),
    CLOSURE(id="z_tax_rms_40", group="signal", observable="the same, range 23 +- 40 m", unit="m", value=4.3, slack=0.2, source=NOTES, reason="3.7 to 4.7 by mass and weight; flat 4.3"),
    FITTED(id="cda_tax_rms", group="signal", observable="rms of CDA_TAX about zero", unit="mm", value=7.0, slack=0.3, source=SECTION4, reason="printed to 1 mm"),
    CLOSURE(id="efficiency_215", group="signal", observable="largest efficiency at 215 MeV/c2", value=0.17, slack=0.034, source=f"{NOTES}; published in fig. 11 only", reason=LOSSES),
    CLOSURE(id="efficiency_250", group="signal", observable="largest efficiency at 250 MeV/c2", value=0.36, slack=0.072, source=f"{NOTES}; published in fig. 11 only", reason=LOSSES),
    CLOSURE(id="efficiency_411", group="signal", observable="largest efficiency at 411 MeV/c2", value=0.57, slack=0.114, source=f"{NOTES}; published in fig. 11 only", reason=LOSSES),
    CLOSURE(id="efficiency_epsilon", group="signal", observable="epsilon of the largest efficiency, 250 MeV/c2", unit="1e-6", value=2.0, slack=0.3, source=NOTES, reason="a flat maximum, read from points"),
    PREDICTED(id="efficiency_low", group="signal", observable="efficiency at eps 1e-7 over the largest, 250 MeV/c2", value=0.9, sense="below", source=f"{PAPER} sect. 6: falls to both sides", reason="a fall is a tenth at least"),
    PREDICTED(id="efficiency_high", group="signal", observable="the same at eps 5e-6", value=0.9, sense="below", source=f"{PAPER} sect. 6: falls to both sides", reason="a fall is a tenth at least"),
    CLOSURE(id="mass_rms_215", group="signal", observable="mass resolution at 215 MeV/c2, rms", unit="MeV/c2", value=0.7, slack=0.15, source=f"{NOTES}; published in fig. 12 only", reason="rms or fitted core, 0.6 or 0.4: the tails decide"),
    CLOSURE(id="mass_rms_500", group="signal", observable="mass resolution at 500 MeV/c2, rms", unit="MeV/c2", value=6.4, slack=0.6, source=f"{NOTES}; published in fig. 12 only", reason="tails, 10 %"),
    PREDICTED(id="delta_t_rms", group="signal", observable="rms of Delta T of signal", unit="ns", value=0.845, slack=0.05, source=f"{PAPER} sect. 7: 1.69 ns is two standard deviations", reason="printed to 0.01 ns and 'two'; 6 %", known_value=0.277, known="0.845 ns is 0.6 ns times the root of two: the simulation of the paper seems to take track times from the CHOD. Sect. 4 says that the NA48-CHOD, 0.2 ns, gives the time where there is one, and so it does here: 0.2 ns times the root of two."),
)  # fmt: skip

WANTED: tuple[Wanted, ...] = (*HALO, *BEAM, *PROCESSES, *SIGNAL)
