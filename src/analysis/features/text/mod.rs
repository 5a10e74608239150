//! Text columns as numbers: what kind of text a column holds, and the features each kind gets.
//!
//! [`kind`] looks at a sample and says which encoder fits: categories (how frequent, how rare, new?), IP addresses,
//! URLs or free text. What is learned from training rows is in [`Categories`]; everything else is a function of one
//! value, or of the rows before it ([`Recency`]). A missing text gives NaN in every feature, as a missing number does.

pub(crate) mod address;
mod categories;
mod id;
mod kind;
mod recency;
pub(crate) mod shape;
pub(crate) mod url;

pub(crate) use self::categories::{Categories, DEFAULT_MAX_KEPT, Place};
pub(crate) use self::id::{IdMap, number_id, pair_id, text_id};
pub(crate) use self::kind::{TextKind, kind};
pub(crate) use self::recency::{Recency, Window};
