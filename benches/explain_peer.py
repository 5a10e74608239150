"""Seconds that shap takes for an isolation forest of scikit-learn: made ready and values, path dependent and against 100
rows. Arguments: file of float64, features, rows."""

import sys
import time

import numpy as np
import shap
from sklearn.ensemble import IsolationForest

path, n_features, n_rows = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
x = np.fromfile(path).reshape(-1, n_features)
forest = IsolationForest(n_estimators=100, max_samples=256, random_state=1).fit(x)


def best(work, repeats):
    times = []
    for _ in range(repeats):
        started = time.perf_counter()
        result = work()
        times.append(time.perf_counter() - started)
    return min(times), result


for options in ({}, {"data": x[10000:10100], "feature_perturbation": "interventional"}):
    ready, explainer = best(lambda: shap.TreeExplainer(forest, **options), 2)
    values, _ = best(lambda: explainer.shap_values(x[:n_rows]), 3 if not options else 1)
    print(ready, values)
