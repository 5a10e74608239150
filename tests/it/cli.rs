//! The command line from outside: the real program, its output and exit codes.

use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;
use tempfile::TempDir;

/// The program with a home of its own, so that nobody's settings or alerts are touched.
fn tarsier(home: &TempDir, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_tarsier"))
        .args(arguments)
        .current_dir(home.path())
        .env_clear()
        .env("HOME", home.path())
        .env("PATH", "")
        .output()
        .unwrap()
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// A short recipe: everything on, but few trees, epochs and rows.
const QUICK: [&str; 6] = [
    "--detectors",
    "isolation_forest,one_class_svm,local_outlier_factor,autoencoder",
    "--set",
    "detectors.autoencoder.epochs=2",
    "--set",
    "detectors.isolation_forest.n_estimators=20",
];

fn home_with_sample(name: &str, rows: &str) -> TempDir {
    let home = tempfile::tempdir().unwrap();
    let made = tarsier(&home, &["sample", name, "--rows", rows, "--out", "data.csv"]);
    assert!(made.status.success(), "{}", stderr(&made));
    home
}

fn lines(path: &Path) -> Vec<Vec<String>> {
    let text = std::fs::read_to_string(path).unwrap();
    text.lines().map(|line| line.split(',').map(str::to_owned).collect()).collect()
}

#[test]
fn run_writes_scores_features_report_and_alerts() {
    let home = home_with_sample("servers", "600");
    let mut arguments =
        vec!["run", "data.csv", "--json", "--db", "a.sqlite", "--scores", "s.csv", "--features", "f.csv"];
    arguments.extend(["--report", "r.html", "--ignore", "disk_io_mb_s"]);
    arguments.extend(QUICK);
    let output = tarsier(&home, &arguments);
    assert!(output.status.success(), "{}", stderr(&output));
    assert_eq!(stderr(&output), "", "progress stays quiet when piped");
    let result: Value = serde_json::from_str(&stdout(&output)).unwrap();
    assert_eq!(result["rows"], 600);
    assert!(result["alerts"].as_u64().unwrap() > 0);
    for name in ["isolation_forest", "one_class_svm", "local_outlier_factor", "autoencoder", "combined"] {
        let roc_auc = result["metrics"][name]["roc_auc"].as_f64().unwrap();
        assert!((0.0..=1.0).contains(&roc_auc), "{name} {roc_auc}");
        assert!(result["metrics"][name]["average_precision"].is_f64());
    }
    let stages: Vec<&str> = result["stages"].as_array().unwrap().iter().map(|s| s["name"].as_str().unwrap()).collect();
    assert!(stages.starts_with(&["load", "features", "isolation_forest"]), "{stages:?}");
    assert!(result["stages"][2]["fit_seconds"].is_f64() && result["stages"][2]["score_seconds"].is_f64());
    assert!(result["peak_memory_mb"].as_f64().unwrap() > 1.0);

    let scores = lines(&home.path().join("s.csv"));
    let header = "row,timestamp,host,isolation_forest,one_class_svm,local_outlier_factor,autoencoder,score,is_anomaly,severity,\
         probability,confidence";
    assert_eq!(scores[0].join(","), header);
    assert_eq!(scores.len(), 601);
    let input = lines(&home.path().join("data.csv"));
    for (i, line) in scores.iter().enumerate().skip(1) {
        assert_eq!(line[0], (i - 1).to_string());
        assert_eq!(line[2], input[i][1], "rows stay in input order");
        let (score, is_anomaly): (f64, bool) = (line[7].parse().unwrap(), line[8].parse().unwrap());
        assert!((0.0..=1.0).contains(&score) && is_anomaly == (score > 0.3) && is_anomaly != line[9].is_empty());
    }
    let features = lines(&home.path().join("f.csv"));
    assert_eq!(features.len(), 601);
    assert_eq!(features[0].len() as u64, result["features"].as_u64().unwrap());
    assert!(features[0].contains(&"cpu_percent_mean_60".to_owned()) && !features[0].iter().any(|f| f.contains("disk")));
    assert!(std::fs::read_to_string(home.path().join("r.html")).unwrap().contains("</html>"));

    let listed = tarsier(&home, &["alerts", "list", "--db", "a.sqlite", "--json", "--limit", "1000"]);
    let alerts: Value = serde_json::from_str(&stdout(&listed)).unwrap();
    assert_eq!(alerts.as_array().unwrap().len() as u64, result["alerts"].as_u64().unwrap());
    let id = alerts[0]["id"].to_string();
    let shown = stdout(&tarsier(&home, &["alerts", "show", &id, "--db", "a.sqlite"]));
    assert!(shown.contains("typical") && shown.contains("isolation_forest"), "{shown}");
    assert!(shown.contains("\npriority ") && shown.contains(", respond "), "{shown}");
    let details: Value =
        serde_json::from_str(&stdout(&tarsier(&home, &["alerts", "show", &id, "--db", "a.sqlite", "--json"]))).unwrap();
    let judged = &details["assessment"];
    assert!(judged["priority"].is_u64() && judged["factors"].is_array() && judged["probability"].is_f64(), "{judged}");
}

#[test]
fn running_again_adds_nothing_and_gives_the_same_bits_on_other_threads() {
    let home = home_with_sample("transactions", "400");
    let run = |threads: &str, scores: &str| {
        let mut arguments = vec![
            "run",
            "data.csv",
            "--json",
            "--no-cache",
            "--db",
            "a.sqlite",
            "--threads",
            threads,
            "--scores",
            scores,
        ];
        arguments.extend(QUICK);
        let output = tarsier(&home, &arguments);
        assert!(output.status.success(), "{}", stderr(&output));
        serde_json::from_str::<Value>(&stdout(&output)).unwrap()
    };
    let first = run("1", "one.csv");
    let second = run("3", "two.csv");
    assert_eq!(first["alerts"], first["alerts_new"]);
    assert_eq!(second["alerts_new"], 0);
    let read = |name: &str| std::fs::read_to_string(home.path().join(name)).unwrap();
    assert_eq!(read("one.csv"), read("two.csv"));
}

#[test]
fn another_start_computes_nothing_again() {
    let home = home_with_sample("servers", "400");
    let run = |more: &[&str]| {
        let mut arguments = vec!["run", "data.csv", "--json", "--db", "a.sqlite", "--scores", "s.csv"];
        arguments.extend(QUICK.iter().chain(more));
        let output = tarsier(&home, &arguments);
        assert!(output.status.success(), "{}", stderr(&output));
        let result: Value = serde_json::from_str(&stdout(&output)).unwrap();
        let stages = result["stages"].as_array().unwrap().iter();
        let cached = stages.filter(|stage| stage["cached"] == true && stage["name"] != "features");
        (cached.count(), result["warnings"].clone(), std::fs::read_to_string(home.path().join("s.csv")).unwrap())
    };
    let cache = || serde_json::from_slice::<Value>(&tarsier(&home, &["cache", "--json"]).stdout).unwrap();
    let n_scores = || cache()["kinds"][2]["n_files"].as_u64().unwrap();
    let first = run(&[]);
    // Four score columns, the autoencoder's errors under dropout (mean and deviation), and the nearest rows.
    assert_eq!((first.0, n_scores()), (0, 7));
    let second = run(&["--threads", "1"]);
    assert_eq!(second, (4, first.1, first.2));
    assert_eq!(run(&["--seed", "7"]).0, 0);
    assert_eq!(run(&["--no-cache"]).0, 0);
    // The nearest rows do not depend on the seed.
    assert_eq!(n_scores(), 13);
    assert!(stdout(&tarsier(&home, &["cache"])).contains("scores          13"));
    assert!(stdout(&tarsier(&home, &["cache", "clear"])).contains("removed"));
    assert_eq!((n_scores(), run(&[]).0), (0, 0));
}

#[test]
fn the_memory_limit_holds_or_the_run_is_refused() {
    let home = home_with_sample("servers", "80000");
    let run = |limit: &str| {
        let limit = format!("compute.memory_limit_mb={limit}");
        let mut arguments =
            vec!["run", "data.csv", "--json", "--detectors", "hbos", "--db", "a.sqlite", "--set", &limit];
        arguments.extend(["--set", "compute.cache.disk_mb=0", "--set", "ensemble.confidence.enabled=false"]);
        tarsier(&home, &arguments)
    };
    let peak = |output: Output| {
        assert!(output.status.success(), "{}", stderr(&output));
        serde_json::from_str::<Value>(&stdout(&output)).unwrap()["peak_memory_mb"].as_f64().unwrap()
    };
    // With room, what was computed stays in memory; without, it goes.
    let (large, small) = (peak(run("4096")), peak(run("250")));
    assert!(small <= 250.0 && small + 25.0 < large, "{small} MB, {large} MB");
    let refused = run("100");
    assert_eq!(refused.status.code(), Some(1));
    let reason = stderr(&refused);
    assert!(reason.contains("80000 rows of 119 features need") && reason.contains("memory_limit_mb = 100"), "{reason}");
}

#[test]
fn chosen_detectors_and_seed_are_used() {
    let home = home_with_sample("transactions", "300");
    let run = |seed: &str, out: &str| {
        let arguments =
            ["run", "data.csv", "--detectors", "isolation_forest", "--seed", seed, "--scores", out, "--quiet"];
        let output = tarsier(&home, &arguments);
        assert!(output.status.success() && stdout(&output).is_empty(), "{}", stderr(&output));
        lines(&home.path().join(out))
    };
    let (one, two) = (run("1", "a.csv"), run("2", "b.csv"));
    assert_eq!(one[0].join(","), "row,isolation_forest,score,is_anomaly,severity,probability,confidence");
    assert_ne!(one, two);
}

#[test]
fn a_rule_on_the_command_line_raises_alerts() {
    let home = home_with_sample("servers", "300");
    let rule = "cpu_percent >= 0 AND host = 'web-1'";
    let mut arguments = vec!["run", "data.csv", "--db", "a.sqlite", "--detectors", "isolation_forest", "--rule", rule];
    arguments.extend(["--scores", "s.csv"]);
    arguments.extend(QUICK);
    let output = tarsier(&home, &arguments);
    assert!(output.status.success(), "{}", stderr(&output));
    let scores = lines(&home.path().join("s.csv"));
    let [host, severity] = ["host", "severity"].map(|name| scores[0].iter().position(|column| column == name).unwrap());
    let of_host: Vec<&Vec<String>> = scores.iter().skip(1).filter(|line| line[host] == "web-1").collect();
    assert!(!of_host.is_empty() && of_host.iter().all(|line| ["high", "critical"].contains(&line[severity].as_str())));
    let shown = stdout(&tarsier(&home, &["alerts", "show", "1", "--db", "a.sqlite"]));
    assert!(shown.contains(rule), "{shown}");
    arguments[7] = "cpu_percent >=";
    let output = tarsier(&home, &arguments);
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("cannot be read"), "{}", stderr(&output));
}

