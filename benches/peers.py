"""One job of the detectors' bench in the libraries people use now; prints fit and score seconds and peak megabytes.

Called by `cargo bench --bench detectors -- --peers PYTHON`. Needs numpy and, for the jobs that name them, scikit-learn,
scikit-learn-intelex, isotree, pyod, stumpy, torch.
"""

import os
import resource
import sys
import time

JOB, PEER, FILE, ROWS, COLUMNS, FIT_ROWS, THREADS = sys.argv[1:]
for name in ("OMP", "OPENBLAS", "MKL", "NUMBA"):
    os.environ[f"{name}_NUM_THREADS"] = THREADS
THREADS = int(THREADS)

import numpy as np  # noqa: E402  (after the number of threads is set)


def isolation_forest(X):
    if PEER == "isotree":
        from isotree import IsolationForest

        m = IsolationForest(ntrees=100, sample_size=min(256, len(X)), ndim=1, missing_action="fail", nthreads=THREADS)
        m.fit(X)
        return m.predict
    from sklearn.ensemble import IsolationForest

    return IsolationForest(n_estimators=100, random_state=0, n_jobs=THREADS).fit(X).score_samples


def one_class_svm(X):
    from sklearn.svm import OneClassSVM

    return OneClassSVM(nu=0.1).fit(X).decision_function


one_class_svm_10k = one_class_svm


def local_outlier_factor(X):
    if PEER == "scikit-learn-intelex":
        from sklearnex import patch_sklearn

        patch_sklearn(verbose=False)
    from sklearn.neighbors import LocalOutlierFactor

    m = LocalOutlierFactor(n_neighbors=20, n_jobs=THREADS).fit(X)
    return lambda _: m.negative_outlier_factor_


def autoencoder(X):
    import torch

    torch.set_num_threads(1)  # batches of 32 are slower on more
    torch.manual_seed(0)
    data = torch.from_numpy(X.astype(np.float32))
    sizes = [X.shape[1], 64, 32, 16, 32, 64, X.shape[1]]
    layers = []
    for a, b in zip(sizes, sizes[1:]):
        layers += [torch.nn.Linear(a, b), torch.nn.ReLU()]
    net = torch.nn.Sequential(*layers[:-1])
    adam = torch.optim.Adam(net.parameters(), lr=1e-3, fused=True)
    for _ in range(2 if len(X) > 64 else 1):
        for rows in torch.randperm(len(data)).split(32):
            batch = data[rows]
            adam.zero_grad()
            torch.nn.functional.mse_loss(net(batch), batch).backward()
            adam.step()

    def score(Z):
        with torch.no_grad():
            parts = torch.from_numpy(Z.astype(np.float32)).split(8192)
            return torch.cat([((net(p) - p) ** 2).mean(1) for p in parts]).numpy()

    return score


def pyod(module, name, **settings):
    def fit(X):
        m = getattr(__import__(f"pyod.models.{module}", fromlist=[name]), name)(**settings).fit(X)
        return lambda _: m.decision_scores_

    return fit


k_nearest_neighbors = pyod("knn", "KNN", n_jobs=THREADS)
ecod = pyod("ecod", "ECOD")
copod = pyod("copod", "COPOD")
hbos = pyod("hbos", "HBOS")
mahalanobis = pyod("mcd", "MCD", random_state=0)


def matrix_profile(X):
    import stumpy

    # One column at a time, as the window of a hundred rows slides over it.
    profiles = [stumpy.stump(np.ascontiguousarray(column), m=min(100, len(X) // 4))[:, 0] for column in X.T]
    return lambda _: np.max(profiles, axis=0)


def main():
    X = np.fromfile(FILE).reshape(int(ROWS), int(COLUMNS))
    sample = X[:: max(1, len(X) // int(FIT_ROWS))][: int(FIT_ROWS)] if int(FIT_ROWS) else X
    fit = globals()[JOB]
    # Imports, thread pools and compilation are not what is measured.
    noise = np.random.default_rng(0).normal(size=(64, X.shape[1]))
    fit(noise)(noise)
    start = time.perf_counter()
    score = fit(np.ascontiguousarray(sample))
    fitted = time.perf_counter()
    score(X)
    done = time.perf_counter()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(fitted - start, done - fitted, peak)


main()
