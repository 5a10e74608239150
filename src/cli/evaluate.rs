//! How good a recipe is on data, in the terminal.

use std::io::{self, Write};

use super::args::EvaluateArgs;
use super::run::{in_background, opened, recipe_choice, source_of};
use super::{Failure, print};
use crate::app::settings;
use crate::engine::{ColumnReport, CrossValidation, Engine, Evaluation, Given, Labelled, MeanAndStd, Unlabelled};

pub(super) fn run(args: &EvaluateArgs, out: &mut dyn Write) -> Result<(), Failure> {
    let source = source_of(&args.input.data).map_err(Failure::Usage)?;
    let choice = recipe_choice(&args.input, &[], &[])?;
    let (table, recipe, _, cx) = opened(&source, choice, true)?;
    let engine = Engine::with_disk_cache(settings::default_cache_folder());
    let evaluated = in_background(cx, true, move |cx| engine.evaluate(&table, &recipe, &Given::default(), cx))?;
    let (evaluation, _) = evaluated.map_err(Failure::work)?;
    if args.json {
        let text = serde_json::to_string_pretty(&evaluation).map_err(Failure::work)?;
        writeln!(out, "{text}")?;
    } else {
        text(&evaluation, out)?;
    }
    Ok(())
}

fn text(evaluation: &Evaluation, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "{}: {} rows", evaluation.source, evaluation.rows)?;
    for warning in &evaluation.warnings {
        writeln!(out, "  ! {warning}")?;
    }
    if let Some(labelled) = &evaluation.labelled {
        on_all_rows(labelled, out)?;
    }
    if let Some(cross_validation) = &evaluation.cross_validation {
        folds(cross_validation, out)?;
    }
    without_labels(&evaluation.unlabelled, out)
}

fn on_all_rows(labelled: &Labelled, out: &mut dyn Write) -> io::Result<()> {
    writeln!(
        out,
        "\nAgainst {} labelled anomalies, learned from and judged on all rows (intervals in brackets)",
        labelled.anomalies
    )?;
    writeln!(
        out,
        "{:<22} {:<24} {:<24} {:>9} {:>7} {:>7}",
        "", "ROC-AUC", "average precision", "precision", "recall", "F1"
    )?;
    for column in &labelled.columns {
        let interval = |name: &str| {
            column.metric(name).map_or(String::new(), |i| format!("{:.4} [{:.4}, {:.4}]", i.estimate, i.low, i.high))
        };
        let value = |name: &str| column.metric(name).map_or(0.0, |interval| interval.estimate);
        writeln!(
            out,
            "{:<22} {:<24} {:<24} {:>9.4} {:>7.4} {:>7.4}",
            column.name,
            interval("roc_auc"),
            interval("average_precision"),
            value("precision"),
            value("recall"),
            value("f1_score")
        )?;
    }
    if let Some(combined) = labelled.columns.last() {
        at_the_threshold(combined, out)?;
        series(&labelled.columns, out)?;
    }
    if let Some(calibration) = &labelled.calibration {
        writeln!(
            out,
            "\nProbabilities: Brier score {:.4}, expected calibration error {:.4}, log loss {:.4} (0 is best)",
            calibration.brier_score, calibration.expected_calibration_error, calibration.log_loss
        )?;
    }
    Ok(())
}

fn at_the_threshold(combined: &ColumnReport, out: &mut dyn Write) -> io::Result<()> {
    let c = combined.confusion;
    writeln!(out, "\nCombined, at the threshold:     called abnormal  called normal")?;
    writeln!(out, "  labelled anomaly              {:>15}  {:>13}", c.true_positives, c.false_negatives)?;
    writeln!(out, "  labelled normal               {:>15}  {:>13}", c.false_positives, c.true_negatives)?;
    let best = combined.best_f1;
    writeln!(out, "  best possible F1 {:.4}, from a score of {:.4} on", best.f1, best.threshold)?;
    let at_k = combined.metrics.iter().filter(|metric| metric.metric.starts_with("precision_at_"));
    for metric in at_k {
        let i = &metric.interval;
        writeln!(out, "  {} {:.4} [{:.4}, {:.4}]", metric.metric, i.estimate, i.low, i.high)?;
    }
    Ok(())
}