#[test]
fn wrong_arguments_and_recipes_exit_with_2_and_say_what_fits() {
    let home = home_with_sample("transactions", "50");
    std::fs::write(home.path().join("bad.ron"), "(detectors: (one_class_svm: (nu: 7)))").unwrap();
    let cases: [(&[&str], &str); 6] = [
        (&["run", "data.csv", "--set", "detectors.one_class_svm.nu=7"], "detectors.one_class_svm.nu"),
        (&["run", "data.csv", "--set", "detectors.svm.nu=0.1"], "isolation_forest, one_class_svm"),
        (&["run", "data.csv", "--recipe", "bad.ron"], "above 0, at most 1"),
        (&["run", "data.csv", "--device", "abacus"], "cuda:N"),
        (&["run", "data.csv", "--detectors", "forest"], "isolation_forest"),
        (&["recipe", "check", "bad.ron"], "1 of 1"),
    ];
    for (arguments, hint) in cases {
        let output = tarsier(&home, arguments);
        let text = stderr(&output);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {text}");
        assert!(text.contains(hint), "{arguments:?}: {text}");
    }
}

#[test]
fn data_that_cannot_be_used_exits_with_1_and_says_why() {
    let home = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(home.path().join(name), text).unwrap();
    write("empty.csv", "");
    write("words.csv", "a,b\nx,y\nz,w\n");
    write("one.csv", "a,b\n1,2\n");
    for (arguments, hint) in [
        (vec!["run", "none.csv"], "none.csv"),
        (vec!["run", "empty.csv"], "empty"),
        (vec!["run", "words.csv"], "column"),
        (vec!["run", "one.csv", "--time", "when"], "when"),
        (vec!["alerts", "list", "--db", "none.sqlite"], "no alerts database"),
    ] {
        let output = tarsier(&home, &arguments);
        let text = stderr(&output);
        assert_eq!(output.status.code(), Some(1), "{arguments:?}: {text}");
        assert!(text.contains(hint), "{arguments:?}: {text}");
    }
    let one = tarsier(&home, &["run", "one.csv", "--quiet"]);
    assert!(one.status.success(), "one row is little, but no error: {}", stderr(&one));
}

