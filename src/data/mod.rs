//! Tables: columns with roles, time and entities, quality; and the dense matrix that detectors see.

mod expression;
pub mod load;
mod matrix;
mod order;
mod quality;
pub mod sample;
mod table;
pub mod write;

pub use expression::{Expression, ExpressionError};
pub use matrix::{Feature, Matrix};
pub use order::SeriesOrder;
pub use quality::{ColumnQuality, Quality};
pub use table::{Column, Entities, Role, Table};
