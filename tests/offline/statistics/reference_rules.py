"""What each row of stat_visible.csv asks of the product: by its definition, so that other rows may follow."""

import math
import re
from csv import DictReader
from functools import cache
from pathlib import Path

import numpy as np
from scipy.optimize import brentq

from daq.units import MUON_MASS_GEV
from offline.statistics.background import Background
from offline.statistics.feldman_cousins import feldman_cousins
from offline.statistics.fractions import binomial_upper, effective_entries, poisson_upper, wilson_interval
from offline.statistics.limits import upper_limit
from offline.statistics.nuisance import Nuisance, Prior
from offline.statistics.propagation import (
    count_pull,
    counts_behind_subtraction,
    in_quadrature,
    scaled_to_count,
    with_common_scale,
)
from offline.statistics.rejection import Rejection, jeffreys_toys, product, split_toys
from offline.statistics.scan import local_probability
from offline.statistics.significance import probability_of, sigma_of
from offline.statistics.tails import p_at_least, p_likelihood
from offline.statistics.thresholds import Discovery, least_count, widest_window
from streaming.reco.tax import pair_mass

DATA = Path(__file__).parents[2] / "data"
NUMBER = r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?"
EE_CONTROL = (59.9, 6.7)
EE_PARTS = {"LAVANTI0": 0.72 / 59.9, "CR": 0.51 / 59.9, "SR": 0.47 / 59.9}
EE_ERRORS = {"LAVANTI0": (0.020, 0.008), "CR": (0.018, 0.006), "SR": (0.018, 0.006)}
MASS_RANGE_MEV = 700.0 - 215.0


def rows(name="stat_visible.csv"):
    lines = [line for line in (DATA / name).read_text().splitlines() if not line.startswith("#")]
    return list(DictReader(lines))


def numbers(text):
    return [float(value) for value in re.findall(NUMBER, text.replace("+-", " "))]


def named(text, name):
    """(value, error) behind `name =`, error 0 where none is given."""
    found = re.search(rf"\b{name}\s*=\s*({NUMBER})(?:\+-({NUMBER}))?", text)
    return float(found[1]), float(found[2] or 0.0)


def prior_of(text):
    for word, prior in (("no nuisance", Prior.NONE), ("lognormal", Prior.LOGNORMAL), ("gauss", Prior.GAUSS)):
        if word in text.lower():
            return prior
    return Prior.GAMMA if "gamma" in text.lower() else Prior.NONE


def at_least(row):
    wanted = re.search(r"N>=(\d+)", row["quantity"])
    if "N_exp" in row["inputs"]:
        (mean, error), n = named(row["inputs"], "N_exp"), named(row["inputs"], "N_obs")[0]
    elif wanted:
        n = int(wanted[1])
        mean, error = named(row["inputs"], "b") if "b=" in row["inputs"] else (numbers(row["inputs"])[0], 0.0)
    else:
        mean, error, n = numbers(row["inputs"])
    prior = Prior.GAUSS if row["definition"] == "E_b[1-exp(-b)]" else prior_of(row["definition"])
    return float(p_at_least(n, mean, error, prior))


def likelihood(row):
    if "N_exp" in row["inputs"]:
        (mean, error), n = named(row["inputs"], "N_exp"), named(row["inputs"], "N_obs")[0]
    else:
        mean, error, n = numbers(row["inputs"])
    return p_likelihood(n, mean, error, prior_of(row["definition"]))


def residual_rms(row):
    tables = rows("tables/001_table2_combinatorial.csv") + rows("tables/001_table3_combinatorial_same_sign_norm.csv")
    prior = prior_of(row["definition"])
    left = [
        p_likelihood(int(line["n_obs"]), float(line["n_exp"]), float(line["err"]), prior) - float(line["p_l_le_lobs"])
        for line in tables
        if line["n_obs"]
    ]
    assert len(left) == 16
    return math.sqrt(np.mean(np.square(left)))