#[test]
fn reference_presets_devices_completions_and_manual_are_printed() {
    let home = tempfile::tempdir().unwrap();
    for (arguments, hint) in [
        (&["recipe", "reference"][..], "hidden_layers: [64, 32, 16, 32, 64]"),
        (&["recipe", "presets"], "document"),
        (&["recipe", "presets", "tabular"], "contamination: 0.05"),
        (&["devices"], "cpu"),
        (&["completions", "bash"], "_tarsier"),
        (&["man"], ".TH"),
        (&["--help"], "tarsier recipe reference"),
        (&["--version"], env!("CARGO_PKG_VERSION")),
    ] {
        let output = tarsier(&home, arguments);
        assert!(output.status.success(), "{arguments:?}: {}", stderr(&output));
        assert!(stdout(&output).contains(hint), "{arguments:?}");
    }
    let reference = stdout(&tarsier(&home, &["recipe", "reference"]));
    std::fs::write(home.path().join("all.ron"), reference).unwrap();
    let checked = tarsier(&home, &["recipe", "check", "all.ron"]);
    assert!(checked.status.success(), "{}", stdout(&checked));
}

#[test]
fn without_a_display_the_main_job_runs_on_the_sample() {
    let home = tempfile::tempdir().unwrap();
    let output = tarsier(&home, &[]);
    let text = stdout(&output);
    assert!(output.status.success(), "{}", stderr(&output));
    assert!(text.contains("servers") && text.contains("alerts") && text.contains("open the window"), "{text}");
    assert!(home.path().join("tarsier-report.html").exists());
    assert!(home.path().join(".local/share/tarsier/alerts.sqlite").exists());
}

