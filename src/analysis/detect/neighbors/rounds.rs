//! Work on every pair of many things at once, without two threads ever working on the same thing.

use rayon::prelude::*;

use crate::cx::Cancelled;

/// Calls `each` for every pair of different things, and `after` with the number of each round that is done. There are
/// as many rounds as things, or one fewer. The things keep their order.
///
/// A tournament by the circle method: in each round everything meets one other, then all but the first move on by one.
pub(super) fn each_with_each<T: Send>(
    things: &mut [T],
    each: impl Fn(&mut T, &mut T) -> Result<(), Cancelled> + Sync,
    mut after: impl FnMut(usize),
) -> Result<(), Cancelled> {
    // Where their number is odd, whoever meets `None` rests.
    let n = things.len().next_multiple_of(2);
    let mut circle: Vec<Option<&mut T>> = things.iter_mut().map(Some).collect();
    circle.resize_with(n, || None);
    for round in 1..n {
        let (front, back) = circle.split_at_mut(n / 2);
        let pairs = front.par_iter_mut().zip(back.par_iter_mut().rev()).with_max_len(1);
        pairs.try_for_each(|pair| match pair {
            (Some(a), Some(b)) => each(a, b),
            _ => Ok(()),
        })?;
        circle[1..].rotate_right(1);
        after(round);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_meets_every_other_thing_once() {
        for n in 0..9 {
            let mut things: Vec<(usize, Vec<usize>)> = (0..n).map(|i| (i, Vec::new())).collect();
            let mut rounds = 0;
            let meet = |a: &mut (usize, Vec<usize>), b: &mut (usize, Vec<usize>)| {
                a.1.push(b.0);
                b.1.push(a.0);
                Ok(())
            };
            each_with_each(&mut things, meet, |_| rounds += 1).unwrap();
            for (i, (own, mut met)) in things.into_iter().enumerate() {
                met.sort_unstable();
                assert_eq!((own, met), (i, (0..n).filter(|&other| other != i).collect()));
            }
            assert!(rounds <= n);
        }
    }
}
