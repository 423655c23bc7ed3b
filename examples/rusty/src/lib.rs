//! An extension in Rust: what is exported can be called from the shell and from other extensions.
#![no_std]

extern crate alloc;

use alloc::collections::BinaryHeap;
use llext::{Text, println};

/// The `n`th Fibonacci number, modulo 2^32.
#[llext::export]
fn rusty_fibonacci(n: u32) -> u32 {
    let (value, _) = (0..n).fold((0u32, 1u32), |(a, b), _| (b, a.wrapping_add(b)));
    value
}

/// Prints the words of `text` in alphabetical order, and returns how many there are.
#[llext::export]
fn rusty_sort(text: Text) -> usize {
    // SAFETY: whoever calls this passes a string, as in `llext call rusty rusty_sort "b a"`.
    let text = unsafe { text.to_str() }.unwrap_or("(not UTF-8)");
    let words = text
        .split_whitespace()
        .collect::<BinaryHeap<&str>>()
        .into_sorted_vec();
    for (number, word) in words.iter().enumerate() {
        println!("{number}: {word}");
    }
    words.len()
}

/// Divides. A division by zero panics: the message appears, the call ends, the shell goes on.
#[llext::export]
fn rusty_divide(a: i32, b: i32) -> i32 {
    a / b
}
