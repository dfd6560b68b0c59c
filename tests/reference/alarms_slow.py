"""Negative binomial tails summed term by term in 60 digits, and a CUSUM in plain Python."""

from __future__ import annotations

import math
import random

import mpmath as mp


def tail_high(n: int, mu: float, phi: float) -> mp.mpf:
    """P(N >= n), n > mu."""
    with mp.workdps(60):
        r, part = _shape(mu, phi)
        term, total, k = _term(n, r, part), mp.mpf(0), n
        while term > total * mp.mpf(10) ** -25:
            total += term
            term *= (k + r) / (k + 1) * part
            k += 1
        return total


def tail_low(n: int, mu: float, phi: float) -> mp.mpf:
    """P(N <= n), n < mu."""
    with mp.workdps(60):
        r, part = _shape(mu, phi)
        term, total, k = _term(n, r, part), mp.mpf(0), n
        while k >= 0 and term > total * mp.mpf(10) ** -25:
            total += term
            term *= k / ((k - 1 + r) * part)
            k -= 1
        return total


def _shape(mu: float, phi: float) -> tuple[mp.mpf, mp.mpf]:
    spread = mp.mpf(phi) * mp.mpf(mu)
    return 1 / mp.mpf(phi), spread / (1 + spread)


def _term(n: int, r: mp.mpf, part: mp.mpf) -> mp.mpf:
    log = mp.loggamma(n + r) - mp.loggamma(r) - mp.loggamma(n + 1) + n * mp.log(part) + r * mp.log(1 - part)
    return mp.exp(log)


def draw(rng: random.Random, mu: float, phi: float) -> int:
    """One negative binomial count: a gamma rate, then Poisson by the waiting times of a unit process."""
    rate = mu * rng.gammavariate(1.0 / phi, phi)
    if rate > 50.0:
        return max(0, round(rng.gauss(rate, math.sqrt(rate))))
    n, time = -1, 0.0
    while time < rate:
        time += rng.expovariate(1.0)
        n += 1
    return n


def run_length(rng: random.Random, mu: float, phi: float, factor: float, h: float, true_mu: float) -> int:
    """Spills to the alarm of one chart."""
    r, level, n_spills = 1.0 / phi, 0.0, 0
    while level <= h:
        n = draw(rng, true_mu, phi)
        ratio = n * math.log(factor) - (n + r) * math.log((r + factor * mu) / (r + mu))
        level = max(0.0, level + ratio)
        n_spills += 1
    return n_spills
