//! Feeds the loader what no compiler would write, and checks what must hold all the same.
//!
//! A target is a function of bytes that panics when the loader breaks a promise; `fuzz_targets/` has a program for each.
//! `cargo xtask fuzz` runs them under libFuzzer and AddressSanitizer (so does `cargo fuzz run TARGET`, where cargo-fuzz
//! is installed). Without libFuzzer the same programs run the files that they are given; `cargo test -p llext-fuzz`
//! runs all of `corpus/` and `findings/`, and some thousand mutations of them.
//!
//! | target | what varies |
//! |---|---|
//! | `headers` | ELF header, section headers, program headers |
//! | `tables` | symbols, relocations, dynamic sections, hash tables, their headers |
//! | `records` | what sections hold: export records, notes, constructors, names |
//! | `load` | every byte |
//! | `sequence` | the order of loads and unloads, and which request for memory or bytes fails |
//! | `fields` | relocation type, place and operands |
//!
//! The first four mutate real objects and shared libraries: see [`mutate`]. Each is loaded from memory, from a stream, and where
//! it lies. A finding goes to `findings/TARGET/`, with its cause as name, and
//! is run by every test from then on.

pub mod fields;
pub mod heap;
pub mod load;
pub mod mutate;
pub mod sequence;
pub mod source;

/// What a program of this crate runs.
pub type Target = fn(&[u8]);

/// The programs of this crate, and what each runs.
pub const TARGETS: [(&str, Target); 6] = [
    ("headers", load::load),
    ("tables", load::load),
    ("records", load::load),
    ("load", load::load),
    ("sequence", sequence::sequence),
    ("fields", fields::fields),
];

/// The program of a target: libFuzzer's, or one that runs the files it is given.
#[macro_export]
macro_rules! target {
    ($run:path $(, $focus:path)?) => {
        #[cfg(fuzzing)]
        libfuzzer_sys::fuzz_target!(|data: &[u8]| $run(data));

        $(
            #[cfg(fuzzing)]
            libfuzzer_sys::fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
                let any = |data: &mut [u8], size| libfuzzer_sys::fuzzer_mutate(data, size, max_size);
                $crate::mutate::mutate(data, size, $focus, seed, any)
            });
        )?

        #[cfg(not(fuzzing))]
        fn main() -> std::io::Result<()> {
            for file in std::env::args_os().skip(1) {
                println!("{}", file.display());
                $run(&std::fs::read(file)?);
            }
            Ok(())
        }
    };
}

/// xorshift32, after Marsaglia.
#[derive(Clone, Copy, Debug)]
pub struct Random(u32);

impl Random {
    /// The sequence that `seed` begins.
    pub fn new(seed: u32) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9) | 1)
    }

    /// The next number.
    pub fn word(&mut self) -> u32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 17;
        self.0 ^= self.0 << 5;
        self.0
    }

    /// A number below `limit`; 0 if that is 0.
    pub fn below(&mut self, limit: usize) -> usize {
        self.word() as usize % limit.max(1)
    }
}
