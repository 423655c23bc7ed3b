//! "Did you mean": the names nearest to one that does not exist.

use crate::{
    context::Console,
    text::{field_with, print},
};

/// Names longer than this are not compared, in bytes.
const LONGEST: usize = 64;

/// At most so many names are offered.
const OFFERS: usize = 3;

/// Calls its argument for each of some names; may be asked twice.
pub type Names<'a> = &'a mut dyn FnMut(&mut dyn FnMut(&str));

/// Calls `each` for the names nearest to `wanted`, all equally near; none if none is near.
pub fn nearest(wanted: &str, names: Names<'_>, each: &mut dyn FnMut(&str)) {
    let allowed = (wanted.len() / 3).clamp(1, 4);
    let mut best = allowed + 1;
    names(&mut |name| best = best.min(distance(wanted, name)));
    let mut left = if best > allowed { 0 } else { OFFERS };
    if left > 0 {
        names(&mut |name| {
            if left > 0 && distance(wanted, name) == best {
                left -= 1;
                each(name);
            }
        });
    }
}

/// Writes `BEFOREa, b or cAFTER` with the names nearest to `wanted`; nothing, and false, if there are none.
fn offer(
    console: &mut dyn Console,
    (before, after): (&str, &str),
    wanted: &str,
    names: Names<'_>,
) -> bool {
    let mut count = 0;
    nearest(wanted, names, &mut |_| count += 1);
    if count == 0 {
        return false;
    }
    console.write(before.as_bytes());
    let mut written = 0;
    nearest(wanted, names, &mut |name| {
        let join = match written {
            0 => "",
            _ if written + 1 == count => " or ",
            _ => ", ",
        };
        print!(console, "{}{}", join, name);
        written += 1;
    });
    console.write(after.as_bytes());
    true
}

/// Writes `hint: did you mean a or b?` and says whether it did.
pub fn hint(console: &mut dyn Console, wanted: &str, names: Names<'_>) -> bool {
    let found = offer(console, ("hint: did you mean ", "?\n"), wanted, names);
    if found {
        field_with(console, "hint", &mut |value| {
            offer(value, ("did you mean ", "?"), wanted, names);
        });
    }
    found
}

/// Writes ` (did you mean a or b?)`, if there is something to offer.
pub fn remark(console: &mut dyn Console, wanted: &str, names: Names<'_>) {
    offer(console, (" (did you mean ", "?)"), wanted, names);
}

/// How many letters must be inserted, removed, changed or swapped with their neighbour to turn `a` into `b`
/// (optimal string alignment). A name and the beginning of it are near each other, however long it is.
fn distance(a: &str, b: &str) -> usize {
    if a.len() > LONGEST || b.len() > LONGEST {
        return usize::MAX;
    }
    if a == b {
        return 0;
    }
    if a.len().min(b.len()) >= 3 && (a.starts_with(b) || b.starts_with(a)) {
        return 1;
    }
    let (a, b) = (a.as_bytes(), b.as_bytes());
    // Rows of the table for the letter before the last one, the last one and this one of `a`.
    let mut before = [0u8; LONGEST + 1];
    let mut last = [0u8; LONGEST + 1];
    let mut row = [0u8; LONGEST + 1];
    last.iter_mut()
        .zip(0..)
        .for_each(|(cell, column)| *cell = column);
    let at = |row: &[u8], column: usize| row.get(column).copied().unwrap_or(u8::MAX);
    for (i, x) in a.iter().enumerate() {
        if let Some(cell) = row.first_mut() {
            *cell = i as u8 + 1;
        }
        for (j, y) in b.iter().enumerate() {
            let changed = at(&last, j) + u8::from(x != y);
            let mut least = changed.min(at(&last, j + 1) + 1).min(at(&row, j) + 1);
            let crossed = j > 0 && i > 0 && b.get(j - 1) == Some(x) && a.get(i - 1) == Some(y);
            if crossed {
                least = least.min(at(&before, j - 1) + 1);
            }
            if let Some(cell) = row.get_mut(j + 1) {
                *cell = least;
            }
        }
        (before, last) = (last, row);
    }
    at(&last, b.len()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn offers(wanted: &str) -> Vec<String> {
        let names = ["printk", "printf", "puts", "putchar", "memcpy", "memmove"];
        let mut found = vec![];
        nearest(
            wanted,
            &mut |each| names.iter().for_each(|name| each(name)),
            &mut |name| found.push(name.to_string()),
        );
        found
    }

    #[test]
    fn distances() {
        for (a, b, expected) in [
            ("printk", "printk", 0),
            ("prinkt", "printk", 1),
            ("print", "printk", 1),
            ("putx", "puts", 1),
            ("", "abc", 3),
            ("kitten", "sitting", 3),
        ] {
            assert_eq!(distance(a, b), expected, "{a} {b}");
            assert_eq!(distance(b, a), expected, "{b} {a}");
        }
        assert_eq!(distance(&"x".repeat(65), "x"), usize::MAX);
    }

    #[test]
    fn the_nearest_are_offered_and_only_near_ones() {
        assert_eq!(offers("prinkt"), ["printk"]);
        assert_eq!(offers("print"), ["printk", "printf"]);
        assert_eq!(offers("mencpy"), ["memcpy"]);
        assert!(offers("k_sleep").is_empty());
    }
}
