//! Which firmware the extension is for.

/// The number in `text`, `0x` and hexadecimal digits.
const fn number(text: &str) -> u32 {
    let digits = match text.as_bytes() {
        [b'0', b'x', digits @ ..] => digits,
        digits => digits,
    };
    let (mut number, mut at) = (0u32, 0);
    while at < digits.len() {
        let Some(digit) = (digits[at] as char).to_digit(16) else {
            panic!("LLEXT_ABI_ID is not a hexadecimal number");
        };
        number = number << 4 | digit;
        at += 1;
    }
    number
}

const ID: Option<&str> = option_env!("LLEXT_ABI_ID");

// A note that is not loaded, and that a loader compares with its firmware's exports: include/llext.h says what it holds.
core::arch::global_asm!(
    ".if {is_bound}",
    ".pushsection .note.llext.abi, \"\", %note",
    ".balign 4",
    ".long 6, 4, 1",
    ".asciz \"llext\"",
    ".balign 4",
    ".long {id}",
    ".popsection",
    ".endif",
    is_bound = const ID.is_some() as u32,
    id = const match ID {
        Some(id) => number(id),
        None => 0,
    },
);
