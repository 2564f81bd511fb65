"""Reference values of accountant.json: the Poisson-sampled Gaussian mechanism over the whole range of noise.

points: epsilon by Google's dp-accounting (PyPI, 0.6.0) on whole orders, and on orders of tenths where its series for fractional
orders ends well (two of its answers, with and without the neighbours of the best order, agree).
divergences: log(A) / (alpha - 1) from the definition by the trapezoidal rule with 200 digits (mpmath), 32,000 points.

    python3 -m venv V && V/bin/pip install dp-accounting==0.6.0 mpmath==1.4.1 && V/bin/python accountant.py > accountant.json
"""
import json
import math

import dp_accounting
from dp_accounting.rdp import rdp_privacy_accountant as rdp
from mpmath import exp, log, mp, mpf, pi, sqrt

mp.dps = 200
WHOLE = list(range(2, 65)) + [128, 256, 512, 1024]
SIGMAS = [1e-10, 1e-5, 1e-3, 0.01, 0.03, 0.1, 0.2, 0.25, 0.3, 0.5, 0.8, 1, 2, 5, 20, 100, 1e4]
DELTA = 1e-5


def epsilon(q, sigma, steps, orders):
    accountant = rdp.RdpAccountant(orders)
    gaussian = dp_accounting.GaussianDpEvent(sigma)
    event = gaussian if q == 1 else dp_accounting.PoissonSampledDpEvent(q, gaussian)
    accountant.compose(dp_accounting.SelfComposedDpEvent(event, steps))
    return accountant.get_epsilon(DELTA)


def points():
    for sigma in SIGMAS:
        for q in (1e-4, 0.01, 0.3, 1):
            for steps in (1, 1000):
                value = epsilon(q, sigma, steps, WHOLE)
                if math.isfinite(value):
                    yield {"sampleRate": q, "noiseMultiplier": sigma, "steps": steps, "epsilon": value}


def divergence(q, sigma, order, count=32000):
    r, s, a = mpf(repr(q)), mpf(repr(sigma)), mpf(repr(order))
    low, high = -25 * s, max(a, mpf(2)) + 25 * s
    h = (high - low) / count
    density = lambda z: exp(-z * z / (2 * s * s)) / (s * sqrt(2 * pi))
    moment = lambda z: density(z) * (1 - r + r * exp((2 * z - 1) / (2 * s * s))) ** a
    return float(log(h * sum(moment(low + i * h) for i in range(count + 1))) / (a - 1))


def divergences():
    # much noise; and sampling so rare that the integrand bends near alpha
    far = ((2, 0.01, 1.5), (20, 1e-3, 2.5), (0.1, 1e-54, 1.5), (0.05, 1e-100, 1.1))
    for sigma in (0.005, 0.01, 0.02, 0.05, 0.1, 0.15, 0.24, 0.26, 0.4):
        for q, order in ((0.01, 1.01), (0.5, 1.2), (1e-6, 1.5), (0.01, 2.5), (0.999, 3.3), (1e-3, 10.9)):
            yield {"sampleRate": q, "noiseMultiplier": sigma, "order": order, "divergence": divergence(q, sigma, order)}
    for sigma, q, order in far:
        yield {"sampleRate": q, "noiseMultiplier": sigma, "order": order, "divergence": divergence(q, sigma, order)}


if __name__ == "__main__":
    source = "dp-accounting 0.6.0, mpmath 1.4.1"
    print(json.dumps({"source": source, "delta": DELTA, "orders": WHOLE, "points": list(points()), "divergences": list(divergences())}))
