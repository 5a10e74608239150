"""One change of an ensemble in numpy (scipy for ranks and erf); prints milliseconds (median of seven).

Called by `cargo bench --bench recombine -- --peers PYTHON`. Columns, means and spreads are at hand before the clock
starts, as they are on our side; what is timed is normalise, combine, threshold, score and flags.
"""

import os
import sys
import time

CHANGE, FILE, COLUMNS, THREADS = sys.argv[1:]
for name in ("OMP", "OPENBLAS", "MKL"):
    os.environ[f"{name}_NUM_THREADS"] = THREADS

import numpy as np  # noqa: E402
from scipy.special import erf  # noqa: E402
from scipy.stats import rankdata  # noqa: E402

X = np.fromfile(FILE).reshape(int(COLUMNS), -1)
WEIGHTS = np.arange(1.0, len(X) + 1)
WEIGHTS /= WEIGHTS.sum()
MEAN, STD = X.mean(1)[:, None], X.std(1)[:, None]
LOW, HIGH = X.min(1)[:, None], X.max(1)[:, None]
Q25, MEDIAN, Q75 = (q[:, None] for q in np.quantile(X, [0.25, 0.5, 0.75], axis=1))
RANKS = np.array([rankdata(x) for x in X]) / X.shape[1] if CHANGE == "rank" else None
VOTES = np.quantile(X, 0.98, axis=1)[:, None]


def combined():
    z = (X - MEAN) / STD if CHANGE not in ("minmax", "robust", "rank") else None
    if CHANGE == "average":
        return WEIGHTS @ z
    if CHANGE == "minmax":
        return WEIGHTS @ ((X - LOW) / (HIGH - LOW))
    if CHANGE == "robust":
        return WEIGHTS @ ((X - MEDIAN) / (Q75 - Q25))
    if CHANGE == "rank":
        return WEIGHTS @ RANKS
    if CHANGE == "gaussian":
        return WEIGHTS @ np.maximum(0, erf(z / np.sqrt(2)))
    if CHANGE == "majority":
        average = WEIGHTS @ z
        return (X > VOTES).sum(0) + 0.25 * (0.5 + 0.5 * average / (1 + np.abs(average)))
    if CHANGE == "confidence":
        distance = np.abs(z - (VOTES - MEAN) / STD)
        say = WEIGHTS[:, None] * distance / (1 + distance)
        return (say * z).sum(0) / say.sum(0)
    if CHANGE == "maximum":
        return z.max(0)
    if CHANGE == "aom":
        z.sort(axis=0)
        n = len(z)
        return (2 * np.arange(n) / (n * (n - 1))) @ z
    raise SystemExit(CHANGE)


def change():
    value = combined()
    median, threshold = np.quantile(value, [0.5, 0.98])
    low = value.min()
    excess = (value - threshold) / (threshold - median)
    above = value > threshold
    score = np.where(above, 0.3 + 0.7 * (1 - (1 + np.maximum(excess, 0) / 2) ** -2.0), 0.3 * (value - low) / (threshold - low))
    severity = np.where(above, np.digitize(score, [0.5, 0.7, 0.9]) + 1, 0)
    return score, above, severity


times = []
for _ in range(8):
    started = time.perf_counter()
    change()
    times.append(1e3 * (time.perf_counter() - started))
print(sorted(times[1:])[3])
