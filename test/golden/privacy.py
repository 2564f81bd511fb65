"""Reference values of privacy.json: epsilon of the Poisson-sampled Gaussian mechanism from Google's dp-accounting
(PyPI, 0.6.0), by its improved conversion and by Mironov's classic one; Renyi divergences by mpmath's quadrature of the definition
with 40 digits. (dp-accounting's series for orders below 2 stops early: 4 % off at q 0.01, sigma 1, order 1.5, and without a
value at larger q; so points whose best order lies there are left out.)

    python3 -m venv V && V/bin/pip install dp-accounting mpmath && V/bin/python privacy.py > privacy.json
"""
import json
import math

import dp_accounting
from dp_accounting.rdp import rdp_privacy_accountant as rdp
from mpmath import exp, log, mp, mpf, pi, quad, sqrt

ORDERS = [1 + i / 10 for i in range(1, 100)] + list(range(11, 64)) + [80, 96, 128, 192, 256, 384, 512]
POINTS = [  # sampling rate, noise multiplier, steps, delta
    (0.01, 4.0, 10000, 1e-5),
    (256 / 60000, 1.1, 14062, 1e-5),
    (256 / 60000, 0.7, 10546, 1e-5),
    (256 / 60000, 1.3, 3515, 1e-5),
    (0.02, 0.8, 500, 1e-5),
    (0.1, 1.0, 100, 1e-3),
    (0.1, 1.2, 200, 1e-4),
    (0.001, 0.6, 20000, 1e-6),
    (0.5, 3.0, 50, 1e-5),
    (1.0, 2.0, 1, 1e-5),
    (1.0, 10.0, 300, 1e-6),
    (0.2, 20.0, 1000, 1e-7),
]
DIVERGENCES = [(0.01, 1.0, 1.5), (0.01, 1.0, 2), (0.01, 4.0, 32), (0.2, 0.7, 3.3), (0.5, 2.0, 17.5), (1.0, 1.5, 2.5), (0.001, 0.6, 5)]


def points():
    for q, sigma, steps, delta in POINTS:
        event = dp_accounting.SelfComposedDpEvent(
            dp_accounting.PoissonSampledDpEvent(q, dp_accounting.GaussianDpEvent(sigma)), steps
        )
        accountant = rdp.RdpAccountant(ORDERS)
        accountant.compose(event)
        improved = accountant.get_epsilon(delta)
        classic = min(r - math.log(delta) / (a - 1) for a, r in zip(ORDERS, accountant._rdp))
        yield {"sampleRate": q, "noiseMultiplier": sigma, "steps": steps, "delta": delta, "improved": improved, "classic": classic}


def divergences():
    mp.dps = 40
    for q, sigma, order in DIVERGENCES:
        r, s, a = mpf(str(q)), mpf(str(sigma)), mpf(str(order))
        moment = quad(
            lambda z: exp(-z * z / (2 * s * s)) / (s * sqrt(2 * pi)) * (1 - r + r * exp((2 * z - 1) / (2 * s * s))) ** a,
            [-20 * s, -5 * s, 0, 1, a / 2, a, a + 5 * s, a + 20 * s],
        )
        yield {"sampleRate": q, "noiseMultiplier": sigma, "order": order, "divergence": float(log(moment) / (a - 1))}


print(json.dumps({"source": "dp-accounting 0.6.0, mpmath 1.4.1", "points": list(points()), "divergences": list(divergences())}, indent=1))
