//! Results of ruptures: the reference cases and many more, and the online form on each prefix.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::*;

#[test]
fn the_reference_cases_come_out_exactly() {
    const TEXT: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/reference/changepoints.json"));
    let reference: Value = serde_json::from_str(TEXT).unwrap();
    let cx = Cx::default();
    let mut n_checked = 0;
    for case in reference["cases"].as_array().unwrap() {
        let (inputs, call) = (&case["inputs"], case["call"].as_str().unwrap());
        let rows = reference["inputs"][inputs["data"].as_str().unwrap()].as_array().unwrap();
        let number = |value: &Value| value.as_f64().unwrap();
        let n_columns = rows[0].as_array().map_or(1, Vec::len);
        let values: Vec<f64> = rows
            .iter()
            .flat_map(|row| row.as_array().map_or_else(|| vec![number(row)], |row| row.iter().map(number).collect()))
            .collect();
        let signal = Signal::new(&values, n_columns);
        let penalty = inputs["pen"].as_f64();
        if let Some(penalty) = penalty {
            let bic = Penalty::Bic.value(L2, &signal, &cx).unwrap();
            assert!((bic - penalty).abs() <= 1e-12 * penalty, "{call}: {bic} {penalty}");
            let aic = Penalty::Aic.value(L2, &signal, &cx).unwrap();
            assert!((aic - 4.0 * number(&inputs["sigma2"]) * n_columns as f64).abs() <= 1e-12 * aic, "{call}: {aic}");
        }
        let settings = Settings { jump: inputs["jump"].as_u64().unwrap_or(1) as usize, ..EVERY_ROW };
        for (algo, expected) in case["output"]["breakpoints"].as_object().unwrap() {
            let found = find(&signal, &settings, search(algo, penalty, Some(5)), &cx).unwrap();
            let expected: Vec<usize> =
                expected.as_array().unwrap().iter().map(|b| b.as_u64().unwrap() as usize).collect();
            assert_eq!(found, expected, "{call} {algo}");
            if let Some(expected) = case["output"]["cost"][algo].as_f64() {
                let mut start = 0;
                let cost: f64 = found
                    .iter()
                    .map(|&end| {
                        by_definition(L2, &rows_of(&values, n_columns, std::mem::replace(&mut start, end)..end))
                    })
                    .sum();
                assert!((cost - expected).abs() <= 1e-9 * expected, "{call} {algo}: {cost} {expected}");
            }
            n_checked += 1;
        }
    }
    assert_eq!(n_checked, 36);
}

/// Series, model, gamma, small bias, min_size, jump, search, penalty, number of change points, result.
type Case = (String, String, Option<f64>, bool, usize, usize, String, Option<f64>, Option<usize>, Option<Vec<usize>>);

#[derive(Deserialize)]
struct Prefixes {
    model: String,
    min_size: usize,
    pen: f64,
    values: Vec<f64>,
    starts: Vec<usize>,
}

/// Results of ruptures 1.1.10. Left out are cases in which ruptures chooses between equals by rounding errors of its
/// exponentials and logarithms: rbf and normal on whole numbers and levels without noise.
#[derive(Deserialize)]
struct Ruptures {
    series: BTreeMap<String, (usize, Vec<f64>)>,
    cases: Vec<Case>,
    prefixes: Vec<Prefixes>,
}

fn ruptures() -> Ruptures {
    const TEXT: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/peers/change_points.json"));
    serde_json::from_str(TEXT).unwrap()
}

#[test]
fn ruptures_gives_the_same() {
    let Ruptures { series, cases, .. } = ruptures();
    let cx = Cx::default();
    for case in &cases {
        let (name, model, gamma, small_bias, min_size, jump, algo, penalty, n_changes, expected) = case;
        let model = match model.as_str() {
            "l1" => Model::L1,
            "l2" => L2,
            "rbf" => Model::Rbf { gamma: *gamma },
            _ => Model::Normal { small_bias: *small_bias },
        };
        let (n_columns, values) = &series[name];
        let settings = Settings { model, min_size: *min_size, jump: *jump };
        match find(&Signal::new(values, *n_columns), &settings, search(algo, *penalty, *n_changes), &cx) {
            Ok(found) => assert_eq!(Some(&found), expected.as_ref(), "{case:?}"),
            Err(error) => {
                assert!(matches!(error, ChangePointError::TooFewRows { .. }) && expected.is_none(), "{error} {case:?}");
            }
        }
    }
    assert!(cases.len() > 1000);
}

#[test]
fn the_online_form_is_pelt_on_the_rows_so_far() {
    for Prefixes { model, min_size, pen, values, starts } in ruptures().prefixes {
        let cost = if model == "l2" { OnlineCost::L2 } else { OnlineCost::Normal };
        let fit = OnlineFit::new(&[&values], cost, Penalty::Value(pen), min_size).unwrap();
        for (row, (found, start)) in fit.features(&values, &Cx::default()).unwrap().iter().zip(starts).enumerate() {
            assert_eq!(found.rows_since_change, (row - start) as f64, "{model} {min_size} row {row}");
            let segment = rows_of(&values, 1, start..row + 1);
            let n = segment.len() as f64;
            let mean = segment.iter().map(|value| value[0]).sum::<f64>() / n;
            let std = if n > 1.0 { (by_definition(L2, &segment) / (n - 1.0)).sqrt() } else { 0.0 };
            assert!((found.mean - mean).abs() < 1e-12 && (found.std - std).abs() < 1e-12, "{found:?} {mean} {std}");
            assert_eq!(found.deviation, values[row] - found.mean);
        }
    }
}