def window_local(row):
    width = float(re.search(r"width (\S+) MeV", row["quantity"])[1])
    background = Background(named(row["inputs"], "b")[0])
    return local_probability(int(row["quantity"].split()[0]), background, width / MASS_RANGE_MEV)


def window_widest(row):
    is_global = row["definition"].startswith("scan")
    return MASS_RANGE_MEV * widest_window(2, named(row["inputs"], "b")[0], is_global=is_global)


def threshold(row):
    mean, error = named(row["inputs"], "b")
    sides = 2 if "two-sided" in row["definition"] else 1
    prior = prior_of(row["definition"].replace("no nuisance, no mass window", "no nuisance"))
    return least_count(Background(mean, error, prior), Discovery(5.0, sides))


def scale_of(row):
    text = row["inputs"] + row["definition"]
    if "delta~" not in text:
        return Nuisance()
    if "truncated" in text:
        return Nuisance(Prior.GAUSS, 0.2, low=0.01 if "flat prior" in text else 0.0)
    if "gamma" in row["inputs"]:
        return Nuisance(Prior.GAMMA, 0.2)
    return Nuisance(Prior.LOGNORMAL_MEDIAN if "median 1" in text else Prior.LOGNORMAL, 0.2)


def limit(row):
    n = int(named(row["inputs"], "n")[0])
    background = Background(named(row["inputs"], "b")[0] if re.search(r"\bb=", row["inputs"]) else 0.0)
    method = "bayes" if "flat prior in" in row["definition"] else "cls"
    scale = Nuisance(Prior.GAUSS, 0.2) if row["definition"].startswith("exp(-s") else scale_of(row)
    return upper_limit(n, background, scale, method=method)


def wilson(row):
    kind = row["id"].split("_")[2]
    low, high = wilson_interval(EE_PARTS[kind], effective_entries(*EE_CONTROL))
    return high - EE_PARTS[kind] if "+ error" in row["quantity"] else EE_PARTS[kind] - low


def ee_product(row):
    """The inputs are printed rounded; meant are 0.72 and 0.47 or 0.51 over 59.9."""
    return product(EE_CONTROL[0], EE_PARTS["LAVANTI0"], EE_PARTS[row["id"].split("_")[2]])


@cache
def ee_toys(recipe, region):
    if recipe == "jeffreys":
        parts = (EE_PARTS["LAVANTI0"], EE_PARTS[region])
        return jeffreys_toys(EE_CONTROL, parts, effective_entries(*EE_CONTROL), seed=62)
    rejections = tuple(Rejection(EE_PARTS[kind], *EE_ERRORS[kind]) for kind in ("LAVANTI0", region))
    return split_toys(EE_CONTROL, rejections, seed=62)


def ee_statistic(row):
    _, recipe, region, name = row["id"].split("_", 3)
    toys = ee_toys(recipe, region)
    if name.startswith("q"):
        return toys.quantile(int(name[1:]) / 100.0)
    return {"median": toys.median, "mean": toys.mean, "P_ge1": toys.p_any}[name]


def ratio(row):
    """Arithmetic of published numbers; nothing of the product is behind it."""
    text = row["inputs"].split(";")[0]
    if "sigma" in text:
        values = numbers(text)
        return max(values[0], values[1]) / min(values[0], values[1]) if "ns" not in text else values[0] / values[1]
    return eval(text, {"__builtins__": {}})  # four operations on numbers of our own file


def table1_error(row):
    lines = rows("tables/001_table1_prompt_mumu.csv")[:3]
    values, errors = [float(line["n_exp"]) for line in lines], [float(line["stat"]) for line in lines]
    return with_common_scale(values, errors, math.hypot(27 / 270, 66 / 141))


def opening_angle(row):
    mass, first, second = numbers(row["inputs"].replace("GeV/c", ""))

    def excess(angle):
        slopes = np.array([[math.tan(angle), 0.0, 0.0, 0.0]])
        return pair_mass(slopes, np.array([first]), np.array([second]), MUON_MASS_GEV, MUON_MASS_GEV)[0] - mass

    return brentq(excess, 1e-4, 0.1)


