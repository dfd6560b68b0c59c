"""Marginal Poisson laws, limits and a combination by plain sums: no special functions, no quadrature rules."""

import math
from itertools import product

STEPS = 800


def factors(prior, relative):
    """(value, weight) of a factor by the midpoint rule."""
    if prior == "none" or relative == 0.0:
        return [(1.0, 1.0)]
    found = []
    if prior == "gamma":
        k = relative**-2
        top = 1.0 + 12.0 * relative + 10.0 * relative**2
        for i in range(STEPS):
            x = (i + 0.5) * top / STEPS
            found.append((x, math.exp((k - 1.0) * math.log(x) - k * (x - 1.0))))
    else:
        log_sd = {"lognormal": math.sqrt(math.log(1.0 + relative**2)), "lognormal_median": relative}
        log_sd["lognormal_kappa"] = math.log(1.0 + relative)
        shift = -0.5 * log_sd["lognormal"] ** 2 if prior == "lognormal" else 0.0
        for i in range(STEPS):
            t = -8.0 + (i + 0.5) * 16.0 / STEPS
            x = 1.0 + relative * t if prior == "gauss" else math.exp(shift + log_sd[prior] * t)
            if x > 0.0:
                found.append((x, math.exp(-0.5 * t * t)))
    total = sum(weight for _, weight in found)
    return [(x, weight / total) for x, weight in found]


def poisson(n, mean):
    if mean == 0.0:
        return 1.0 if n == 0 else 0.0
    return math.exp(n * math.log(mean) - mean - math.lgamma(n + 1))


def exactly(n, mean, error, prior):
    relative = error / mean if mean > 0.0 else 0.0
    return sum(weight * poisson(n, mean * x) for x, weight in factors(prior, relative))


def p_at_least(n_obs, mean, error, prior):
    return 1.0 - sum(exactly(n, mean, error, prior) for n in range(n_obs))


def p_likelihood(n_obs, mean, error, prior, top=300):
    law = factors(prior, error / mean)
    limit = poisson(n_obs, mean) * (1.0 + 1e-9)
    return sum(sum(weight * poisson(n, mean * x) for x, weight in law) for n in range(top) if poisson(n, mean) <= limit)


def cls(n_obs, signal, mean, error, prior_b, relative, prior_s):
    """CL_s of one channel: both factors in two sums."""
    law_b = factors(prior_b, error / mean if mean else 0.0)[::8] if error else [(1.0, 1.0)]
    law_s = factors(prior_s, relative)[::8] if relative else [(1.0, 1.0)]
    norm = sum(w for _, w in law_b) * sum(w for _, w in law_s)
    both = sum(
        wb * ws * sum(poisson(n, mean * b + signal * s) for n in range(n_obs + 1))
        for (b, wb), (s, ws) in product(law_b, law_s)
    )
    alone = sum(wb * sum(poisson(n, mean * b) for n in range(n_obs + 1)) for b, wb in law_b)
    return both / norm / (alone / sum(w for _, w in law_b))


def combined_cls(n_obs, signals, backgrounds, relative, prior, top=40):
    """CL_s of channels with known backgrounds: every set of counts is ordered and added."""
    law = factors(prior, relative)[::8] if relative else [(1.0, 1.0)]
    norm = sum(w for _, w in law)
    weights = [math.log1p(s / b) for s, b in zip(signals, backgrounds, strict=True)]
    observed = sum(w * n for w, n in zip(weights, n_obs, strict=True))
    with_signal = alone = 0.0
    for counts in product(range(top), repeat=len(n_obs)):
        if sum(w * n for w, n in zip(weights, counts, strict=True)) <= observed * (1.0 + 1e-9):
            alone += math.prod(poisson(n, b) for n, b in zip(counts, backgrounds, strict=True))
            for x, w in law:
                means = [b + x * s for b, s in zip(backgrounds, signals, strict=True)]
                with_signal += w / norm * math.prod(poisson(n, m) for n, m in zip(counts, means, strict=True))
    return with_signal / alone
