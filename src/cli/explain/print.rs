//! How explanations are printed.

use std::io::{self, Write};

use serde_json::{Value, json};

use super::{Changed, Explained};
use crate::app::explained;
use crate::app::format::{fmt_number, fmt_time};
use crate::engine::{ColumnShare, Contribution, Counterfactual, GlobalExplanation, Target};

/// A bar of one of these per twentieth.
const BAR: &str = "████████████████████";

/// One object with everything.
pub(super) fn json(explained: &Explained) -> Value {
    let explanation = &explained.explanation;
    let contribution = |part: &Contribution| {
        let mut object = json!({ "feature": part.feature, "source": part.source, "value": number(part.value), "contribution": part.contribution });
        if let (Some(error), Some(fields)) = (part.standard_error, object.as_object_mut()) {
            fields.insert("standard_error".to_owned(), json!(error));
        }
        object
    };
    let column = |column: &ColumnShare| {
        json!({
            "column": column.source,
            "value": number(column.value),
            "typical": column.typical.map(|t| json!({ "low": t.low, "median": t.median, "high": t.high, "at_this_hour": t.at_this_hour })),
            "contribution": column.contribution,
            "share": column.share,
        })
    };
    json!({
        "row": explanation.row,
        "alert": explained.alert,
        "detector": explanation.target.name(),
        "method": explanation.method.name(),
        "score": explanation.score,
        "base": explanation.base,
        "contributions": explanation.contributions.iter().map(contribution).collect::<Value>(),
        "columns": explained.columns.iter().map(column).collect::<Value>(),
        "detectors": explanation.detectors.iter().map(|share| json!({
            "detector": share.kind.name(), "score": share.score, "base": share.base, "threshold": share.threshold,
            "voted": share.voted, "leading_column": share.leading, "contribution": share.contribution,
        })).collect::<Value>(),
        "margin": explanation.margin.map(|margin| json!({ "name": margin.name, "value": margin.value, "base": margin.base })),
        "r_squared": explanation.fit,
        "sentence": explained.sentence,
        "nearest_normal": explained.nearest.map(|nearest| json!({ "row": nearest.row, "distance": nearest.distance })),
        "counterfactual": explained.counterfactual.as_ref().map(counterfactual_json),
        "what_if": explained.what_if.as_ref().map(what_if_json),
    })
}

fn counterfactual_json(found: &Counterfactual) -> Value {
    let changes = found
        .changes
        .iter()
        .map(|change| json!({ "feature": change.column, "from": number(change.from), "to": number(change.to) }));
    json!({ "changes": changes.collect::<Value>(), "score": found.score, "with_history": found.with_history })
}

fn what_if_json(changed: &Changed) -> Value {
    let detectors = changed.result.detectors.iter();
    let detectors =
        detectors.map(|(kind, before, after)| json!({ "detector": kind.name(), "before": before, "after": after }));
    json!({
        "changes": changed.changes.iter().map(|(column, to)| json!({ "feature": column, "to": to })).collect::<Value>(),
        "detectors": detectors.collect::<Value>(),
        "before": changed.result.before,
        "after": changed.result.after,
        "is_anomaly": changed.result.is_anomaly,
        "unchanged_features": changed.held,
    })
}

/// JSON has no NaN.
fn number(value: f64) -> Option<f64> {
    value.is_finite().then_some(value)
}

/// A page for people; `top` features at most.
pub(super) fn text(explained: &Explained, top: usize, out: &mut dyn Write) -> io::Result<()> {
    let explanation = &explained.explanation;
    let table = &explained.snapshot.table;
    let row = explanation.row as usize;
    let time =
        table.time().and_then(|times| times.get(row)).map_or(String::new(), |&time| format!(", {}", fmt_time(time)));
    let entity = table.entities().map_or(String::new(), |entities| format!(", {}", entities.name_of(row)));
    writeln!(out, "Row {row} of {} (counted from 0){time}{entity}", table.name)?;
    writeln!(out, "{}\n", explained.sentence)?;
    let name = match explanation.target {
        Target::Combined => "combined score".to_owned(),
        Target::Detector(kind) => format!("score of {}", kind.title()),
    };
    let (score, base, title) = (explanation.score, explanation.base, explanation.method.title());
    writeln!(out, "{name} {score:.4}, {:+.4} against {base:.4} ({title})", score - base)?;
    if let Some(margin) = &explanation.margin {
        writeln!(out, "{} {:.3}, {:.3} on average", margin.name, margin.value, margin.base)?;
    }
    if let Some(fit) = explanation.fit {
        writeln!(out, "the linear model explains {:.0} % of the score around the row", 100.0 * fit)?;
    }
    columns(explained, out)?;
    features(&explanation.contributions, top, out)?;
    detectors(explained, out)?;
    advice(explained, out)
}

