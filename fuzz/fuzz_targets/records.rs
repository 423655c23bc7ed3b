//! What sections hold are claims: export records, notes, constructors, names, code.
#![cfg_attr(fuzzing, no_main)]

llext_fuzz::target!(llext_fuzz::load::load, llext_fuzz::mutate::Focus::Contents);
