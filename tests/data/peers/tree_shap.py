"""Writes tree_shap.json: small forests of scikit-learn 1.9.1 and what shap 0.51.0 says of them. Run in this folder."""
import json

import numpy as np
import shap
from sklearn.ensemble import IsolationForest

rng = np.random.default_rng(11)
X = np.round(rng.normal(size=(400, 21)), 2)
X[:, 5] = np.round(X[:, 5])  # ties
X[:, 8] = np.round(X[:, 0] + X[:, 8] / 10, 2)
X[:5] *= 4
X[:, 3], X[:, 17] = 1.5, -2.0  # constant
rows, background = X[:4], X[100:110]
cases = []
for params in (
    dict(n_estimators=3, max_samples=256, random_state=5),
    dict(n_estimators=4, max_samples=100, max_features=0.3, random_state=6),
):
    forest = IsolationForest(**params).fit(X)
    trees = []
    for tree, columns in zip(forest.estimators_, forest.estimators_features_):
        tree = tree.tree_
        trees.append(dict(
            columns=columns.tolist(), feature=tree.feature.tolist(), threshold=tree.threshold.tolist(),
            left=tree.children_left.tolist(), right=tree.children_right.tolist(),
            n_node_samples=tree.n_node_samples.tolist()))
    by_path = shap.TreeExplainer(forest)
    by_rows = shap.TreeExplainer(forest, data=background, feature_perturbation="interventional")
    cases.append(dict(
        call=f"IsolationForest(**{params})", max_samples=params["max_samples"], trees=trees,
        scores=(-forest.score_samples(rows)).tolist(),
        base=float(np.ravel(by_path.expected_value)[0]), shap_values=by_path.shap_values(rows).tolist(),
        interventional_base=float(np.ravel(by_rows.expected_value)[0]),
        interventional_shap_values=by_rows.shap_values(rows).tolist()))
with open("tree_shap.json", "w") as file:
    json.dump(dict(rows=rows.tolist(), background=background.tolist(), cases=cases), file, separators=(",", ":"))
