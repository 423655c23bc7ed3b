//! What debuggers are told. (Skeleton.)

mod script;
pub use script::add_symbol_file;