fn columns(explained: &Explained, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "\n{:<24} {:>12} {:>22} {:>10}  share", "column", "value", "typical", "adds")?;
    for column in explained.columns.iter().filter(|column| column.contribution != 0.0) {
        let value = if column.text.is_empty() { fmt_number(column.value) } else { column.text.clone() };
        let typical = column.typical.map_or(String::new(), |typical| {
            let hour = if typical.at_this_hour { " this hour" } else { "" };
            format!("{} to {}{hour}", fmt_number(typical.low), fmt_number(typical.high))
        });
        let bar: String = BAR.chars().take((20.0 * column.share).round() as usize).collect();
        let share = 100.0 * column.share;
        writeln!(
            out,
            "{:<24} {value:>12} {typical:>22} {:>+10.4}  {share:>3.0} % {bar}",
            column.source, column.contribution
        )?;
    }
    Ok(())
}

fn features(contributions: &[Contribution], top: usize, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "\n{:<36} {:>12} {:>10}", "feature", "value", "adds")?;
    let told: Vec<&Contribution> = contributions.iter().filter(|part| part.contribution != 0.0).collect();
    for part in told.iter().take(top) {
        let error = part.standard_error.map_or(String::new(), |error| format!(" ± {error:.4}"));
        writeln!(out, "{:<36} {:>12} {:>+10.4}{error}", part.feature, fmt_number(part.value), part.contribution)?;
    }
    let rest = told.get(top..).unwrap_or_default();
    if !rest.is_empty() {
        let sum: f64 = rest.iter().map(|part| part.contribution).sum();
        writeln!(out, "{:<36} {:>12} {sum:>+10.4}", format!("{} more (--top shows more)", rest.len()), "")?;
    }
    Ok(())
}

fn detectors(explained: &Explained, out: &mut dyn Write) -> io::Result<()> {
    let shares = &explained.explanation.detectors;
    if shares.is_empty() {
        return Ok(());
    }
    writeln!(out, "\n{:<24} {:>10} {:>10} {:>10} {:>9}  says", "detector", "score", "usually", "abnormal >", "adds")?;
    for share in shares {
        let says = if share.voted { "abnormal" } else { "normal" };
        let because = if share.leading.is_empty() { String::new() } else { format!(", mostly {}", share.leading) };
        let [score, base, threshold] = [share.score, share.base, share.threshold].map(fmt_number);
        let (title, adds) = (share.kind.title(), share.contribution);
        writeln!(out, "{title:<24} {score:>10} {base:>10} {threshold:>10} {adds:>+9.4}  {says}{because}")?;
    }
    Ok(())
}

fn advice(explained: &Explained, out: &mut dyn Write) -> io::Result<()> {
    if let Some(nearest) = &explained.nearest {
        let time = explained.snapshot.table.time_text(nearest.row as usize);
        let time = if time.is_empty() { time } else { format!(" ({time})") };
        writeln!(out, "\nMost similar normal row: {}{time}", nearest.row)?;
    }
    let is_anomaly = explained.snapshot.combined.is_anomaly.get(explained.explanation.row as usize) == Some(&true);
    match &explained.counterfactual {
        Some(found) => writeln!(out, "{}", explained::counterfactual(found))?,
        None if !is_anomaly => writeln!(out, "The row is normal")?,
        None => writeln!(out, "It would be normal with no change of a few columns: a rule fires, or all of it is odd")?,
    }
    if let Some(changed) = &explained.what_if {
        let result = &changed.result;
        let verdict = if result.is_anomaly { "anomalous" } else { "normal" };
        let changes: Vec<String> =
            changed.changes.iter().map(|(column, to)| format!("{column} = {}", fmt_number(*to))).collect();
        writeln!(
            out,
            "\nWith {}: combined score {:.4} instead of {:.4}, {verdict}",
            changes.join(", "),
            result.after,
            result.before
        )?;
        for (kind, before, after) in &result.detectors {
            writeln!(out, "  {:<26} {:>12} instead of {}", kind.title(), fmt_number(*after), fmt_number(*before))?;
        }
        if !changed.held.is_empty() {
            writeln!(
                out,
                "  {} features keep their values, as they need other rows than those before",
                changed.held.len()
            )?;
        }
    }
    Ok(())
}

