//! TreeSHAP against shap, against the definition, and what must hold for any forest.

mod definition;
mod peers;
mod properties;

use super::{Attribution, TreeShap, score_attributions};
use crate::analysis::detect::isolation_forest::{IsolationForest, TreeArrays};
use crate::analysis::detect::{FittedDetector as _, Input};
use crate::cx::Cx;
use crate::data::Matrix;
use crate::recipe::{IsolationForestConfig, IsolationScoring, MaxSamples};

/// Rows with ties, a constant column (2) and two that go together (0 and 1), by a fixed formula.
pub(super) fn table(n_rows: usize, n_features: usize) -> Matrix {
    let value = |row: usize, feature: usize| match feature {
        2 => 4.0,
        1 => ((row * 37) % 101) as f64 * 0.1 + ((row * 7) % 11) as f64 * 0.01,
        feature => ((row * (37 + 12 * feature)) % (101 - 6 * feature)) as f64 * 0.1,
    };
    let values = (0..n_rows).flat_map(|row| (0..n_features).map(move |feature| value(row, feature))).collect();
    Matrix::unnamed(n_features, values).unwrap()
}

fn fitted(x: &Matrix, n_estimators: u32, max_samples: u32, scoring: IsolationScoring) -> IsolationForest {
    let max_samples = MaxSamples::Count(max_samples);
    let config = IsolationForestConfig { n_estimators, max_samples, scoring, ..Default::default() };
    IsolationForest::fit(&config, x, &Cx::default()).unwrap()
}

/// A forest by density of these trees: it may have any values.
fn by_density(trees: &[TreeArrays], n_features: usize) -> IsolationForest {
    serde_json::from_value(serde_json::json!({
        "trees": trees, "hyperplanes": [], "n_features": n_features, "max_samples": 8, "scoring": "density"
    }))
    .unwrap()
}

/// A tree that is one long path: level k asks whether feature k modulo `n_features` is at most its threshold; those who
/// are go on, of `rows[k]` rows `rows[k + 1]`, the others end in a leaf of the next value.
fn chain(n_features: usize, thresholds: &[f64], rows: &[u32], values: &[f64]) -> TreeArrays {
    let depth = thresholds.len();
    // Nodes 0 to depth are the path, those after it the leaves beside it.
    let path_then = |on_path: &dyn Fn(usize) -> i32, leaf: i32| -> Vec<i32> {
        (0..=2 * depth).map(|node| if node < depth { on_path(node) } else { leaf }).collect()
    };
    let beside = rows.windows(2).map(|rows| rows[0] - rows[1]);
    TreeArrays {
        columns: (0..n_features as u32).collect(),
        feature: path_then(&|node| (node % n_features) as i32, -2),
        threshold: thresholds.iter().copied().chain(std::iter::repeat_n(-2.0, depth + 1)).collect(),
        left: path_then(&|node| node as i32 + 1, -1),
        right: path_then(&|node| (depth + 1 + node) as i32, -1),
        n_node_samples: rows.iter().copied().chain(beside).collect(),
        log_density: std::iter::repeat_n(0.0, depth).chain(values.iter().copied()).collect(),
    }
}

fn path_dependent(forest: &IsolationForest, rows: &Matrix) -> Vec<Attribution> {
    TreeShap::path_dependent(forest, &Cx::default()).unwrap().unwrap().explain(forest, rows, &Cx::default()).unwrap()
}

fn interventional(forest: &IsolationForest, background: &Matrix, rows: &Matrix) -> Vec<Attribution> {
    let shap = TreeShap::interventional(forest, background, &Cx::default()).unwrap().unwrap();
    shap.explain(forest, rows, &Cx::default()).unwrap()
}

fn scores(forest: &IsolationForest, rows: &Matrix) -> Vec<f64> {
    forest.decision_function(Input::from(rows), &Cx::default()).unwrap()
}

fn assert_sums(attributions: &[Attribution]) {
    for Attribution { base, value, contributions, standard_errors } in attributions {
        let sum = base + contributions.iter().sum::<f64>();
        assert!((sum - value).abs() < 1e-12 * value.abs().max(1.0), "{sum} {value}");
        assert!(standard_errors.is_empty());
    }
}

fn assert_close(found: &[f64], expected: &[f64], tolerance: f64) {
    assert_eq!(found.len(), expected.len());
    for (found, expected) in found.iter().zip(expected) {
        assert!((found - expected).abs() <= tolerance, "{found} {expected}");
    }
}
