//! Features of text columns, and those that the domain packs recognise.

use super::builder::Builder;
use crate::analysis::features::FeatureError;
use crate::analysis::features::domain::{ColumnFacts, Context, Pack, recognise};
use crate::analysis::features::input::FeatureInput;
use crate::analysis::features::steps::domain::{Domain, Place};
use crate::analysis::features::steps::words::{Holds, Words};
use crate::analysis::features::text::{Categories, TextKind, kind};
use crate::cx::Cx;
use crate::data::SeriesOrder;
use crate::recipe::{DomainFeatures, FeaturesConfig};

/// Rows that kinds of columns are told from: the first ones of the entities, as counters are told by rows that follow
/// each other.
const SAMPLE_ROWS: usize = 20_000;

const MICROS_PER_MINUTE: i64 = 60_000_000;

/// Adds features of text columns.
pub(super) fn plan_texts(
    builder: &mut Builder,
    input: &FeatureInput<'_>,
    config: &FeaturesConfig,
    texts: &[&str],
    cx: &Cx,
) -> Result<(), FeatureError> {
    let text = &config.text;
    for &column in texts.iter().filter(|_| text.enabled) {
        cx.check()?;
        let values = input.texts(column)?;
        let learned: Vec<Option<&str>> =
            values.iter().enumerate().filter(|&(row, _)| input.is_training(row)).map(|(_, value)| *value).collect();
        let step = learned.len().div_ceil(SAMPLE_ROWS).max(1);
        let sample = || learned.iter().copied().step_by(step);
        let holds = match kind(sample()) {
            TextKind::Categorical => Holds::Words,
            TextKind::Address => Holds::Addresses,
            TextKind::Url => Holds::Urls,
            TextKind::FreeText => Holds::FreeText,
            TextKind::Constant | TextKind::Identifier => continue,
        };
        let n_levels = text.one_hot_levels as usize;
        let levels = if holds == Holds::Words && n_levels > 0 {
            Categories::fit(learned.iter().copied(), n_levels, cx)?.names().map(str::to_owned).collect()
        } else {
            Vec::new()
        };
        let words = Words {
            holds,
            frequency: text.frequency,
            rarity: text.rarity,
            ordinal: text.ordinal,
            levels,
            max_categories: text.max_categories as usize,
            novelty_rows: text.novelty.then_some(text.novelty_rows),
            parts: if holds == Holds::FreeText { text.shape } else { text.addresses },
        };
        builder.add("features.text", words, &[], &[column]);
    }
    Ok(())
}

/// Adds what the domain packs recognise.
pub(super) fn plan_domain(
    builder: &mut Builder,
    input: &FeatureInput<'_>,
    config: &FeaturesConfig,
    numeric: &[&str],
    texts: &[&str],
    cx: &Cx,
) -> Result<(), FeatureError> {
    let packs = packs(&config.domain);
    if packs.is_empty() {
        return Ok(());
    }
    let has_time = builder.unit.is_some();
    let context = Context {
        has_time,
        has_entity: input.table.entities().is_some(),
        offset_minutes: config.domain.utc_offset_minutes,
        window_micros: i64::from(config.domain.window_minutes) * MICROS_PER_MINUTE,
    };
    for feature in recognise(&facts(input, numeric, texts, cx)?, &packs, &context) {
        let columns: Vec<String> = feature.op.columns().into_iter().map(str::to_owned).collect();
        let (mut of_numbers, mut of_texts) = (Vec::new(), Vec::new());
        let places = columns
            .iter()
            .map(|column| {
                if texts.contains(&column.as_str()) {
                    of_texts.push(column.as_str());
                    Place::Text(of_texts.len() - 1)
                } else {
                    of_numbers.push(column.as_str());
                    Place::Number(of_numbers.len() - 1)
                }
            })
            .collect();
        let setting = match feature.pack {
            Pack::System => "features.domain.system_metrics",
            Pack::Network => "features.domain.network_metrics",
            Pack::Security => "features.domain.security_indicators",
            Pack::Business => "features.domain.business_metrics",
        };
        builder.add(setting, Domain { feature, places, has_time }, &of_numbers, &of_texts);
    }
    Ok(())
}

fn packs(domain: &DomainFeatures) -> Vec<Pack> {
    let packs = [
        (domain.system_metrics, Pack::System),
        (domain.network_metrics, Pack::Network),
        (domain.security_indicators, Pack::Security),
        (domain.business_metrics, Pack::Business),
    ];
    packs.into_iter().filter(|(wanted, _)| *wanted && domain.enabled).map(|(_, pack)| pack).collect()
}

/// What the first training rows say of every column.
fn facts(
    input: &FeatureInput<'_>,
    numeric: &[&str],
    texts: &[&str],
    cx: &Cx,
) -> Result<Vec<ColumnFacts>, FeatureError> {
    let (mut rows, mut codes) = (Vec::new(), Vec::new());
    for (code, group) in (0u32..).zip(input.layout.entities()) {
        let learned = group.iter().copied().filter(|&row| input.is_training(row as usize));
        rows.extend(learned.take(SAMPLE_ROWS - rows.len()));
        codes.resize(rows.len(), code);
    }
    let order = SeriesOrder::new(rows.len(), &[], &codes);
    let mut facts = Vec::new();
    for name in numeric {
        cx.check()?;
        let values = input.numbers(name)?;
        let sample: Vec<f64> = rows.iter().map(|&row| values.get(row as usize).copied().unwrap_or(f64::NAN)).collect();
        facts.push(ColumnFacts::of_numbers(name, &sample, &order));
    }
    for name in texts {
        cx.check()?;
        let values = input.texts(name)?;
        let sample: Vec<Option<&str>> = rows.iter().map(|&row| values.get(row as usize).copied().flatten()).collect();
        facts.push(ColumnFacts::of_texts(name, &sample));
    }
    Ok(facts)
}
