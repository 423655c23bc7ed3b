//! Structure-aware mutation: changes numbers of an ELF file where they stand, so that most mutants get past the first checks.
//!
//! The places are found in the file as it is now, wrong as it may be: what does not lie in the file is not touched.

use crate::Random;
use std::ops::Range;

/// Which places are changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Focus {
    /// ELF header, section headers and program headers.
    Headers,
    /// Symbols, relocations, entries of dynamic sections and hash tables, and the headers of their sections.
    Tables,
    /// What sections hold: export records, notes, constructors, names, code.
    Contents,
    /// All of the above.
    Everything,
}

/// A number of the file: its offset and its width in bytes.
type Place = (usize, usize);

/// Where things lie in an ELF file of one class, after the ELF specification, chapter 1.
struct Shape {
    header: &'static [Place],
    /// e_shoff
    table: Place,
    /// e_shentsize and e_shnum follow each other.
    counts: usize,
    section: &'static [Place],
    section_size: usize,
    /// sh_offset, and as many bytes later sh_size.
    offset: Place,
    /// e_phoff
    segments: Place,
    /// e_phentsize and e_phnum follow each other.
    segment_counts: usize,
    segment: &'static [Place],
    segment_size: usize,
    symbol: &'static [Place],
    symbol_size: usize,
    word: usize,
}

static CLASS_32: Shape = Shape {
    header: &[
        (4, 1),
        (5, 1),
        (16, 2),
        (18, 2),
        (28, 4),
        (32, 4),
        (40, 2),
        (42, 2),
        (44, 2),
        (46, 2),
        (48, 2),
        (50, 2),
    ],
    table: (32, 4),
    counts: 46,
    section: &[
        (0, 4),
        (4, 4),
        (8, 4),
        (12, 4),
        (16, 4),
        (20, 4),
        (24, 4),
        (28, 4),
        (32, 4),
        (36, 4),
    ],
    section_size: 40,
    offset: (16, 4),
    segments: (28, 4),
    segment_counts: 42,
    segment: &[(0, 4), (4, 4), (8, 4), (16, 4), (20, 4), (24, 4), (28, 4)],
    segment_size: 32,
    symbol: &[(0, 4), (4, 4), (8, 4), (12, 1), (13, 1), (14, 2)],
    symbol_size: 16,
    word: 4,
};

static CLASS_64: Shape = Shape {
    header: &[
        (4, 1),
        (5, 1),
        (16, 2),
        (18, 2),
        (32, 8),
        (40, 8),
        (52, 2),
        (54, 2),
        (56, 2),
        (58, 2),
        (60, 2),
        (62, 2),
    ],
    table: (40, 8),
    counts: 58,
    section: &[
        (0, 4),
        (4, 4),
        (8, 8),
        (16, 8),
        (24, 8),
        (32, 8),
        (40, 4),
        (44, 4),
        (48, 8),
        (56, 8),
    ],
    section_size: 64,
    offset: (24, 8),
    segments: (32, 8),
    segment_counts: 54,
    segment: &[(0, 4), (4, 4), (8, 8), (16, 8), (32, 8), (40, 8), (48, 8)],
    segment_size: 56,
    symbol: &[(0, 4), (4, 1), (5, 1), (6, 2), (8, 8), (16, 8)],
    symbol_size: 24,
    word: 8,
};

/// Changes some of the first `size` bytes of `data` and returns the new size. `any` is for what has no structure.
pub fn mutate(
    data: &mut [u8],
    size: usize,
    focus: Focus,
    seed: u32,
    any: impl FnOnce(&mut [u8], usize) -> usize,
) -> usize {
    let mut random = Random::new(seed);
    let file = data.get_mut(..size).unwrap_or_default();
    let places = places(file, focus, &mut random);
    if places.is_empty() || random.below(8) == 0 {
        return any(data, size);
    }
    for _ in 0..=random.below(3) {
        let place = places[random.below(places.len())];
        let same = places[random.below(places.len())];
        let value = value(file, place, same, &mut random);
        put(file, place, value);
    }
    size
}

