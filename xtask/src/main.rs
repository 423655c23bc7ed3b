//! The project's tasks.

mod board;

fn main() {}
