//! How the cost of a load grows with what is loaded: measured at ten sizes, drawn, and judged.

use std::fs;

use anyhow::{Context, Result, bail};
use workloads::Kind;

use super::loads;
use super::rig::Rig;
use super::svg;
use crate::board::Board;
use crate::paths;

/// Ten sizes, from 10² to 10⁴, each about 1.67 times the one before.
const SIZES: [u32; 10] = [100, 167, 278, 464, 774, 1292, 2154, 3594, 5995, 10_000];

/// How much more one thing may cost among many than among few.
const TOLERANCE: f64 = 1.1;

/// Instructions of a load, by size.
pub struct Curve {
    /// The board's name.
    pub board: String,
    /// Size and instructions, in ascending order.
    pub points: Vec<(u32, u64)>,
}

impl Curve {
    fn measure(rig: &Rig<'_>, board: &Board, kind: Kind, sizes: &[u32]) -> Result<Curve> {
        let cost = |&size: &u32| -> Result<(u32, u64)> {
            let workload = workloads::scaled(kind, size);
            let figures = loads::run(rig, board, &workload, 250, "copied")?;
            Ok((size, figures.get("load")?))
        };
        Ok(Curve {
            board: board.name.clone(),
            points: sizes.iter().map(cost).collect::<Result<_>>()?,
        })
    }

    /// Instructions that one more takes, from one size to the next.
    fn steps(&self) -> impl Iterator<Item = f64> + '_ {
        self.points.windows(2).map(|pair| {
            let (from, to) = (pair[0], pair[1]);
            (to.1 as f64 - from.1 as f64) / f64::from(to.0 - from.0)
        })
    }

    /// The same, over all sizes.
    pub fn step(&self) -> f64 {
        match (self.points.first(), self.points.last()) {
            (Some(first), Some(last)) if first.0 < last.0 => {
                (last.1 as f64 - first.1 as f64) / f64::from(last.0 - first.0)
            }
            _ => 0.0,
        }
    }

    /// Whether one more among many costs what one more among few does.
    fn check(&self, kind: Kind) -> Result<()> {
        let few = self.steps().next().unwrap_or_default();
        for (step, pair) in self.steps().zip(self.points.windows(2)) {
            if step > few * TOLERANCE {
                bail!(
                    "{}: the cost of {} is not linear: one more takes {few:.0} instructions at first, {step:.0} from {} to {}",
                    self.board,
                    kind.name(),
                    pair[0].0,
                    pair[1].0
                );
            }
        }
        Ok(())
    }
}

/// Draws `bench/KIND.svg` for every kind, and prints what one more costs.
///
/// # Errors
/// Something does not build or run, or a cost is not linear.
pub fn draw(boards: &[Board]) -> Result<()> {
    let mut all = Vec::new();
    for kind in Kind::ALL {
        let mut curves = Vec::new();
        for board in boards {
            let curve = Curve::measure(&Rig::new(board)?, board, kind, &SIZES)?;
            println!(
                "{}, one more of {}: {:.1} instructions",
                curve.board,
                kind.name(),
                curve.step()
            );
            curves.push(curve);
        }
        let file = paths::root()
            .join("bench")
            .join(format!("{}.svg", kind.name()));
        fs::write(&file, svg::chart(kind.name(), &curves)).with_context(|| paths::shown(&file))?;
        all.extend(curves.into_iter().map(|curve| (kind, curve)));
    }
    all.iter().try_for_each(|(kind, curve)| curve.check(*kind))
}

/// Judges a few sizes of every kind.
///
/// # Errors
/// As [`draw`].
pub fn check(board: &Board) -> Result<()> {
    let rig = Rig::new(board)?;
    for kind in Kind::ALL {
        Curve::measure(&rig, board, kind, &[100, 1000, 10_000])?.check(kind)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn curve(cost: fn(u64) -> u64) -> Curve {
        let point = |size: u32| (size, cost(size.into()));
        Curve {
            board: "b".to_owned(),
            points: SIZES.map(point).to_vec(),
        }
    }

    #[test]
    fn what_grows_faster_than_its_size_is_found() {
        assert!(curve(|n| 9000 + 70 * n).check(Kind::Symbols).is_ok());
        assert!(curve(|n| 9000 + n * n / 50).check(Kind::Symbols).is_err());
        // 20 times the logarithm.
        assert!(
            curve(|n| 20 * n * u64::from(n.ilog2()))
                .check(Kind::Symbols)
                .is_err()
        );
        assert!((curve(|n| 9000 + 70 * n).step() - 70.0).abs() < 1e-9);
    }
}
