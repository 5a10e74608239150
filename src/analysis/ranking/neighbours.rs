//! Distances to nearest neighbours on a line, and counts of values within a distance.

/// Neighbours looked for.
pub(super) const N_NEIGHBOURS: usize = 3;

/// The distance of a sorted value to its `k`-th nearest neighbour; 0 where there are not so many.
pub(super) fn distance_on_line(sorted: &[f64], at: usize, k: usize) -> f64 {
    let Some(&value) = sorted.get(at) else { return 0.0 };
    let (mut below, mut above) = (at, at + 1);
    let mut distance = 0.0;
    for _ in 0..k {
        let down = below.checked_sub(1).and_then(|next| sorted.get(next)).map_or(f64::INFINITY, |next| value - next);
        let up = sorted.get(above).map_or(f64::INFINITY, |next| next - value);
        if down.is_infinite() && up.is_infinite() {
            break;
        }
        if down <= up {
            below -= 1;
            distance = down;
        } else {
            above += 1;
            distance = up;
        }
    }
    distance
}

/// How many sorted values lie within `radius` of the one at `at`, itself included.
pub(super) fn count_within(sorted: &[f64], at: usize, radius: f64) -> usize {
    let (below, above) = sorted.split_at(at);
    let Some(&value) = above.first() else { return 0 };
    let n_below = below.len() - below.partition_point(|other| value - other > radius);
    n_below + above.partition_point(|other| other - value <= radius)
}
