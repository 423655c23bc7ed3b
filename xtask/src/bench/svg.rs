//! A chart of curves, with logarithmic axes, as SVG.

use std::fmt::Write as _;

use super::loads::grouped;
use super::plot::Curve;

/// Width and height of the picture, and of the margins around the axes: left, right, top, bottom. In pixels.
const SIZE: (f64, f64) = (640.0, 400.0);
const MARGINS: (f64, f64, f64, f64) = (92.0, 150.0, 44.0, 52.0);
/// A colour a curve: both are told apart by people who see few colours too.
const COLOURS: [&str; 4] = ["#0b62a3", "#c4540a", "#2d7d46", "#6b4a9e"];

/// Powers of ten along an axis, and where it lies in the picture.
struct Axis {
    from: i32,
    to: i32,
    start: f64,
    end: f64,
}

impl Axis {
    /// An axis from `start` to `end` that has room for `values`.
    fn over(values: impl Iterator<Item = f64> + Clone, start: f64, end: f64) -> Axis {
        let least = values.clone().fold(f64::INFINITY, f64::min);
        let most = values.fold(1.0, f64::max);
        Axis {
            from: least.max(1.0).log10().floor() as i32,
            to: most.log10().ceil() as i32,
            start,
            end,
        }
    }

    fn place(&self, value: f64) -> f64 {
        let part = (value.log10() - f64::from(self.from)) / f64::from(self.to - self.from);
        self.start + part * (self.end - self.start)
    }

    fn ticks(&self) -> impl Iterator<Item = u64> + use<> {
        (self.from..=self.to).filter_map(|power| 10u64.checked_pow(power.try_into().ok()?))
    }
}

/// The chart of `curves` over the number of `things`.
pub fn chart(things: &str, curves: &[Curve]) -> String {
    let (left, right, top, bottom) = MARGINS;
    let points = || curves.iter().flat_map(|curve| &curve.points);
    let x = Axis::over(
        points().map(|point| f64::from(point.0)),
        left,
        SIZE.0 - right,
    );
    let y = Axis::over(points().map(|point| point.1 as f64), SIZE.1 - bottom, top);
    let mut text = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {} {}\" font-family=\"sans-serif\" font-size=\"13\">\n\
         <rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n\
         <text x=\"{left}\" y=\"24\" font-size=\"15\">Instructions of a load, by number of {things}</text>\n",
        SIZE.0, SIZE.1
    );
    axes(&mut text, &x, &y);
    _ = writeln!(
        text,
        "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{things}</text>",
        (x.start + x.end) / 2.0,
        SIZE.1 - 12.0
    );
    for (curve, colour) in curves.iter().zip(COLOURS.iter().cycle()) {
        line(&mut text, curve, colour, &x, &y);
    }
    text.push_str("</svg>\n");
    text
}

fn axes(text: &mut String, x: &Axis, y: &Axis) {
    for tick in x.ticks() {
        let at = x.place(tick as f64);
        _ = writeln!(
            text,
            "<path d=\"M{at:.1} {:.1}V{:.1}\" stroke=\"#ccc\"/><text x=\"{at:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{}</text>",
            y.start,
            y.end,
            y.start + 18.0,
            grouped(tick)
        );
    }
    for tick in y.ticks() {
        let at = y.place(tick as f64);
        _ = writeln!(
            text,
            "<path d=\"M{:.1} {at:.1}H{:.1}\" stroke=\"#ccc\"/><text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>",
            x.start,
            x.end,
            x.start - 8.0,
            at + 4.0,
            grouped(tick)
        );
    }
}

/// The curve, its points, and its name with what one more costs beside its end.
fn line(text: &mut String, curve: &Curve, colour: &str, x: &Axis, y: &Axis) {
    let places: Vec<_> = curve
        .points
        .iter()
        .map(|&(size, cost)| (x.place(size.into()), y.place(cost as f64)))
        .collect();
    let path: Vec<_> = places
        .iter()
        .map(|(x, y)| format!("{x:.1},{y:.1}"))
        .collect();
    _ = writeln!(
        text,
        "<polyline points=\"{}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\"/>",
        path.join(" ")
    );
    for (x, y) in &places {
        _ = writeln!(
            text,
            "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"3\" fill=\"{colour}\"/>"
        );
    }
    let Some((_, end)) = places.last() else {
        return;
    };
    // The names would lie on each other where the curves do.
    let row = if colour == COLOURS[0] { 14.0 } else { -8.0 };
    _ = writeln!(
        text,
        "<text x=\"{:.1}\" y=\"{:.1}\" fill=\"{colour}\">{}: +{:.0} each</text>",
        x.end + 8.0,
        end + row,
        curve.board,
        curve.step()
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chart_has_every_curve_within_its_axes() {
        let curve = |board: &str, factor| Curve {
            board: board.to_owned(),
            points: [100u32, 1000, 10_000]
                .map(|n| (n, u64::from(n) * factor))
                .to_vec(),
        };
        let chart = chart("symbols", &[curve("one", 30), curve("two", 40)]);
        assert!(chart.contains("one: +30 each") && chart.contains("two: +40 each"));
        assert!(chart.contains(">10,000<") && chart.contains(">1,000,000<"));
        assert_eq!(chart.matches("<circle").count(), 6);
        assert!(!chart.contains("NaN") && !chart.contains("inf"));
    }
}
