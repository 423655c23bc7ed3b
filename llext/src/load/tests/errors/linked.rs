//! Linked files, whose program headers and dynamic sections make no sense.

use super::*;
use crate::load::tests::linked::{ALL, LEN, linked};

pub(super) fn segments(seen: &mut Seen) {
    let mut bad = |segments: &[[u32; 8]], text: &str, hint: &str| {
        seen.load(refusal(&linked(segments, &[], &[])), text, hint);
    };
    let with = |field: usize, value| {
        let mut segment = ALL;
        segment[field] = value;
        segment
    };
    bad(&[], "bad ELF header: e_phnum is 0", "");
    bad(&[with(0, 6)], "bad program header 1: p_type is 0x0", "");
    bad(&[with(5, 8)], "bad program header 0: p_filesz is 0x200", "");
    bad(&[with(7, 3)], "bad program header 0: p_align is 0x3", "");
    bad(
        &[ALL, with(2, 0x1ff)],
        "bad program header 1: p_vaddr is 0x1ff",
        "",
    );
    bad(
        &[with(5, 1 << 27)],
        "image too large: the limit is 134217728",
        "",
    );
    let text = "truncated: segment of 512 bytes at 0x1 in a file of 512 bytes";
    bad(
        &[with(1, 1)],
        text,
        "copy the file again: it is shorter than its headers say",
    );
    let text = "thread-local data in PT_TLS is not supported";
    bad(
        &[ALL, with(0, 7)],
        text,
        "make the variable static instead of thread-local",
    );
}

pub(super) fn dynamic(seen: &mut Seen) {
    let mut bad = |entries: &[[u32; 2]], text: &str, hint: &str| {
        let (at, size) = (52 + 2 * 32, 8 * entries.len() as u32);
        let dynamic = [2, at, at, at, size, size, 6, 4];
        seen.load(refusal(&linked(&[ALL, dynamic], entries, &[])), text, hint);
    };
    let text = |tag: u32, value: u32| format!("bad dynamic section: entry {tag:#x} is {value:#x}");
    // Sizes of entries that are others, in symbols, REL and RELA.
    for (tag, size) in [(11, 24), (19, 12), (9, 8)] {
        bad(&[[tag, size]], &text(tag, size), "");
    }
    let hint = "link without -z pack-relative-relocs";
    bad(&[[35, 8]], &text(35, 8), hint);
    // Tables outside of the file: RELA, REL, JMPREL, and the arrays.
    for (tag, size) in [(7, 8), (17, 18), (23, 2), (32, 33), (25, 27), (26, 28)] {
        let entries = [[tag, LEN - 4], [size, 24]];
        bad(&entries, &text(tag, LEN - 4), "");
    }
    // Hash tables outside of it; symbols outside of it; symbols without names.
    let (hash, gnu) = (4, 0x6fff_fef5);
    for tag in [hash, gnu] {
        bad(&[[tag, LEN - 2]], &text(tag, LEN - 2), "");
    }
    // A chain of one symbol, at the end of the dynamic section: nbucket 1, nchain 1.
    let at = 52 + 2 * 32 + 3 * 8;
    let symbols = |address| [[hash, at], [6, address], [0, 0], [1, 1]];
    bad(&symbols(LEN - 8), &text(6, LEN - 8), "");
    bad(&symbols(at), &text(5, 0), "");
}
