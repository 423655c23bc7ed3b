//! The stubs' bytes against what GNU as makes of their instructions.

use gnu_ld::image::Image;
use gnu_ld::tools::{self, Tools, fresh_folder};
use llext::machine::{self, Machine};

/// Assembles the instructions of a machine's stub, and compares all but the word.
fn compare(machine: &Machine, tools: &Tools, name: &str, source: &str) {
    let folder = fresh_folder(env!("CARGO_TARGET_TMPDIR"), name);
    let object = tools.assemble(&folder, "stub", &format!(".text\n{source}\n"));
    let image = Image::read(&object);
    let (_, theirs) = image.section(".text").expect("a section .text");
    let stub = machine.stub;
    let word = usize::from(stub.word_at)..usize::from(stub.word_at + stub.word_size);
    assert_eq!(stub.size() % usize::from(stub.align), 0, "{name}");
    assert_eq!(word.end, stub.size(), "{name}: the word is the end");
    assert_eq!(&stub.bytes[..word.start], &theirs[..word.start], "{name}");
    assert!(stub.bytes[word].iter().all(|byte| *byte == 0), "{name}");
}

#[test]
fn arm_stubs_are_what_they_say() {
    let source = ".syntax unified\n.thumb\nldr.w pc, [pc, #0]\n.space 4";
    compare(&machine::ARM, &tools::ARM, "stub-v7m", source);
    let source = ".syntax unified\n.cpu cortex-m0\n.thumb\npush {r0, r1}\nldr r0, [pc, #4]\n\
        str r0, [sp, #4]\npop {r0, pc}\n.space 4";
    compare(&machine::ARM_V6M, &tools::ARM, "stub-v6m", source);
    let source = ".syntax unified\n.cpu cortex-a8\n.thumb\nldr.w pc, [pc, #4]\n\
        .arm\nldr pc, [pc, #-4]\n.space 4";
    compare(&machine::ARM_A, &tools::ARM, "stub-v7a", source);
}

#[test]
fn riscv_stubs_are_what_they_say() {
    let source = ".option norvc\nauipc t3, 0\nld t3, 16(t3)\njr t3\n.space 12";
    compare(&machine::RISCV64, &tools::RISCV64, "stub-rv64", source);
}
