//! What debuggers are told.

mod script;
pub use script::{add_symbol_file, remove_symbol_file};