/// What matters over the whole run, as one object.
pub(super) fn overview_json(overview: &GlobalExplanation) -> Value {
    let importance = |list: &[crate::engine::FeatureImportance]| -> Value {
        list.iter()
            .map(|one| json!({ "name": one.name, "mean_abs_contribution": one.mean_abs, "share": one.share }))
            .collect()
    };
    let permutation = overview.names.iter().zip(&overview.permutation).map(|(name, importance)| {
        json!({
            "name": name, "score_change": importance.change.mean, "score_change_std": importance.change.std,
            "roc_auc_drop": importance.drop.map(|drop| drop.mean), "roc_auc_drop_std": importance.drop.map(|drop| drop.std),
        })
    });
    let swarm = |swarm: &crate::analysis::explain::global::Swarm| {
        let points = swarm.points.iter().map(|point| {
            json!({ "row": overview.rows.get(point.row), "contribution": point.contribution, "layer": point.layer, "rank": point.rank })
        });
        json!({ "name": overview.names.get(swarm.importance.player), "points": points.collect::<Value>() })
    };
    let dependence = (0..overview.names.len()).map(|column| {
        let found = overview.dependence(column);
        json!({
            "name": overview.names.get(column),
            "interacts_with": found.partner.and_then(|partner| overview.names.get(partner)),
            "points": found.points,
        })
    });
    json!({
        "rows": overview.rows,
        "columns": importance(&overview.columns),
        "features": importance(&overview.features),
        "permutation": permutation.collect::<Value>(),
        "beeswarm": overview.swarms.iter().map(swarm).collect::<Value>(),
        "dependence": dependence.collect::<Value>(),
    })
}

/// What matters over the whole run, for people.
pub(super) fn overview_text(overview: &GlobalExplanation, top: usize, out: &mut dyn Write) -> io::Result<()> {
    writeln!(
        out,
        "What the combined scores of {} rows are made of (mean absolute contribution)\n",
        overview.rows.len()
    )?;
    writeln!(out, "{:<24} {:>10}  share", "column", "adds")?;
    for column in &overview.columns {
        let bar: String = BAR.chars().take((20.0 * column.share).round() as usize).collect();
        writeln!(out, "{:<24} {:>10.4}  {:>3.0} % {bar}", column.name, column.mean_abs, 100.0 * column.share)?;
    }
    writeln!(out, "\n{:<36} {:>10}  share", "feature", "adds")?;
    for feature in overview.features.iter().take(top) {
        writeln!(out, "{:<36} {:>10.4}  {:>3.0} %", feature.name, feature.mean_abs, 100.0 * feature.share)?;
    }
    writeln!(out, "\nWhat changes when a column is shuffled among the rows (permutation importance)\n")?;
    writeln!(out, "{:<24} {:>22} {:>22}", "column", "score changes by", "ROC-AUC drops by")?;
    let mut shuffled: Vec<_> = overview.names.iter().zip(&overview.permutation).collect();
    shuffled.sort_by(|a, b| b.1.change.mean.total_cmp(&a.1.change.mean));
    for (name, importance) in shuffled {
        let change = format!("{:.4} ± {:.4}", importance.change.mean, importance.change.std);
        let drop = importance.drop.map_or(String::new(), |drop| format!("{:+.4} ± {:.4}", drop.mean, drop.std));
        writeln!(out, "{name:<24} {change:>22} {drop:>22}")?;
    }
    Ok(())
}