/// The places of `file` to choose from.
fn places(file: &[u8], focus: Focus, random: &mut Random) -> Vec<Place> {
    let shape = match file.get(4) {
        Some(2) => &CLASS_64,
        _ => &CLASS_32,
    };
    let focus = match focus {
        Focus::Everything => [Focus::Headers, Focus::Tables, Focus::Contents][random.below(3)],
        one => one,
    };
    let mut places = Vec::new();
    if focus == Focus::Headers {
        places.extend(shape.header);
        let table = (shape.segments, shape.segment_counts, shape.segment_size);
        for at in starts(file, table) {
            places.extend(moved(shape.segment, at));
        }
    }
    for at in starts(file, (shape.table, shape.counts, shape.section_size)) {
        let kind = get(file, (at.saturating_add(4), 4));
        let is_table = matches!(kind, 2 | 4 | HASH | DYNAMIC | 9 | 11 | 18 | GNU_HASH);
        match focus {
            Focus::Headers => places.extend(moved(shape.section, at)),
            Focus::Tables if is_table => {
                places.extend(moved(shape.section, at));
                places.extend(entries(file, shape, at, kind));
            }
            Focus::Contents if !is_table && kind != 8 => {
                let Range { start, end } = contents(file, shape, at);
                places.extend((start..end).step_by(shape.word).map(|at| (at, shape.word)));
            }
            _ => {}
        }
    }
    places.retain(|&(at, width)| at.checked_add(width).is_some_and(|end| end <= file.len()));
    places
}

/// `SHT_HASH`, `SHT_DYNAMIC` and `SHT_GNU_HASH`.
const HASH: u64 = 5;
const DYNAMIC: u64 = 6;
const GNU_HASH: u64 = 0x6fff_fff6;

/// Where the entries of a table of headers begin: the place of its offset, that of an entry's size and the count behind it, and
/// the size that entries really have.
fn starts(file: &[u8], (table, counts, size): (Place, usize, usize)) -> Vec<usize> {
    let start = get(file, table) as usize;
    let count = (get(file, (counts + 2, 2)) as usize).min(file.len() / size);
    (0..count)
        .map(|index| start.saturating_add(index * size))
        .collect()
}

fn moved(fields: &[Place], by: usize) -> impl Iterator<Item = Place> {
    fields
        .iter()
        .map(move |&(at, width)| (at.saturating_add(by), width))
}

/// The fields of the entries of a table of symbols or relocations, a dynamic section, or a hash table.
fn entries(file: &[u8], shape: &Shape, header: usize, kind: u64) -> Vec<Place> {
    let word = shape.word;
    let (fields, size): (Vec<Place>, usize) = match kind {
        2 | 11 => (shape.symbol.to_vec(), shape.symbol_size),
        18 | HASH | GNU_HASH => (vec![(0, 4)], 4),
        DYNAMIC => (vec![(0, word), (word, word)], 2 * word),
        // r_offset; the type, and the symbol, of r_info; r_addend.
        _ => {
            let (of_type, symbol) = if word == 8 {
                ((8, 4), (12, 4))
            } else {
                ((4, 1), (5, 2))
            };
            let fields = [(0, word), of_type, symbol, (2 * word, word)];
            let count = if kind == 4 { 3 } else { 2 };
            (fields[..=count].to_vec(), count * word)
        }
    };
    let range = contents(file, shape, header);
    let starts = (range.start..range.end).step_by(size);
    starts
        .flat_map(|at| moved(&fields, at).collect::<Vec<_>>())
        .collect()
}

/// Where the contents of a section lie.
fn contents(file: &[u8], shape: &Shape, header: usize) -> Range<usize> {
    let (at, width) = shape.offset;
    let at = header.saturating_add(at);
    let start = (get(file, (at, width)) as usize).min(file.len());
    let size = get(file, (at.saturating_add(width), width)) as usize;
    start..start.saturating_add(size).min(file.len())
}

/// A new value for `place`: a limit, a neighbour of the old one, or what stands at `same`.
fn value(file: &[u8], place: Place, same: Place, random: &mut Random) -> u64 {
    let old = get(file, place);
    match random.below(9) {
        0 => random.below(3) as u64,
        1 => u64::MAX.wrapping_sub(random.below(3) as u64),
        2 => 1 << random.below(8 * place.1),
        3 => (1 << random.below(8 * place.1)) - 1,
        4 => old ^ 1 << random.below(8 * place.1),
        5 => old.wrapping_add(random.below(16) as u64).wrapping_sub(8),
        6 => (file.len() as u64).wrapping_sub(random.below(16) as u64),
        7 => random.below(256) as u64,
        _ => get(file, same),
    }
}

/// The little-endian number at a place; 0 where the file has none.
fn get(file: &[u8], (at, width): Place) -> u64 {
    let mut number = [0; 8];
    if let Some(bytes) = file.get(at..).and_then(|rest| rest.get(..width)) {
        number[..width].copy_from_slice(bytes);
    }
    u64::from_le_bytes(number)
}

fn put(file: &mut [u8], (at, width): Place, value: u64) {
    if let Some(bytes) = file.get_mut(at..).and_then(|rest| rest.get_mut(..width)) {
        bytes.copy_from_slice(&value.to_le_bytes()[..width]);
    }
}
