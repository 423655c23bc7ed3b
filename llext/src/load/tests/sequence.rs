//! Long random sequences of loads and unloads, against a model.

use super::*;
use crate::{Extension, Llext, LoadError, LoadOptions, UnloadError};

/// xorshift32, after Marsaglia.
struct Random(u32);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 17;
        self.0 ^= self.0 << 5;
        self.0 as usize % limit
    }
}

/// An extension of the model: its number, and which ones it uses.
struct Loaded {
    number: usize,
    uses: Vec<usize>,
    count: u16,
}

const NUMBERS: usize = 8;

/// Extension `number`, which exports `f<number>` and uses those of `uses`.
fn extension(number: usize, uses: &[usize], size: usize) -> Image {
    let mut elf = Elf::new(&ARM);
    let text = elf.section(".text", SHT_PROGBITS, A | X, 4, &vec![number as u8; size]);
    let data = elf.section(".data", SHT_PROGBITS, A | W, 4, &[0; 4 * NUMBERS]);
    elf.symbol(&format!("f{number}"), GLOBAL | FUNC, text, 1, 4);
    for other in uses {
        let symbol = elf.symbol(&format!("f{other}"), GLOBAL, 0, 0, 0);
        elf.relocate(data, 4 * *other as u32, symbol, R_ARM_ABS32, None);
    }
    elf.build()
}

#[test]
fn loads_and_unloads_in_any_order_leave_nothing_behind() {
    let arena = Arena::new();
    let empty = arena.blocks();
    let mut llext = Llext::new(&arena.heap, exports(&[]), &ARM);
    let mut model: Vec<Loaded> = Vec::new();
    let mut random = Random(0x2545_f491);
    let mut counts = [0; 7];
    for _ in 0..4000 {
        let number = random.below(NUMBERS);
        let name = format!("x{number}");
        let at = model.iter().position(|loaded| loaded.number == number);
        if random.below(5) < 2 {
            let mut uses: Vec<usize> = (0..NUMBERS).filter(|_| random.below(6) == 0).collect();
            uses.retain(|&other| other != number);
            let missing = uses
                .iter()
                .filter(|other| model.iter().all(|loaded| loaded.number != **other))
                .count();
            let size = random.below(2000);
            let image = extension(number, &uses, size.max(4));
            let result = llext
                .load(&mut image.source(), &name, &LoadOptions::default(), &mut ())
                .map(Extension::use_count);
            match result {
                Ok(1) => {
                    assert!(at.is_none() && missing == 0);
                    let count = 1;
                    model.push(Loaded {
                        number,
                        uses,
                        count,
                    });
                    counts[0] += 1;
                }
                Ok(count) => {
                    let again = &mut model[at.expect("one that is loaded")];
                    again.count += 1;
                    assert_eq!(count, again.count);
                    counts[5] += 1;
                }
                Err(error) => {
                    assert_eq!((error, at.is_none()), (LoadError::Undefined(missing), true));
                    counts[1] += 1;
                }
            }
        } else {
            let used = model.iter().any(|loaded| loaded.uses.contains(&number));
            match (llext.unload(&name), at) {
                (Err(UnloadError::NotLoaded), None) => counts[2] += 1,
                (Ok(unloaded), Some(at)) if model[at].count > 1 => {
                    model[at].count -= 1;
                    assert_eq!(unloaded.uses_left, model[at].count);
                    assert_eq!(unloaded.bytes, 0);
                    counts[6] += 1;
                }
                (Err(UnloadError::InUse), Some(_)) if used => counts[3] += 1,
                (Ok(unloaded), Some(at)) if !used => {
                    assert!(unloaded.uses_left == 0 && unloaded.bytes != 0);
                    model.remove(at);
                    counts[4] += 1;
                }
                (other, _) => panic!("{other:?}"),
            }
        }
        let names: Vec<_> = llext.iter().map(|x| x.name().to_string()).collect();
        let expected: Vec<_> = model
            .iter()
            .map(|loaded| format!("x{}", loaded.number))
            .collect();
        assert_eq!(names, expected);
        let stats = arena.heap.stats();
        assert_eq!(stats.used + stats.free, stats.total);
    }
    assert!(counts.iter().all(|&count| count > 50), "{counts:?}");
    while let Some(loaded) = model.pop() {
        for left in (0..loaded.count).rev() {
            let unloaded = llext.unload(&format!("x{}", loaded.number)).unwrap();
            assert_eq!(unloaded.uses_left, left);
        }
    }
    assert_eq!(arena.blocks(), empty);
    assert_eq!(arena.heap.stats().used, 0);
}