#[test]
fn explain_says_why_and_what_would_be_normal() {
    let home = home_with_sample("servers", "900");
    let run = tarsier(&home, &["run", "data.csv", "--json", "--db", "a.sqlite", "--scores", "s.csv"]);
    assert!(run.status.success(), "{}", stderr(&run));
    // The worst row by the file of scores, whose first column is the row.
    let scores = lines(&home.path().join("s.csv"));
    let place = scores[0].iter().position(|name| name == "score").unwrap();
    let score = |line: &Vec<String>| line[place].parse::<f64>().unwrap();
    let worst = scores[1..].iter().max_by(|a, b| score(a).total_cmp(&score(b))).unwrap();
    let explain = |more: &[&str]| {
        let output = tarsier(&home, &[&["explain", "data.csv", "--db", "a.sqlite", "--json"], more].concat());
        assert!(output.status.success(), "{}", stderr(&output));
        serde_json::from_str::<Value>(&stdout(&output)).unwrap()
    };
    let found = explain(&["--row", &worst[0]]);
    assert_eq!((&found["row"], &found["detector"]), (&worst[0].parse::<u32>().unwrap().into(), &"combined".into()));
    assert!((found["score"].as_f64().unwrap() - score(worst)).abs() < 1e-9);
    let number = |value: &Value, name: &str| value[name].as_f64().unwrap();
    let sum = |found: &Value| -> f64 {
        found["contributions"].as_array().unwrap().iter().map(|part| number(part, "contribution")).sum()
    };
    assert!((sum(&found) - number(&found, "score") + number(&found, "base")).abs() < 1e-9);
    assert!(
        found["contributions"][0]["feature"].is_string()
            && found["sentence"].as_str().unwrap().contains("% of the score")
    );
    let changes = found["counterfactual"]["changes"].as_array().unwrap();
    assert!(!changes.is_empty() && number(&found["counterfactual"], "score") <= 0.3);
    // As an alert: the first of the queue is that row, explained with the recipe that found it.
    let alert = explain(&["--alert", "1"]);
    assert_eq!((&alert["row"], &alert["score"], &alert["alert"]), (&found["row"], &found["score"], &1.into()));
    // What the counterfactual says, tried out.
    if found["counterfactual"]["with_history"] == false {
        let set: Vec<String> =
            changes.iter().map(|c| format!("{}={}", c["feature"].as_str().unwrap(), number(c, "to"))).collect();
        let arguments: Vec<&str> = set.iter().flat_map(|change| ["--what-if", change]).collect();
        let tried = explain(&[&["--row", worst[0].as_str()][..], &arguments].concat());
        assert_eq!(tried["what_if"]["is_anomaly"], false, "{tried:#}");
    }
    let forest = explain(&["--row", &worst[0], "--detector", "isolation_forest"]);
    let scored = scores[0].iter().position(|name| name == "isolation_forest").unwrap();
    assert!((number(&forest, "score") - worst[scored].parse::<f64>().unwrap()).abs() < 1e-9);
    assert!((sum(&forest) - number(&forest, "score") + number(&forest, "base")).abs() < 1e-9);
    assert_eq!(forest["method"], "tree_shap");
    let global = explain(&["--global"]);
    assert!(global["columns"][0]["share"].as_f64().unwrap() > 0.0 && global["permutation"].is_array());
    let text = stdout(&tarsier(&home, &["explain", "data.csv", "--row", &worst[0]]));
    assert!(text.contains("Normal if ") && text.contains("share"), "{text}");
}

