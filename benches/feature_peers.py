"""One job of the features' bench in the libraries people use now; prints seconds (best of three) and peak megabytes.

Called by `cargo bench --bench features -- --peers PYTHON`. Needs numpy and, for the jobs that name them, pandas, polars,
statsmodels, ruptures, scipy.
"""

import os
import resource
import sys
import time

JOB, PEER, FILE, ROWS, COLUMNS, THREADS = sys.argv[1:]
for name in ("OMP", "OPENBLAS", "MKL", "NUMBA"):
    os.environ[f"{name}_NUM_THREADS"] = THREADS
os.environ["POLARS_MAX_THREADS"] = THREADS
ROWS, COLUMNS = int(ROWS), int(COLUMNS)

import numpy as np  # noqa: E402  (after the number of threads is set)

X = np.fromfile(FILE).reshape(COLUMNS, ROWS)
WINDOWS = (5, 10, 30, 60)
NOTE = ""


def rolling():
    if PEER == "polars":
        import polars as pl

        frame = pl.DataFrame({f"x{j}": X[j] for j in range(COLUMNS)})
        kinds = ("mean", "std", "min", "max", "median")
        expressions = [
            getattr(pl.col(name), f"rolling_{kind}")(window_size=w, min_samples=1).alias(f"{name}_{kind}_{w}")
            for name in frame.columns
            for w in WINDOWS
            for kind in kinds
        ]
        return lambda: frame.select(expressions)
    import pandas as pd

    frame = pd.DataFrame(X.T.copy())

    def work():
        out = []
        for w in WINDOWS:
            r = frame.rolling(w, min_periods=1)
            out += [r.mean(), r.std(), r.min(), r.max(), r.median()]
        return out

    return work


def stl(robust=False):
    from statsmodels.tsa.seasonal import STL

    return lambda: STL(X[0], period=1440, robust=robust).fit()


def stl_robust():
    return stl(True)


def pelt():
    import ruptures

    noise = np.median(np.abs(np.diff(X[0]))) / (0.67449 * np.sqrt(2))
    penalty = 2 * noise**2 * np.log(ROWS)
    return lambda: ruptures.KernelCPD(kernel="linear", min_size=2).fit(X[0]).predict(pen=penalty)


def kendall():
    global NOTE
    from scipy.stats import kendalltau

    pairs = COLUMNS * (COLUMNS - 1) // 2
    sample = [(i, (i * 7 + 1) % COLUMNS) for i in range(6)]
    NOTE = f"(of {pairs} pairs, from {len(sample)})"

    def work():
        for a, b in sample:
            kendalltau(X[a], X[b])

    work.scale = pairs / len(sample)
    return work


work = globals()[JOB]()
best = float("inf")
for _ in range(3):
    started = time.perf_counter()
    work()
    best = min(best, time.perf_counter() - started)
print(best * getattr(work, "scale", 1), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, NOTE)
