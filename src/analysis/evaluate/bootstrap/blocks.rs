//! Blocks of time, to be drawn as a whole where rows resemble their neighbours.

use crate::data::SeriesOrder;

/// A group code for each row: `rows_per_block` (at least 1) rows of an entity that follow each other in time are a
/// block; the last of an entity may be shorter (block bootstrap, Carlstein 1986).
///
/// A block should be longer than what happens in the series: events, and the time after which a row says nothing more
/// about the next. There should be many, at least some twenty. Codes count from 0.
pub fn time_blocks(order: &SeriesOrder, rows_per_block: usize) -> Vec<u32> {
    let mut codes = vec![0; order.rows().len()];
    let blocks = order.groups().flat_map(|rows| rows.chunks(rows_per_block.max(1)));
    for (block, code) in blocks.zip(0..) {
        for &row in block {
            if let Some(of_row) = codes.get_mut(row as usize) {
                *of_row = code;
            }
        }
    }
    codes
}
