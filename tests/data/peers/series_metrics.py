"""Makes series_metrics.json: what the authors' own programs say of anomalies in time series.

Run: python series_metrics.py > series_metrics.json
Needs on the module path: TSB_AD (volumes, point-adjusted F1), prts 1.0.0.3 (range-based precision and recall),
and nab_score (a scorer by NAB 1.1's rules that reproduces its published results).
"""

import json

import nab_score
import numpy as np
import pandas as pd
import prts
from TSB_AD.evaluation.basic_metrics import basic_metricor

rng = np.random.default_rng(31)


def flags(n, runs, most):
    y = np.zeros(n, int)
    for _ in range(runs):
        start = rng.integers(0, n)
        y[start : start + rng.integers(1, most + 1)] = 1
    return y


def text(y):
    return "".join(map(str, y))


def volume(name, y, scores, window):
    try:
        tpr, fpr, prec, _, roc, pr = basic_metricor().RangeAUC_volume_opt(y, scores, window, 250)
        # The areas of the last window, from the points of its curve.
        r_roc = np.sum(np.diff(fpr[-1]) * (tpr[-1][1:] + tpr[-1][:-1]) / 2)
        r_pr = np.sum(np.diff(tpr[-1][:-1]) * prec[-1][1:])
        areas = [float(v) for v in (pr, roc, r_pr, r_roc)]
    except IndexError:  # one class only
        areas = None
    given = {"name": name, "labels": text(y), "scores": scores.tolist(), "window": window}
    return given | {"vus_pr_roc_r_auc_pr_roc": areas}


def volumes():
    out = []
    for name, n, runs, most, window in [
        ("few events", 300, 3, 20, 30), ("many short events", 400, 40, 3, 21), ("short input", 12, 1, 3, 7),
        ("long window", 60, 3, 6, 100), ("no window", 260, 5, 9, 0), ("window of one", 260, 5, 9, 1),
        ("more rows than thresholds", 700, 8, 25, 12),
    ]:
        y = flags(n, runs, most)
        out.append(volume(name, y, np.round(rng.normal(size=n) + 1.5 * y, 2), window))
    y = np.zeros(200, int)
    y[:5] = y[-4:] = 1
    out.append(volume("both ends", y, np.round(rng.normal(size=200) + y, 2), 16))
    y = np.zeros(120, int)
    y[[40, 42, 43, 45, 49, 60]] = 1
    out.append(volume("next to each other", y, np.round(rng.normal(size=120), 2), 24))
    y = (np.arange(90) % 2 == 1).astype(int)
    out.append(volume("every second row", y, np.round(rng.normal(size=90), 2), 9))
    y = flags(150, 4, 10)
    out.append(volume("ties", y, rng.integers(-2, 3, 150).astype(float) + y, 18))
    out.append(volume("constant", y, np.full(150, -2.5), 18))
    out.append(volume("huge", y, rng.choice([-1e300, 1e300, 0.0, 1e-300], 150), 18))
    out.append(volume("exactly the labels", y, y.astype(float), 18))
    out.append(volume("upside down", y, -y.astype(float), 18))
    out.append(volume("no anomaly", np.zeros(30, int), rng.normal(size=30).round(2), 5))
    out.append(volume("no normal row", np.ones(30, int), rng.normal(size=30).round(2), 5))
    return out


def ranges():
    out = []
    for n, runs, most in [(40, 4, 8), (60, 9, 5), (25, 1, 12), (80, 3, 30), (30, 12, 2)]:
        real, predicted = flags(n, runs, most), flags(n, runs + 1, most)
        for bias in ["flat", "front", "middle", "back"]:
            for cardinality in ["one", "reciprocal"]:
                alpha = float(rng.choice([0.0, 0.2, 0.5, 1.0]))
                p = prts.ts_precision(real, predicted, alpha=alpha, cardinality=cardinality, bias=bias)
                r = prts.ts_recall(real, predicted, alpha=alpha, cardinality=cardinality, bias=bias)
                out.append({
                    "labels": text(real), "flags": text(predicted), "alpha": alpha, "bias": bias,
                    "cardinality": cardinality, "precision": float(p), "recall": float(r),
                })
    return out


def adjusted():
    out = []
    for n, runs, most in [(50, 3, 9), (120, 8, 6), (30, 2, 4), (200, 5, 40)]:
        real, predicted = flags(n, runs, most), flags(n, runs, most)
        real[0] = 0  # TSB_AD's adjustment does not reach the first row
        grader = basic_metricor()
        recall = grader.range_recall_new(real, predicted, 0.2)[0]
        precision = grader.range_recall_new(predicted, real, 0)[0]
        out.append({
            "labels": text(real), "flags": text(predicted),
            "f1": float(grader.metric_PointF1PA(real, predicted.astype(float), preds=predicted)),
            "range_precision": float(precision), "range_recall": float(recall),
            "range_f1": float(grader.metric_RF1(real, predicted.astype(float), preds=predicted)),
        })
    return out


def nab():
    out = []
    for name, lengths, per_series, kind in [
        ("one series", [120], 2, "signal"), ("three series", [80, 150, 60], 2, "signal"),
        ("ties", [100, 70], 2, "ties"), ("constant", [90], 2, "constant"), ("window of one row", [64], 0, "signal"),
        ("touching", [100], -1, "ties"), ("in the probation", [100], -2, "signal"),
        ("no window", [50], None, "signal"), ("guess", [200, 180], 3, "noise"),
        ("long", [5400], 1, "sparse"),
    ]:
        frames, labels, series = {}, {}, []
        for i, n in enumerate(lengths):
            if per_series is None:
                windows = []
            elif per_series == 0:
                windows = [(30, 30), (50, 50)]
            elif per_series == -1:
                windows = [(20, 34), (35, 40), (41, 41)]
            elif per_series == -2:
                windows = [(2, 9), (13, 20)]
            elif kind == "sparse":
                windows = [(800, 900)]
            else:
                cuts = np.sort(rng.choice(np.arange(n // 8, n), 2 * per_series, replace=False))
                windows = [(int(a), int(b)) for a, b in cuts.reshape(-1, 2)]
            y = np.zeros(n)
            for a, b in windows:
                y[a : b + 1] = 1
            if kind == "constant":
                s = np.zeros(n)
            elif kind == "ties":
                s = rng.integers(0, 4, n) + y
            elif kind == "sparse":
                s = np.zeros(n)
                s[[10, 749, 750, 810, 950, 5000]] = [9, 8, 5, 4, 3, 6]
            else:
                s = rng.normal(size=n) + (y if kind == "signal" else 0)
            s = np.round(s.astype(float), 2)
            times = pd.date_range("2024-01-01", periods=n, freq="5min")
            frames[f"{i}"] = pd.DataFrame({"timestamp": times.astype(str), "anomaly_score": s})
            labels[f"{i}"] = [[str(times[a]), str(times[b])] for a, b in windows]
            # Long series are given by the scores that are not zero.
            given = {"n": n, "at": {str(k): s[k] for k in np.flatnonzero(s)}} if kind == "sparse" else s.tolist()
            series.append({"scores": given, "windows": windows})
        with np.errstate(invalid="ignore", divide="ignore"):
            result = nab_score.evaluate(frames, labels)
        for r in result.values():
            r["score"] = None if np.isnan(r["score"]) else r["score"]
            r["threshold"] = None if np.isinf(r["threshold"]) else r["threshold"]
        out.append({"name": name, "series": series, "result": {k.lower(): r for k, r in result.items()}})
    return out


print(json.dumps({"volumes": volumes(), "ranges": ranges(), "adjusted": adjusted(), "nab": nab()}))