def rescaled(row):
    return scaled_to_count(float(row["inputs"].split(" x ")[0]), 61, 71.6)


def unified(row):
    return feldman_cousins(int(named(row["inputs"], "n")[0]))[1]


def one_bin(row):
    inputs = row["inputs"].replace("sd ", "sd=")
    n, mean, error = (named(inputs, name)[0] for name in ("N", "b", "sd"))
    return sigma_of(float(p_at_least(n, mean, error, Prior.GAMMA)))


def some_event(row):
    p = float(p_at_least(1, named(row["inputs"], "b")[0]))
    return sigma_of(p, 2 if row["definition"].startswith("two") else 1)


def entries(row):
    return map(int, re.match(r"(\d+) of (\d+)", row["inputs"]).groups())


def data_over_mc(row):
    """Arithmetic too."""
    return 270 / 141 * (66 / 141 if row["definition"].endswith("66/141") else 0.5)


RULES = (
    (r"^1-exp\(-b\)$|^E_b\[|^sum_\{n>=Nobs\}|^Poisson tail$|^gamma-marginalised$", at_least),
    (r"^sum over n of p\(n\) where|^convention of PL rows", likelihood),
    (r"^convention (gauss|lognormal|gamma)$", residual_rms),
    (r"^local: Poisson tail with b\*w/485", window_local),
    (r"^scan probability|^b_w\^2/2=p5_two", window_widest),
    (r"^smallest n with Poisson tail|^(one|two)-sided 5 sigma, gamma-marginalised", threshold),
    (r"^1-Phi\(5\)$", lambda row: probability_of(5.0)),
    (r"^2\(1-Phi\(5\)\)$", lambda row: probability_of(5.0, 2)),
    (r"^(one|two)-sided$", some_event),
    (r"^sum_\{k<=n\}|^Cousins-Highland|^flat prior in s|^exp\(-s\+s\^2|^P\(N<=n\|s\+b\)", limit),
    (r"^standard published FC table value", unified),
    (r"^ln\(10\)/141$", lambda row: poisson_upper(*entries(row))),
    (r"^1-0\.1\^\(1/141\)$", lambda row: binomial_upper(*entries(row))),
    (r"^0\.277\*ln\(10\)/141", lambda row: 0.277 * poisson_upper(0, 141)),
    (r"^a tenth of VR$", lambda row: (0.277 * poisson_upper(0, 141) if row["inputs"] == "VR/10" else 0.069) / 10.0),
    (r"^ratio$|^ratio of table-4 SR values$", ratio),
    (r"^ratio\*(66/141|0\.5)$", data_over_mc),
    (r"^N_in-\(2/7\)N_sb=270", lambda row: counts_behind_subtraction(270, 27, 2 / 7)[0]),
    (r"^quadrature$", lambda row: in_quadrature(numbers(row["inputs"]))),
    (r"^sqrt\(sum\(e_i\^2-\(r x_i\)\^2\)", table1_error),
    (r"^\(exp-obs\)/sqrt\(obs\+err\^2\)$", lambda row: count_pull(61, 71.6, 9.5)),
    (r"^table-2 value \* 61/71\.6", lambda row: rescaled(row)[0]),
    (r"^Wilson score interval z=1", wilson),
    (r"^N\*\(1-eta_LAV,ANTI0\)|^same$", ee_product),
    (r"^4e6 toys", ee_statistic),
    (r"^m\^2=\(E1\+E2\)\^2", opening_angle),
    (r"^one-sided Z, single bin$", one_bin),
)  # fmt: skip
ARITHMETIC = (ratio, data_over_mc)
"""Rows that test nothing of the product: a quotient of two published numbers."""


def rule_of(row):
    found = [rule for pattern, rule in RULES if re.search(pattern, row["definition"])]
    assert len(found) == 1, f"{row['id']}: {len(found)} rules for the definition {row['definition']!r}; write one"
    return found[0]
