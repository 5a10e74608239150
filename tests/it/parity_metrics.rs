//! ROC-AUC and average precision against scikit-learn.

use serde_json::Value;
use tarsier::analysis::evaluate::Metrics;

#[test]
fn roc_auc_and_average_precision_are_those_of_scikit_learn() {
    let reference: Value = serde_json::from_str(include_str!("../data/reference/metrics.json")).unwrap();
    let labels: Vec<bool> =
        reference["inputs"]["y"].as_array().unwrap().iter().map(|y| y.as_i64() == Some(1)).collect();
    let mut n_cases = 0;
    for name in ["smooth", "ties", "all_equal"] {
        let scores: Vec<f64> =
            reference["inputs"][name].as_array().unwrap().iter().map(|s| s.as_f64().unwrap()).collect();
        let metrics = Metrics::of(&labels, &scores).unwrap();
        let case = reference["cases"]
            .as_array()
            .unwrap()
            .iter()
            .find(|case| case["call"] == format!("sklearn metrics of {name}"));
        let output = &case.unwrap()["output"];
        for (got, key) in [(metrics.roc_auc, "roc_auc"), (metrics.average_precision, "average_precision")] {
            let expected = output[key].as_f64().unwrap();
            assert!((got - expected).abs() < 1e-12, "{name} {key}: {got} instead of {expected}");
        }
        n_cases += 1;
    }
    assert_eq!(n_cases, 3);
}
