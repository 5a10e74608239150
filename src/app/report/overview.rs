//! What matters over the whole run, in the report: columns by what they add to the scores, and how their values do it.

use std::fmt::Write as _;

use super::charts::bar;
use super::escape;
use crate::analysis::explain::global::Swarm;
use crate::engine::GlobalExplanation;

/// Columns shown.
const MOST_COLUMNS: usize = 10;

/// Writes importance and beeswarm plot of the columns.
pub(super) fn write(page: &mut String, overview: &GlobalExplanation) {
    let _ = write!(
        page,
        "<h2>What matters</h2><p class=note>Mean of what each column adds to or takes from the combined score, over {} \
         explained rows; and by how much the scores change when the column is shuffled among the rows.</p>\
         <div class=scroll><table><tr><th>Column<th>Share<th class=n>Adds<th class=n>Change when shuffled</tr>",
        overview.rows.len()
    );
    for column in overview.columns.iter().take(MOST_COLUMNS) {
        let place = overview.names.iter().position(|name| *name == column.name);
        let change = place.and_then(|place| overview.permutation.get(place)).map_or(f64::NAN, |one| one.change.mean);
        let _ = write!(page, "<tr><td>{}<td style=\"min-width:120px;vertical-align:middle\">", escape(&column.name));
        bar(page, column.share);
        let _ = write!(page, "<td class=n>{:.4}<td class=n>{change:.4}</tr>", column.mean_abs);
    }
    page.push_str("</table></div>");
    swarms(page, overview);
}

/// One line of points per column: to the right what raises the score, red for high values.
fn swarms(page: &mut String, overview: &GlobalExplanation) {
    const LINE: f64 = 30.0;
    const WIDTH: f64 = 480.0;
    const LEFT: f64 = 110.0;
    let shown: Vec<&Swarm> = overview.swarms.iter().take(MOST_COLUMNS).collect();
    let all = || shown.iter().flat_map(|swarm| &swarm.points).map(|point| point.contribution);
    let (low, high) = all().fold((0.0_f64, 0.0_f64), |(low, high), c| (low.min(c), high.max(c)));
    if high <= low {
        return;
    }
    let x = |contribution: f64| LEFT + (contribution - low) / (high - low) * (WIDTH - LEFT - 10.0);
    let height = LINE * shown.len() as f64 + 20.0;
    let _ = write!(
        page,
        "<svg class=swarm viewBox=\"0 0 {WIDTH} {height}\" role=\"img\" \
         aria-label=\"Contribution of each column to each explained row\"><path class=axis d=\"M{0:.1} 0V{height}\"/>",
        x(0.0)
    );
    for (line, swarm) in shown.iter().enumerate() {
        let middle = LINE * (line as f64 + 0.5);
        let name = overview.names.get(swarm.importance.player).map_or("", String::as_str);
        let short: String = name.chars().take(22).collect();
        let _ = write!(page, "<text x=\"0\" y=\"{:.1}\">{}</text>", middle + 3.5, escape(&short));
        let most = swarm.points.iter().map(|point| point.layer.abs()).max().unwrap_or(1).max(1);
        let step = (LINE / 2.0 - 3.0).min(3.0 * f64::from(most)) / f64::from(most);
        for point in &swarm.points {
            let (x, y) = (x(point.contribution), middle + step * f64::from(point.layer));
            let _ = write!(page, "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"1.7\" fill=\"{}\"/>", color(point.rank));
        }
    }
    page.push_str(
        "</svg><p class=note>One point per explained row. Right of the line the column raises the score; the higher \
         its value among them, the redder the point.</p>",
    );
}

/// From blue (lowest) over grey to red (highest).
fn color(rank: f64) -> String {
    let rank = rank.clamp(0.0, 1.0);
    let mix = |from: f64, middle: f64, to: f64| {
        let value =
            if rank < 0.5 { from + (middle - from) * rank * 2.0 } else { middle + (to - middle) * (rank * 2.0 - 1.0) };
        value.round() as u8
    };
    format!("#{:02x}{:02x}{:02x}", mix(40.0, 150.0, 220.0), mix(120.0, 140.0, 50.0), mix(220.0, 150.0, 70.0))
}
