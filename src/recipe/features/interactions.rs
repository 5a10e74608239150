//! Settings of features of several columns at once.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Features of several columns at once.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Interactions {
    /// Make these features.
    pub enabled: bool,
    /// Rolling Pearson correlation of two columns over the longest window under statistical.
    pub correlations: bool,
    /// Ratios a / b. Missing where b is 0.
    pub ratios: bool,
    /// Differences a - b, of columns scaled by their training deviation.
    pub differences: bool,
    /// Products a × b, of columns centred and scaled by their training rows.
    pub products: bool,
    /// Most columns in one feature: 2 is pairs, 3 also combines a pair with a third column. Range 2 to 4.
    #[schemars(range(min = 2, max = 4))]
    pub max_interaction_depth: u32,
    /// Most features made. Preferred are those that tell most about the label (mutual information) where there is one; else those that
    /// vary most and repeat least of what is there already. Range 1 to 10000.
    #[schemars(range(min = 1, max = 10_000))]
    pub max_features: u32,
}

impl Default for Interactions {
    fn default() -> Self {
        Self {
            enabled: true,
            correlations: true,
            ratios: true,
            differences: true,
            products: true,
            max_interaction_depth: 3,
            max_features: 30,
        }
    }
}

/// Features that an expert of the field would add. Columns are recognised by name and unit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct DomainFeatures {
    /// Make these features.
    pub enabled: bool,
    /// Servers: saturation, headroom, rates of counters that may reset.
    pub system_metrics: bool,
    /// Networks: bytes per packet, in/out ratio, connection rate, new destinations.
    pub network_metrics: bool,
    /// Security: failed-login ratio, distinct users per source, rare values, activity off hours.
    pub security_indicators: bool,
    /// Business: conversion, an amount against the customer's own history.
    pub business_metrics: bool,
    /// Minutes that windows of these features reach back, at most 256 rows of one value or 4096 of the table. Without a time
    /// column windows hold that many rows. Range 1 to 525600.
    #[schemars(range(min = 1, max = 525_600))]
    pub window_minutes: u32,
    /// Offset from UTC, in minutes, of the place whose office hours (8 to 18, Monday to Friday) count. Range -840 to 840.
    #[schemars(range(min = -840, max = 840))]
    pub utc_offset_minutes: i32,
}

impl Default for DomainFeatures {
    fn default() -> Self {
        Self {
            enabled: true,
            system_metrics: true,
            network_metrics: true,
            security_indicators: true,
            business_metrics: true,
            window_minutes: 60,
            utc_offset_minutes: 0,
        }
    }
}
