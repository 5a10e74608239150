//! Tests of the short text form.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

fn parsed(text: &str) -> Domain {
    text.parse::<Parameter>().unwrap().domain
}

fn choices(values: Value) -> Domain {
    Domain::Choices(values.as_array().unwrap().clone())
}

fn integer(min: i64, max: i64, step: u64, log: bool) -> Domain {
    Domain::Integer(IntegerRange { min, max, step, log })
}

fn real(min: f64, max: f64, log: bool) -> Domain {
    Domain::Real(RealRange { min, max, log })
}

#[test]
fn choices_are_json_or_bare_words() {
    assert_eq!(parsed("a.b=50,100,200"), choices(json!([50, 100, 200])));
    assert_eq!(parsed("a = 0.5 , .75, auto,true, null"), choices(json!([0.5, 0.75, "auto", true, null])));
    assert_eq!(parsed("a=relu"), choices(json!(["relu"])));
    assert_eq!(parsed("a=1_000,-2_0,1e3,+5"), choices(json!([1000, -20, 1000.0, 5])));
    assert_eq!(parsed("a=inf,nan,5min,-x"), choices(json!(["inf", "nan", "5min", "-x"])));
    assert_eq!(parsed(r#"a="1..2","a,b","\"[""#), choices(json!(["1..2", "a,b", "\"["])));
    assert_eq!(parsed("path.x=a=1".replace("a=1", "1").as_str()), choices(json!([1])));
}

#[test]
fn brackets_are_kept_together() {
    assert_eq!(parsed("a=[64,32],[32,16]"), choices(json!([[64, 32], [32, 16]])));
    assert_eq!(parsed("a=[relu, tanh],[],[[1,2],[x]]"), choices(json!([["relu", "tanh"], [], [[1, 2], ["x"]]])));
    assert_eq!(parsed(r#"a="auto",{"share":0.5,"n":[1,2]}"#), choices(json!(["auto", {"share": 0.5, "n": [1, 2]}])));
    assert_eq!(
        parsed("a=auto,fraction(0.5), value( [a,2] )"),
        choices(json!(["auto", {"fraction": 0.5}, {"value": ["a", 2]}]))
    );
}

#[test]
fn ranges_are_of_integers_where_both_ends_are() {
    assert_eq!(parsed("a=10..200"), integer(10, 200, 1, false));
    assert_eq!(parsed("a=-1_000 .. 5 : step = 5"), integer(-1000, 5, 5, false));
    assert_eq!(parsed("a=1..512:log"), integer(1, 512, 1, true));
    assert_eq!(parsed("a=0.01..0.5"), real(0.01, 0.5, false));
    assert_eq!(parsed("a=1e-4..1:log"), real(1e-4, 1.0, true));
    assert_eq!(parsed("a=-.5...5"), real(-0.5, 0.5, false));
    assert_eq!(parsed("a=1..2.0"), real(1.0, 2.0, false));
}

#[test]
fn errors_say_what_is_wrong() {
    for (text, said) in [
        ("abc", "PATH=VALUES"),
        ("=1", "PATH=VALUES"),
        ("a=", "PATH=VALUES"),
        ("a=1,,2", "a: a value is missing"),
        ("a=1,", "missing"),
        ("a=[1,2", "\"]\" is missing"),
        ("a=1]", "\"]\" closes a bracket that is not open"),
        ("a=(1]", "closes"),
        ("a=\"x", "double quote"),
        ("a={x:1}", "neither a word nor JSON"),
        ("a=x:y", "double quotes"),
        ("a=1..x", "\"x\" is not a number"),
        ("a=..5", "\"\" is not a number"),
        ("a=nan..5", "\"nan\" is not a number"),
        ("a=1..inf", "\"inf\" is not a number"),
        ("a=1..2..3", "more than once"),
        ("a=1..2,3", "neither"),
        ("a=1..9:lin", "\":lin\" is unknown"),
        ("a=1..9:step=x", "\"x\" is not a step"),
        ("a=0.1..0.9:step=1", "whole numbers"),
        ("a=1e999", "too large"),
    ] {
        let error = text.parse::<Parameter>().unwrap_err().to_string();
        assert!(error.contains(said), "{text}: {error}");
    }
    let deep = format!("a={}", "[".repeat(100_000));
    assert!(deep.parse::<Parameter>().unwrap_err().to_string().contains("deep"));
}

fn any_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_filter("JSON", |x| x.is_finite()).prop_map(Value::from),
        any::<bool>().prop_map(Value::from),
        ".*".prop_map(Value::from),
        Just(Value::Null),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((".*", inner), 0..4).prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

fn any_domain() -> impl Strategy<Value = Domain> {
    let finite = || any::<f64>().prop_filter("finite", |x| x.is_finite());
    prop_oneof![
        prop::collection::vec(any_value(), 1..5).prop_map(Domain::Choices),
        (any::<i64>(), any::<i64>(), any::<u64>(), any::<bool>())
            .prop_map(|(a, b, step, log)| integer(a, b, step, log)),
        (finite(), finite(), any::<bool>()).prop_map(|(a, b, log)| real(a, b, log)),
    ]
}

proptest! {
    #[test]
    fn the_written_form_reads_back(domain in any_domain()) {
        let parameter = Parameter { path: "a.b".to_owned(), domain };
        prop_assert_eq!(parameter.to_string().parse::<Parameter>(), Ok(parameter));
    }

    #[test]
    fn any_text_is_read_or_refused(text in "a=[\\[\\]{}()\"\\\\,.:a0-9= -]*") {
        let _ = text.parse::<Parameter>();
    }
}
