//! A curve of fewer points that looks the same on the screen.

/// Points of a column of the screen that are kept: the first, the lowest, the highest and the last.
const KEPT_PER_COLUMN: usize = 4;

/// At most `max_points` (at least 2) of the points of a curve whose x only rises or only falls. Both ends are kept.
///
/// Points on a straight line between others go first. Where that is not enough, the curve is cut into columns of
/// equal width, and of each the first, lowest, highest and last point stay (M4, Jugel et al. 2014). No point is then
/// further than a column from the drawn line: with 4 points for each pixel of width, less than a pixel. All points
/// come back where they are few enough. Time: linear.
pub fn thinned(points: &[[f64; 2]], max_points: usize) -> Vec<[f64; 2]> {
    let bends = without_straight(points);
    if bends.len() <= max_points.max(2) {
        return bends;
    }
    let (Some(&first), Some(&last)) = (bends.first(), bends.last()) else { return bends };
    // The ends are points of their own.
    let n_columns = max_points.saturating_sub(2) / KEPT_PER_COLUMN;
    if n_columns == 0 {
        return vec![first, last];
    }
    // Halves: the whole width may be beyond the largest number.
    let width = last[0] * 0.5 - first[0] * 0.5;
    let column = |point: &[f64; 2]| {
        let along = if width == 0.0 { 0.0 } else { (point[0] * 0.5 - first[0] * 0.5) / width };
        ((along * n_columns as f64) as usize).min(n_columns - 1)
    };
    let mut kept = vec![first];
    for points in bends[1..bends.len() - 1].chunk_by(|a, b| column(a) == column(b)) {
        let by_y = |a: &usize, b: &usize| points[*a][1].total_cmp(&points[*b][1]);
        let places = 0..points.len();
        let (lowest, highest) = (places.clone().min_by(by_y), places.max_by(by_y));
        let mut of_column = [0, lowest.unwrap_or(0), highest.unwrap_or(0), points.len() - 1];
        of_column.sort_unstable();
        kept.extend(of_column.chunk_by(|a, b| a == b).map(|place| points[place[0]]));
    }
    kept.push(last);
    kept
}

/// Leaves out points that lie on the line from the point kept before to the next one.
fn without_straight(points: &[[f64; 2]]) -> Vec<[f64; 2]> {
    let mut kept: Vec<[f64; 2]> = Vec::new();
    for &point in points {
        if let [.., a, b] = kept[..]
            && is_between(a, b, point)
        {
            kept.pop();
        }
        kept.push(point);
    }
    kept
}

/// Whether b lies on the way from a to c, on a level or upright line.
///
/// Curves of rates move along an axis or turn; slanted lines of many points hardly occur, and rounding would make
/// them a matter of tolerance, which may add up.
fn is_between(a: [f64; 2], b: [f64; 2], c: [f64; 2]) -> bool {
    let along = |axis: usize| (a[axis] <= b[axis] && b[axis] <= c[axis]) || (a[axis] >= b[axis] && b[axis] >= c[axis]);
    (a[0] == b[0] && b[0] == c[0] && along(1)) || (a[1] == b[1] && b[1] == c[1] && along(0))
}
