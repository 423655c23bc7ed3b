//! Any sequence of loads and unloads, some of which fail on the way.
#![cfg_attr(fuzzing, no_main)]

llext_fuzz::target!(llext_fuzz::sequence::sequence);
