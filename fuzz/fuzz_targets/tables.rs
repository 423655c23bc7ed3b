//! Symbols and relocations are claims.
#![cfg_attr(fuzzing, no_main)]

llext_fuzz::target!(llext_fuzz::load::load, llext_fuzz::mutate::Focus::Tables);
