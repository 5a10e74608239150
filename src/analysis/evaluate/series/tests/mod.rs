//! Tests of the metrics against other programs, the definitions and cases worked out by hand.

mod by_definition;
mod by_hand;
mod peers;

/// `0110` as flags.
fn flags(text: &str) -> Vec<bool> {
    text.bytes().map(|byte| byte == b'1').collect()
}
