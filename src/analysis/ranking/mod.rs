//! Which columns are worth keeping: measures of how much one tells of a label or another column, and selection by them.
//!
//! All work is on training rows. Missing values are NaN; infinite ones count as missing. The measures sort and search:
//! `O(n log n)` time, a few copies of the column in memory; for more than 100,000 rows pass a sample. Each call
//! uses one thread and gives the same bits every time, so that columns can be ranked side by side.

mod beta;
mod f_test;
mod mutual_information;
mod neighbours;
mod select;

pub(crate) use self::f_test::f_test;
pub(crate) use self::mutual_information::with_class;
pub(crate) use self::select::{preference, top};

#[cfg(test)]
mod tests;
