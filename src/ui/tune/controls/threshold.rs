//! Live controls of the threshold between normal and anomalous.

use eframe::egui::Ui;

use super::{Controls, as_percent, choice, slider};
use crate::app::live_settings::{AGGREGATIONS, LiveSetting, threshold_methods};
use crate::recipe::ThresholdMethod;

pub(super) fn show(ui: &mut Ui, controls: &mut Controls<'_>) {
    controls.heading(ui, "Threshold", |ensemble, last| {
        ensemble.threshold_method = last.threshold_method;
        ensemble.threshold_aggregation = last.threshold_aggregation;
        ensemble.contamination = last.contamination;
    });
    let idle = controls.idle(LiveSetting::Threshold);
    let methods = threshold_methods(controls.ensemble(), controls.basis.has_time);
    let name = ("Threshold by", "threshold_method");
    if let Some(method) = choice(ui, name, controls.ensemble().threshold_method, &methods, idle) {
        controls.edit("threshold_method", |ensemble| ensemble.threshold_method = method);
    }
    parameter(ui, controls, idle);
    let name = ("Taken from", "threshold_aggregation");
    let idle = controls.idle(LiveSetting::ThresholdAggregation);
    if let Some(aggregation) = choice(ui, name, controls.ensemble().threshold_aggregation, &AGGREGATIONS, idle) {
        controls.edit("threshold_aggregation", |ensemble| ensemble.threshold_aggregation = aggregation);
    }
}

/// The number that goes with the method.
fn parameter(ui: &mut Ui, controls: &mut Controls<'_>, idle: Option<&str>) {
    use ThresholdMethod as M;
    let method = controls.ensemble().threshold_method;
    let (label, name, value, range, form): (_, _, _, _, fn(f64) -> M) = match method {
        M::Contamination => {
            share(ui, controls, idle);
            return;
        }
        M::Percentile(level) => ("Percentile", "Percentile of the scores", level, 50.0..=100.0, M::Percentile),
        M::Iqr(factor) => ("Factor", "Factor of the interquartile range", factor, 0.0..=10.0, M::Iqr),
        M::Gaussian(sigmas) => ("Deviations", "Standard deviations above the mean", sigmas, 0.0..=10.0, M::Gaussian),
        M::AlertRate(rate) if controls.basis.has_time => {
            ("Per day", "Alerts per day of data", rate, 0.1..=1000.0, M::AlertRate)
        }
        M::AlertRate(rate) => ("Per 1,000 rows", "Alerts per 1,000 rows", rate, 0.1..=1000.0, M::AlertRate),
    };
    let is_rate = matches!(method, M::AlertRate(_));
    let name = (label, name, "threshold_method");
    if let Some(value) = slider(ui, name, value, range, idle, |slider| slider.logarithmic(is_rate).max_decimals(2)) {
        controls.edit("threshold_method", |ensemble| ensemble.threshold_method = form(value));
    }
}

fn share(ui: &mut Ui, controls: &mut Controls<'_>, idle: Option<&str>) {
    let name = ("Share", "Share of rows to call anomalous", "contamination");
    let share = controls.ensemble().contamination;
    if let Some(share) = slider(ui, name, share, 0.0005..=0.5, idle, |slider| as_percent(slider).logarithmic(true)) {
        controls.edit("contamination", |ensemble| ensemble.contamination = share);
    }
}
