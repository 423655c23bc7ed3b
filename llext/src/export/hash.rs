//! The hash of a name: four letters at a step, and the length with it.
//!
//! A name counts as little-endian words, the last of which holds its NUL and what is left of it and is filled up with zeros.

/// 2³² over the golden ratio, made odd (Knuth, The Art of Computer Programming, volume 3, section 6.4).
const FACTOR: u32 = 0x9e37_79b1;
const ONES: u32 = 0x0101_0101;
const HIGHS: u32 = 0x8080_8080;

/// The hash before the first letter is `seed`.
const fn step(hash: u32, word: u32) -> u32 {
    (hash.rotate_left(5) ^ word).wrapping_mul(FACTOR)
}

/// The hash of the name that `text` begins with, and the name's length. It ends before the first NUL, or with `text`.
#[inline(always)]
pub(super) fn of_text(seed: u32, text: &[u8]) -> (u32, usize) {
    let (mut hash, mut rest) = (seed, text);
    // Two words a round: a round costs as much as a word does.
    let (word, zeros, behind) = loop {
        let Some((two, behind)) = rest.split_first_chunk() else {
            return of_rest(hash, text, rest);
        };
        let two = u64::from_le_bytes(*two);
        let (low, high) = (two as u32, (two >> 32) as u32);
        let zeros = mark_zeros(low);
        if zeros != 0 {
            break (low, zeros, rest.len());
        }
        hash = step(hash, low);
        let zeros = mark_zeros(high);
        if zeros != 0 {
            break (high, zeros, rest.len().wrapping_sub(4));
        }
        hash = step(hash, high);
        rest = behind;
    };
    let letters = zeros.trailing_zeros() & !7;
    let len = text.len().wrapping_sub(behind);
    let word = word & (1u32 << letters).wrapping_sub(1);
    (step(hash, word), len.wrapping_add(letters as usize / 8))
}

/// The lowest bit that is set marks the first byte that is 0.
#[inline(always)]
const fn mark_zeros(word: u32) -> u32 {
    word.wrapping_sub(ONES) & !word & HIGHS
}

/// The same, letter by letter, for the `rest` of a text.
#[cold]
fn of_rest(mut hash: u32, text: &[u8], rest: &[u8]) -> (u32, usize) {
    let mut len = text.len().wrapping_sub(rest.len());
    let mut word = 0;
    for &letter in rest.iter().take_while(|&&letter| letter != 0) {
        word |= u32::from(letter) << (8 * (len & 3));
        len = len.wrapping_add(1);
        if len.is_multiple_of(4) {
            hash = step(hash, word);
            word = 0;
        }
    }
    (step(hash, word), len)
}

/// The hash of `name`, which has no NUL, when this is compiled.
pub(super) const fn of_name(seed: u32, name: &[u8]) -> u32 {
    let (mut hash, mut word, mut index) = (seed, 0, 0);
    while index < name.len() {
        word |= (name[index] as u32) << (8 * (index % 4));
        index += 1;
        if index.is_multiple_of(4) {
            hash = step(hash, word);
            word = 0;
        }
    }
    step(hash, word)
}

/// `hash` and `value` in one, every bit of which depends on every bit of both (the finalizer of MurmurHash3).
pub(super) const fn mix(hash: u32, value: u32) -> u32 {
    let mut mixed = step(hash, value);
    mixed = (mixed ^ mixed >> 16).wrapping_mul(0x85eb_ca6b);
    mixed = (mixed ^ mixed >> 13).wrapping_mul(0xc2b2_ae35);
    mixed ^ mixed >> 16
}

/// A number below `below`, by the high bits of `hash`; 0 if there is none.
pub(super) const fn reduce(hash: u32, below: usize) -> usize {
    ((hash as u64 * below as u64) >> 32) as usize
}

/// The bucket of a name among so many.
pub(super) const fn bucket(hash: u32, buckets: usize) -> usize {
    reduce(hash, buckets)
}

/// The position of a name among so many, given the displacement of its bucket.
pub(super) const fn position(hash: u32, displacement: u16, positions: usize) -> usize {
    reduce((hash ^ displacement as u32).wrapping_mul(FACTOR), positions)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ways_agree_on_every_length_and_alignment() {
        let letters: Vec<u8> = (1..=255).collect();
        for start in 0..4 {
            for len in 0..40 {
                let name = &letters[start..start + len];
                let hash = of_name(7, name);
                assert_eq!(of_text(7, name), (hash, len), "without NUL");
                for behind in 0..9 {
                    let mut text = name.to_vec();
                    text.push(0);
                    text.extend(&letters[..behind]);
                    assert_eq!(of_text(7, &text), (hash, len), "{behind} bytes behind");
                }
            }
        }
    }

    #[test]
    fn letters_next_to_the_nul_do_not_hide_it() {
        // The bits that mark zeros are wrong behind the first zero: 0x01 after 0x00, and 0x80 before it.
        for text in [
            b"ab\0\x01",
            b"\x80\0\x01\x01",
            b"\x01\x80\0\0",
            b"\x80\x80\x80\0",
        ] {
            let len = text.iter().position(|&byte| byte == 0).unwrap();
            assert_eq!(of_text(0, text), (of_name(0, &text[..len]), len));
        }
    }
}
