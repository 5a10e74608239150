//! The sample `transactions`: card payments, a few of them fraud.

use polars::prelude::{Column, DataFrame};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, Exp1, LogNormal, Poisson};

use super::{frame_of, rounded};

/// One payment in this many is fraud.
const ONE_FRAUD_IN: usize = 67;

/// A payment.
#[derive(Debug, Clone, Copy)]
struct Payment {
    amount: f64,
    items: i64,
    hour: i64,
    account_age_days: f64,
    distance_km: f64,
    n_transactions_24h: i64,
    /// What the customer usually pays.
    usual: f64,
    card_present: bool,
}

/// A kind of fraud.
#[derive(Debug, Clone, Copy)]
enum Fraud {
    /// Far away, at night, much more than usual, without the card.
    TakenOverAccount,
    /// Many tiny payments that try whether a stolen number works.
    CardTesting,
    /// An account of a few days buys much at once.
    NewAccount,
    /// The card itself, hundreds of kilometres from its owner.
    ClonedCard,
}

/// The table. Every 67 payments one is fraud, at a random place among them.
pub(super) fn frame(rows: usize, seed: u64) -> DataFrame {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut payments = Vec::with_capacity(rows);
    let mut label = Vec::with_capacity(rows);
    let mut fraud_at = 0;
    for row in 0..rows {
        if row % ONE_FRAUD_IN == 0 {
            fraud_at = row + rng.random_range(0..ONE_FRAUD_IN);
        }
        let mut payment = honest(&mut rng);
        if row == fraud_at {
            commit(draw_fraud(&mut rng), &mut payment, &mut rng);
        }
        payments.push(payment);
        label.push(row == fraud_at);
    }
    let numbers = |name: &str, of: fn(&Payment) -> f64, decimals: i32| {
        Column::new(name.into(), payments.iter().map(|p| rounded(of(p), decimals)).collect::<Vec<f64>>())
    };
    let counts =
        |name: &str, of: fn(&Payment) -> i64| Column::new(name.into(), payments.iter().map(of).collect::<Vec<i64>>());
    let ids: Vec<String> = (1..=rows).map(|n| format!("T{n:08}")).collect();
    let columns = vec![
        Column::new("transaction_id".into(), ids),
        numbers("amount", |p| p.amount, 2),
        counts("items", |p| p.items),
        counts("hour", |p| p.hour),
        numbers("account_age_days", |p| p.account_age_days, 0),
        numbers("distance_km", |p| p.distance_km, 1),
        counts("n_transactions_24h", |p| p.n_transactions_24h),
        numbers("amount_vs_usual", |p| p.amount / p.usual, 2),
        Column::new("card_present".into(), payments.iter().map(|p| p.card_present).collect::<Vec<bool>>()),
        Column::new("label".into(), label),
    ];
    frame_of(rows, columns)
}

/// A payment by the owner of the card.
fn honest(rng: &mut ChaCha8Rng) -> Payment {
    let items = 1 + count(1.8, rng);
    let usual = 32.0 * positive(rng, 0.55);
    let amount = (usual * (0.55 + 0.16 * items as f64) * positive(rng, 0.35)).max(0.5);
    let card_present = rng.random_bool(0.68);
    let age: f64 = Exp1.sample(rng);
    let away = if card_present { 3.5 } else { 9.0 };
    Payment {
        amount,
        items,
        hour: hour_of_day(rng),
        account_age_days: 12.0 + 850.0 * age,
        distance_km: away * positive(rng, 1.0),
        n_transactions_24h: count(1.6, rng),
        usual,
        card_present,
    }
}

/// Mostly around noon and in the early evening, seldom at night.
fn hour_of_day(rng: &mut ChaCha8Rng) -> i64 {
    let peak = if rng.random_bool(0.45) { 12.5 } else { 18.0 };
    // A sum of three even numbers is near enough to a normal one, and has ends.
    let spread: f64 = (0..3).map(|_| rng.random_range(-2.6..2.6)).sum();
    if rng.random_bool(0.03) { rng.random_range(0..24) } else { ((peak + spread).floor() as i64).rem_euclid(24) }
}

fn draw_fraud(rng: &mut ChaCha8Rng) -> Fraud {
    match rng.random_range(0..4) {
        0 => Fraud::TakenOverAccount,
        1 => Fraud::CardTesting,
        2 => Fraud::NewAccount,
        _ => Fraud::ClonedCard,
    }
}

/// Turns an honest payment into fraud.
fn commit(fraud: Fraud, payment: &mut Payment, rng: &mut ChaCha8Rng) {
    match fraud {
        Fraud::TakenOverAccount => {
            payment.amount = payment.usual * rng.random_range(4.0..11.0);
            payment.hour = rng.random_range(1..6);
            payment.distance_km = rng.random_range(150.0..6000.0);
            payment.card_present = false;
        }
        Fraud::CardTesting => {
            payment.amount = rng.random_range(0.5..3.0);
            payment.items = 1;
            payment.n_transactions_24h = rng.random_range(14..60);
            payment.card_present = false;
        }
        Fraud::NewAccount => {
            payment.account_age_days = rng.random_range(0.0..3.0);
            payment.items += rng.random_range(5..15);
            payment.amount = payment.usual * rng.random_range(3.0..8.0);
            payment.n_transactions_24h += rng.random_range(3..9);
            payment.card_present = false;
        }
        Fraud::ClonedCard => {
            payment.card_present = true;
            payment.distance_km = rng.random_range(300.0..4000.0);
            payment.amount = payment.usual * rng.random_range(1.5..5.0);
        }
    }
}

/// A factor around 1.
fn positive(rng: &mut ChaCha8Rng, sigma: f64) -> f64 {
    LogNormal::new(0.0, sigma).map_or(1.0, |distribution| distribution.sample(rng))
}

/// A number of events where `expected` are expected.
fn count(expected: f64, rng: &mut ChaCha8Rng) -> i64 {
    Poisson::new(expected).map_or(0, |distribution| distribution.sample(rng) as i64)
}
