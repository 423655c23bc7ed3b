//! The whole console at a terminal: noline and all above it, and a screen below.

mod editing;
mod fuzz;
mod lines;
mod plain;
mod real;
mod tab;