/// Metrics of whole events, where rows have times.
fn series(columns: &[ColumnReport], out: &mut dyn Write) -> io::Result<()> {
    if columns.iter().all(|column| column.series.is_none()) {
        return Ok(());
    }
    let head = ["VUS-PR", "VUS-ROC", "event P", "event R", "range P", "range R", "NAB", "low FP", "low FN"];
    writeln!(out, "\nAs time series (whole events; NAB from 0, never an alarm, to 100)")?;
    write!(out, "{:<22}", "")?;
    head.iter().try_for_each(|title| write!(out, " {title:>8}"))?;
    writeln!(out)?;
    for column in columns {
        let Some(m) = &column.series else { continue };
        let nab = [m.nab.standard, m.nab.reward_low_fp_rate, m.nab.reward_low_fn_rate].map(|result| result.score);
        let shares = [
            m.vus.map(|vus| vus.vus_pr),
            m.vus.map(|vus| vus.vus_roc),
            m.events.precision,
            m.events.recall,
            m.ranges.precision,
            m.ranges.recall,
        ];
        write!(out, "{:<22}", column.name)?;
        shares
            .iter()
            .try_for_each(|value| write!(out, " {:>8}", value.map_or("-".to_owned(), |v| format!("{v:.4}"))))?;
        nab.iter().try_for_each(|value| write!(out, " {:>8}", value.map_or("-".to_owned(), |v| format!("{v:.1}"))))?;
        writeln!(out)?;
    }
    Ok(())
}

fn folds(cross_validation: &CrossValidation, out: &mut dyn Write) -> io::Result<()> {
    let folds = &cross_validation.folds;
    let sizes: Vec<String> =
        folds.iter().map(|fold| format!("{}/{} ({})", fold.train, fold.test, fold.anomalies)).collect();
    writeln!(out, "\nOn rows that nothing was learned from, {} folds (mean ± standard deviation)", folds.len())?;
    writeln!(out, "  rows learned from/judged (anomalies): {}", sizes.join(", "))?;
    writeln!(out, "{:<22} {:<18} {:<18} {:<18}", "", "ROC-AUC", "average precision", "F1")?;
    let cell = |values: &MeanAndStd| {
        values.mean.map_or("no fold has both".to_owned(), |mean| format!("{mean:.4} ± {:.4}", values.std))
    };
    for column in &cross_validation.columns {
        let cells = [&column.roc_auc, &column.average_precision, &column.f1_score].map(cell);
        writeln!(out, "{:<22} {:<18} {:<18} {:<18}", column.name, cells[0], cells[1], cells[2])?;
    }
    Ok(())
}

fn without_labels(unlabelled: &Unlabelled, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "\nWithout labels")?;
    if let Some(stability) = &unlabelled.stability {
        let correlation = |value: Option<f64>| value.map_or("-".to_owned(), |value| format!("{value:.3}"));
        writeln!(
            out,
            "  stability over halves of the rows and seeds: rank correlation {} (worst {}), overlap of the top {:.3} (worst {:.3})",
            correlation(stability.mean_correlation),
            correlation(stability.worst_correlation),
            stability.mean_overlap,
            stability.worst_overlap
        )?;
    }
    for mass in &unlabelled.mass {
        let number = |value: Option<f64>| value.map_or("-".to_owned(), |value| format!("{value:.4}"));
        let (excess, volume) = (number(mass.excess_mass), number(mass.mass_volume));
        writeln!(
            out,
            "  {:<22} excess mass {excess:>8} (more is better), mass volume {volume:>8} (less is better)",
            mass.detector
        )?;
    }
    if let Some(agreement) = &unlabelled.agreement {
        print::matrix("rank correlation of the scores", &unlabelled.detectors, &agreement.rank_correlation, out)?;
        print::matrix("kappa of the votes", &unlabelled.detectors, &unlabelled.kappa, out)?;
    }
    Ok(())
}
