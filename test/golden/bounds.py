#!/usr/bin/env python3
"""Reference values of bounds.json: the normal distribution, Gaussian differential privacy, trade-off functions, reconstruction robustness.

normal, gaussian, muOf: mpmath with 50 digits, from the definitions.
uniform: the central limit theorem of uniform batches, mpmath.
ternary: the exact trade-off function of T coordinates, by convolution of the outputs' distribution of +1, 0, -1 (numpy, scipy).
dpSgd: kappa and gamma of T steps by convolution of the densities of log r on a grid of 2e-4 (numpy), Neyman and Pearson at the threshold.

    python3 -m venv V && V/bin/pip install scipy==1.14.1 mpmath==1.4.1 && V/bin/python bounds.py > bounds.json
"""
import json
import sys

import numpy as np
from mpmath import erfc, erfinv, exp, findroot, log, mp, mpf, sqrt
from scipy.signal import fftconvolve
from scipy.stats import norm

mp.dps = 50
cdf = lambda x: erfc(-x / sqrt(mpf(2))) / 2


def delta_of(mu, eps):
    mu, eps = mpf(repr(mu)), mpf(repr(eps))
    return cdf(-eps / mu + mu / 2) - exp(eps) * cdf(-eps / mu - mu / 2)


def normal():
    for x in (-37.0, -20.0, -8.3, -3.0, -1.5000001, -1.4999999, -0.5, -1e-9, 0.0, 0.7, 1.2, 2.0, 6.0):
        yield {"x": x, "cdf": float(cdf(mpf(repr(x))))}


def quantiles():
    for p in (1e-300, 1e-20, 1e-5, 0.01, 0.3, 0.5, 0.7, 0.999):
        root = findroot(lambda x: log(cdf(x)) - log(mpf(repr(p))), float(norm.ppf(p)))
        yield {"p": p, "x": float(root)}


def gaussian():
    for mu in (1e-3, 0.1, 0.5, 1.0, 3.0, 20.0):
        for eps in (0.0, 1e-3, 0.1, 1.0, 5.0, 40.0):
            delta = delta_of(mu, eps)
            if delta > mpf("1e-290"):
                yield {"mu": mu, "epsilon": eps, "delta": float(delta)}


def uniform():
    for q, sigma, steps in ((0.01, 1.0, 1000), (0.1, 0.7, 20), (0.004, 4.0, 5000)):
        s = mpf(repr(sigma))
        inner = exp(s ** -2) * cdf(1.5 / s) + 3 * cdf(-0.5 / s) - 2
        yield {"sampleRate": q, "noiseMultiplier": sigma, "steps": steps, "mu": float(mpf(repr(q)) * sqrt(2 * steps * inner))}


def ternary():
    """With s = the sum of the outputs, a sufficient statistic: reject for large s, at random on the boundary."""
    for c, A, B, T in ((0.1, 0.25, 0.5, 1), (0.1, 0.25, 0.5, 3), (1.0, 1.5, 2.0, 10), (0.02, 0.5, 1.0, 200)):
        up, down, none = (A + c) / (2 * B), (A - c) / (2 * B), 1 - A / B
        q, p = np.array([1.0]), np.array([1.0])
        for _ in range(T):
            q, p = np.convolve(q, [down, none, up]), np.convolve(p, [up, none, down])
        for alpha in (0.01, 0.05, 0.2, 0.5, 0.9):
            left, missed = alpha, 1.0
            for k in range(2 * T, -1, -1):
                share = min(1.0, left / p[k]) if p[k] > 0 else 1.0
                left, missed = left - share * p[k], missed - share * q[k]
            yield {"c": c, "A": A, "B": B, "times": T, "alpha": alpha, "beta": missed}


def dp_sgd():
    step = 2e-4
    for q, sigma, steps in ((0.3, 0.8, 1), (0.3, 0.8, 3), (1.0, 2.0, 4), (0.05, 1.0, 2)):
        w = np.linspace(-9 * sigma, 1 + 9 * sigma, 2_000_001)
        ratio = np.log1p(q * np.expm1((2 * w - 1) / (2 * sigma**2)))
        cells = np.rint(ratio / step).astype(int)
        low = cells.min()
        without, plus = norm.pdf(w, 0, sigma), norm.pdf(w, 1, sigma)
        mass = lambda d: np.bincount(cells - low, d / d.sum())
        p, r = mass(without), mass((1 - q) * without / without.sum() + q * plus / plus.sum())
        P, R = p, r
        for _ in range(steps - 1):
            P, R = fftconvolve(P, p), fftconvolve(R, r)
        tail_p, tail_r = np.cumsum(P[::-1]), np.cumsum(R[::-1])
        for kappa in (1e-3, 0.01, 0.1, 0.5):
            at = int(np.searchsorted(tail_p, kappa))
            before = tail_p[at - 1] if at else 0.0
            share = (kappa - before) / (tail_p[at] - before)
            gamma = (tail_r[at - 1] if at else 0.0) * (1 - share) + share * tail_r[at]
            yield {"sampleRate": q, "noiseMultiplier": sigma, "steps": steps, "kappa": kappa, "gamma": float(gamma)}


tables = {name: list(of()) for name, of in (("normal", normal), ("quantiles", quantiles), ("gaussian", gaussian), ("uniform", uniform), ("ternary", ternary), ("dpSgd", dp_sgd))}
json.dump({"source": "mpmath 1.4.1, scipy 1.14.1", **tables}, sys.stdout, indent=0)
