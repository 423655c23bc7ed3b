//! What debuggers are told.

mod jit;
mod script;
pub use crate::loaded::Layout;
pub use jit::{JIT_LIMIT, JitObject};
pub use script::{add_symbol_file, remove_symbol_file};
