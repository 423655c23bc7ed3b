//! Any relocation, at any place, with any operands.
#![cfg_attr(fuzzing, no_main)]

llext_fuzz::target!(llext_fuzz::fields::fields);
