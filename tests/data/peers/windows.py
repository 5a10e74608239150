"""Makes windows.json: what pandas and numpy say of sliding windows. Run: python windows.py > windows.json"""

import json

import numpy as np
import pandas as pd

rng = np.random.default_rng(20)


def clean(values):
    return [None if not np.isfinite(v) else float(f"{v:.12g}") for v in values]


def series(kind, n):
    if kind == "walk":
        x = np.round(np.cumsum(rng.normal(size=n)), 3)
    elif kind == "ties":
        x = rng.integers(0, 4, n).astype(float)
    elif kind == "spikes":
        x = np.round(rng.lognormal(0, 2, n), 4) + 0.01
    else:
        x = np.round(1e6 + rng.normal(size=n), 5)
    x[rng.random(n) < 0.1] = np.nan
    return x


def trend(x, y, at, value, curve):
    """numpy.polyfit(x, y or log(y), degree): derivative and residual at `at`, R2."""
    degree = {"linear": 1, "exponential": 1, "quadratic": 2, "cubic": 3, "quartic": 4}[curve]
    if len(np.unique(x)) < degree + 1 or (curve == "exponential" and (y <= 0).any()):
        return [np.nan] * 3
    z = np.log(y) if curve == "exponential" else y
    shift, scale = x.mean(), max(np.ptp(x), 1.0)
    middle = z[0]  # numpy would lose digits to a large offset
    p = np.poly1d(np.polyfit((x - shift) / scale, z - middle, degree))
    here = (at - shift) / scale
    fitted = p(here) + middle
    ss = ((z - z.mean()) ** 2).sum()
    r2 = 0.0 if np.ptp(z) == 0 else 1 - ((z - middle - p((x - shift) / scale)) ** 2).sum() / ss
    return [p.deriv()(here) / scale, value - (np.exp(fitted) if curve == "exponential" else fitted), r2]


LEVELS = [0.05, 0.25, 0.5, 0.75, 0.95, 0.37]
CURVES = ["linear", "quadratic", "cubic", "quartic", "exponential"]
cases = []
for kind in ["walk", "ties", "spikes", "offset"]:
    n = 48
    x = series(kind, n)
    minutes = np.cumsum(rng.integers(1, 60, n)) * 10  # seconds
    index = pd.to_datetime(minutes, unit="s")
    for unit, window in [("rows", 4), ("rows", 9), ("rows", 30), ("minutes", 15), ("minutes", 60)]:
        s = pd.Series(x) if unit == "rows" else pd.Series(x, index=index)
        r = s.rolling(window if unit == "rows" else f"{window}min", min_periods=1)
        out = {
            "mean": r.mean(), "std": r.std(), "min": r.min(), "max": r.max(), "median": r.median(),
            "skewness": r.skew(), "kurtosis": r.kurt(), "rank": r.rank(pct=True),
        }
        for level in LEVELS:
            out[f"quantile {level}"] = r.quantile(level)
        out = {k: v.to_numpy(copy=True) for k, v in out.items()}
        level = float(np.nanquantile(x, 0.8))
        extra = {k: np.full(n, np.nan) for k in ["z", "modified z", "iqr", "share", "excess"]}
        trends = {f"{c} {p}": np.full(n, np.nan) for c in CURVES for p in ["slope", "residual", "r2"]}
        clock = np.arange(n) if unit == "rows" else minutes / 60
        for i in range(n):
            at = clock[i]
            j = np.arange(n)
            upto = (j <= i) & (at - clock < window - 1e-9) & np.isfinite(x)
            before = (j < i) & (at - clock <= window + 1e-9) & np.isfinite(x)
            v, b = x[upto], x[before]
            if len(v):
                extra["share"][i] = (v > level).mean()
                extra["excess"][i] = (v[v > level] - level).mean() if (v > level).any() else 0.0
            if len(b) >= 2 and np.isfinite(x[i]):
                d = x[i] - b.mean()
                sd = b.std(ddof=1) if np.ptp(b) > 0 else 0.0
                extra["z"][i] = np.clip(d / sd, -20, 20) if sd else 20 * np.sign(d)
                m = np.median(b)
                mad = np.median(np.abs(b - m))
                extra["modified z"][i] = (
                    np.clip(0.6745 * (x[i] - m) / mad, -20, 20) if mad else 20 * np.sign(x[i] - m)
                )
                q1, q3 = np.quantile(b, [0.25, 0.75])
                extra["iqr"][i] = (x[i] > q3 + 1.5 * (q3 - q1)) * 1 - (x[i] < q1 - 1.5 * (q3 - q1)) * 1
            for curve in CURVES:
                for p, value in zip(["slope", "residual", "r2"], trend(clock[upto], v, at, x[i], curve)):
                    trends[f"{curve} {p}"][i] = value
        out.update(extra)
        out.update(trends)
        cases.append({
            "call": f"Series({kind}).rolling({window} {unit}, min_periods=1)", "unit": unit, "window": window,
            "values": clean(x), "seconds": [int(t) for t in minutes], "level": level,
            "outputs": {k: clean(v) for k, v in out.items()},
        })
print(json.dumps({"libraries": {"pandas": pd.__version__, "numpy": np.__version__}, "cases": cases}, separators=(",", ":")))
