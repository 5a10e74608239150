//! Features of the packs on headers of the real world, and the operations against their definitions.

mod headers;
mod operations;
mod silly;