#[test]
fn explain_refuses_what_it_cannot_explain() {
    let home = home_with_sample("servers", "300");
    let refused = |arguments: &[&str], told: &str| {
        let output = tarsier(&home, &[&["explain", "data.csv"], arguments].concat());
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(stderr(&output).contains(told), "{arguments:?}: {}", stderr(&output));
    };
    refused(&[], "--row");
    refused(&["--row", "300"], "there is no row 300: the data has 300 rows, counted from 0");
    refused(&["--row", "1", "--detector", "ecod"], "ecod is not part of the run");
    refused(&["--row", "1", "--detector", "z_score", "--method", "tree_shap"], "choose one of exact_shap");
    refused(&["--row", "1", "--what-if", "latency_ms=high"], "COLUMN=NUMBER");
    refused(&["--row", "1", "--what-if", "latency=1"], "there is no column latency to change");
    let off = ["--row", "1", "--set", "explanation.enable_explainability=false"];
    refused(&off, "explanation.enable_explainability");
    let missing = tarsier(&home, &["explain", "data.csv", "--alert", "1"]);
    assert!(stderr(&missing).contains("no alerts database yet"), "{}", stderr(&missing));
    let run = tarsier(&home, &["run", "sample:servers", "--db", "a.sqlite", "--quiet"]);
    assert!(run.status.success());
    refused(&["--alert", "1", "--db", "a.sqlite"], "was found in servers (synthetic), not in data.csv");
}
