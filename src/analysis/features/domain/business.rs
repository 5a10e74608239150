//! Orders and payments: conversion, amounts against what the customer usually pays, prices, discounts, odd hours.

use super::op::{ClockPart, Op, Source, When};
use super::rule::{Column, Holds, Rule, cast, first};
use super::{Context, HISTORY_VALUES, Wish, hour_column};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    Impressions,
    Clicks,
    Visits,
    Orders,
    Discount,
    Refund,
    Amount,
    Items,
    Customer,
    Merchant,
}

const NOT_A_COUNT: &str = "\
    id amount value price revenue cost name date time timestamp status duration per ratio rate average median min \
    max std vs discount refund type hour last bytes second ms usual score percent length";
/// Sums of money that are not what was paid, and what only goes with an amount.
const NOT_AN_AMOUNT: &str = "\
    discount refund tax tip shipping fee fees freight id type method currency status date time balance limit usual \
    item unit installments sequential per ratio rate average median min max std vs share score percent delta diff \
    change count number log bytes memory disk previous last expected normal";
const NOT_AN_OWNER: &str = "\
    ip agent address present age type country city state zip count brand issuer network segment email phone since \
    created status level score lat long latitude longitude rating open size area total average balance per date time";
const OWNER_ID: &str = "id number key hash code";

const RULES: &[Rule<Role>] = &[
    rule(Role::Impressions, &["impressions"], NOT_A_COUNT, Holds::Count),
    rule(Role::Clicks, &["clicks"], NOT_A_COUNT, Holds::Count),
    rule(Role::Visits, &["visits sessions visitors pageviews"], NOT_A_COUNT, Holds::Count),
    rule(Role::Visits, &["page", "views"], NOT_A_COUNT, Holds::Count),
    rule(Role::Orders, &["orders purchases conversions checkouts signups"], NOT_A_COUNT, Holds::Count),
    rule(Role::Orders, &["order purchase conversion checkout", "count"], NOT_AN_ORDER_COUNT, Holds::Count),
    rule(Role::Discount, &["discount"], NOT_A_SUM, Holds::Count),
    rule(Role::Refund, &["refund"], NOT_A_SUM, Holds::Count),
    rule(Role::Amount, &["amount revenue sales spend payment turnover gmv subtotal"], NOT_AN_AMOUNT, Holds::Number),
    rule(
        Role::Amount,
        &["order transaction basket cart invoice purchase", "total value price"],
        NOT_AN_AMOUNT,
        Holds::Number,
    ),
    rule(Role::Amount, &["total", "price paid"], NOT_AN_AMOUNT, Holds::Number),
    rule(Role::Items, &["items quantity units pieces"], NOT_A_COUNT, Holds::Count),
    rule(Role::Customer, &["customer client cardholder", OWNER_ID], NOT_AN_OWNER, Holds::Category),
    rule(Role::Customer, &["card cc account buyer member shopper user", OWNER_ID], NOT_AN_OWNER, Holds::Category),
    rule(Role::Customer, &["customer client cardholder account buyer user"], NOT_AN_OWNER, Holds::Text),
    // The nameOrig of PaySim.
    rule(Role::Customer, &["name", "orig"], NOT_AN_OWNER, Holds::Text),
    rule(Role::Merchant, &["merchant store shop seller vendor payee"], NOT_AN_OWNER, Holds::Category),
];

const NOT_AN_ORDER_COUNT: &str = "id date time status amount value price per rate average";
const NOT_A_SUM: &str = "percent rate ratio per code id date time status type reason count average is";

/// Steps towards an order, the later ones first: orders are compared with the first that is there.
const FUNNEL: &[Role] = &[Role::Visits, Role::Clicks, Role::Impressions];

const fn rule(role: Role, all: &'static [&'static str], none: &'static str, holds: Holds) -> Rule<Role> {
    Rule { role, all, none, holds }
}

pub(super) fn features(columns: &[Column], context: &Context) -> Vec<Wish> {
    let casts = cast(columns, RULES);
    let of = |role: Role| first(&casts, role);
    let (orders, amount, customer) = (of(Role::Orders), of(Role::Amount), of(Role::Customer));
    let mut wishes = Vec::new();
    if let (Some(orders), Some(visits)) = (orders, FUNNEL.iter().find_map(|&role| of(role))) {
        wishes.extend(part_of(orders, visits, format!("{}_conversion", orders.label())));
    }
    if let (Some(clicks), Some(impressions)) = (of(Role::Clicks), of(Role::Impressions)) {
        wishes.extend(part_of(clicks, impressions, format!("{}_conversion", clicks.label())));
    }
    if let (Some(amount), true) = (amount, customer.is_some() || context.has_entity) {
        let by = customer.map(Column::id);
        let op = Op::OwnHistory { column: amount.id(), by, n_values: HISTORY_VALUES };
        wishes.push((format!("{}_vs_own_history", amount.label()), op));
    }
    if let (Some(amount), Some(items)) = (amount, of(Role::Items)) {
        let op = Op::Ratio { top: value(amount), bottom: vec![value(items)] };
        wishes.push((format!("{}_per_{}", amount.label(), items.label()), op));
    }
    for part in [Role::Discount, Role::Refund].into_iter().filter_map(of) {
        if let Some(whole) = amount.or(orders) {
            wishes.extend(part_of(part, whole, format!("{}_ratio", part.label())));
        }
    }
    if let (Some(customer), Some(merchant), true) = (customer, of(Role::Merchant), amount.is_some()) {
        let op = Op::NewValue { column: merchant.id(), by: Some(customer.id()) };
        wishes.push((format!("{}_new_for_{}", merchant.label(), customer.label()), op));
    }
    if amount.is_some() || orders.is_some() {
        wishes.extend(time_of_purchase(columns, context));
    }
    wishes
}

/// The ratio of a part to the whole, where the values say that it can be one.
fn part_of(part: &Column, whole: &Column, name: String) -> Option<Wish> {
    let fits = part.facts.max <= whole.facts.max * 1.01 && part.name.per == whole.name.per;
    fits.then(|| (name, Op::Ratio { top: value(part), bottom: vec![value(whole)] }))
}

fn time_of_purchase(columns: &[Column], context: &Context) -> Vec<Wish> {
    let clock = |name: &str, part: ClockPart, when: When| (name.to_owned(), Op::Clock { part, when });
    let mut wishes = Vec::new();
    if let Some(when) = context.when(columns) {
        wishes.push(clock("night", ClockPart::Night, when));
    }
    if context.has_time {
        let when = When::RowTime { offset_minutes: context.offset_minutes };
        wishes.push(clock("weekend", ClockPart::Weekend, when));
    }
    // As a number, 23 and 0 are far apart; on the circle they are next to each other.
    if let Some(hour) = hour_column(columns) {
        let when = || When::HourColumn(hour.id());
        wishes.push(clock(&format!("{}_sin", hour.label()), ClockPart::HourSin, when()));
        wishes.push(clock(&format!("{}_cos", hour.label()), ClockPart::HourCos, when()));
    }
    wishes
}

fn value(column: &Column) -> Source {
    Source::Value(column.id())
}
