//! The extensions that the loader is measured with.
//!
//! Eight of them, from one function to 1,500 sections, as C sources, each with the value that its entry returns once it is
//! loaded as it should be. They call functions of a firmware that exports 250 or 2,000 names; every [plain](Names::is_plain)
//! name is a function that returns its place in [`Names::all`].
//!
//! Everything here is a function of one seed: whoever makes the workloads makes the same bytes.

mod names;
mod random;
mod scaled;
mod sources;

pub use names::Names;
pub use scaled::{Kind, scaled};
pub use sources::{EXPORT_HEADER, Unit, Workload};

use random::Random;

/// The seed of all workloads.
const SEED: u32 = 20_250_512;

/// The names of the exports.
pub fn names() -> Names {
    Names::draw(&mut Random::new(SEED))
}

/// The workloads, in the order of the tables.
pub fn all() -> Vec<Workload> {
    let mut random = Random::new(SEED);
    let names = Names::draw(&mut random);
    // Each draws from the stream where the one before left it.
    let many_relocs = sources::many_relocs(&mut random, &names);
    let big_code = sources::big_code(&mut random);
    let data_heavy = sources::data_heavy(&mut random);
    let partial = sources::partial(&mut random, &names);
    vec![
        sources::hello(),
        many_relocs,
        big_code,
        data_heavy,
        sources::sections_many_fn(&names),
        partial,
        sources::sections_many(&names),
        sources::sections_many_data(&names),
    ]
}
