//! What the shell says of code that did not come to its end.

mod world;

use shell_cmds::context::{Assertion, Cause, Fault, FaultKind, Outcome, Stop};
use unwind::{ARM, Registers};
use world::{HEAP, LAYOUT, World};

const SP: usize = 13;
const LR: usize = 14;
const PC: usize = 15;

/// A world with hello loaded, and the address of its section `.text`.
fn world() -> (World, usize) {
    let mut world = World::new();
    world.line("llext load /ext/hello.elf");
    let hello = world.llext.by_name("hello").unwrap();
    let text = hello.section(".text").unwrap().address;
    (world, text)
}

/// What a call of hello_world prints that ends with these registers known.
fn report(world: &mut World, cause: Cause, known: &[(usize, usize)]) -> String {
    let mut registers = Registers::unknown(&ARM);
    for (number, value) in known {
        registers.set(*number, *value as u32);
    }
    let stop = Stop { cause, registers };
    world.cpu.script.push_back(("", Outcome::Stopped(stop)));
    let text = world.fails("llext call --force hello hello_world");
    assert_eq!(world.line("llext fault"), text.replace(HINT, ""));
    text.replace(HINT, "")
        .replace("error: call: hello: hello_world", "")
}

const HINT: &str = "hint: the call is over and hello stays loaded\n";

fn fault(kind: FaultKind, address: Option<usize>) -> Cause {
    Cause::Fault(Fault { kind, address })
}

#[test]
fn a_fault_is_told_with_place_registers_and_callers() {
    let (mut world, text) = world();
    let sp = LAYOUT.stack.end - 8;
    // What `exec_call` would have left: a return address behind a BLX.
    world.cpu.words.insert(LAYOUT.door.start, 0x4798_bf00);
    let door = LAYOUT.door.start + 4;
    let known = [(0, 7), (SP, sp), (LR, door | 1), (PC, text + 2)];
    let shown = report(&mut world, fault(FaultKind::Bus, Some(0xf000_0000)), &known);
    assert_eq!(
        shown,
        format!(
            ": bus error at hello:count+0x2, accessing 0xf0000000 (nothing that is known)\n  \
             r0   00000007  sp   {sp:08x}  lr   {:08x}  pc   {:08x}\n\
             #0 hello:count+0x2 (/ext/hello.elf .text+0x2)\n\
             #1 firmware:exec_call+0x4 ({door:#010x})\n",
            door | 1,
            text + 2,
        )
    );
}

#[test]
fn static_functions_are_named_from_the_file() {
    let (mut world, text) = world();
    // `count` is the first function of hello.c.
    let known = [(PC, text + 2)];
    let at = |world: &mut World| report(world, fault(FaultKind::Instruction, None), &known);
    assert!(at(&mut world).starts_with(": illegal instruction at hello:count+0x2\n"));
    world.line("rm /ext/hello.elf");
    assert!(at(&mut world).starts_with(": illegal instruction at hello\n"));
}

/// Farther from extensions than what is told by its distance.
const BESIDE: usize = 4096;

#[test]
fn what_lies_at_an_address() {
    let (mut world, text) = world();
    let hello = world.llext.by_name("hello").unwrap();
    let section = |name: &str| {
        let section = hello.section(name).unwrap();
        (section.address, section.address + section.size)
    };
    let (data, _) = section(".data");
    let (_, bss) = section(".bss");
    for (address, told) in [
        (0, "the null page"),
        (LAYOUT.null.end - 1, "the null page"),
        (LAYOUT.null.end, "nothing that is known"),
        (LAYOUT.stack.start - 4, "the guard below the stack"),
        (LAYOUT.stack.start, "the stack of extensions"),
        (0x1100, "nothing that is known"),
        (0x800 + 0x1000, "nothing that is known"),
        (LAYOUT.data.start, "the firmware's variables"),
        (data + 2, "hello .data+0x2"),
        (text, "hello .text+0x0"),
        (bss + 8, "8 bytes past the end of hello .bss"),
        (bss, "0 bytes past the end of hello .bss"),
        (HEAP - BESIDE, "nothing that is known"),
        (HEAP + 64 * 1024 - 4, "the heap"),
        (0xf000_0000, "nothing that is known"),
    ] {
        let shown = report(&mut world, fault(FaultKind::BusLoad, Some(address)), &[]);
        let expected = format!(": bus error on a load, accessing {address:#010x} ({told})\n");
        assert_eq!(shown, expected);
    }
}

#[test]
fn a_fault_in_the_firmware_on_behalf_of_an_extension() {
    let (mut world, text) = world();
    // memcpy lies at 0x200; it was called from the second function of hello.c.
    let known = [(PC, 0x210), (SP, LAYOUT.stack.end - 16)];
    let shown = report(&mut world, fault(FaultKind::Bus, Some(0)), &known);
    assert!(
        shown.starts_with(
            ": bus error at firmware:memcpy+0x10, accessing 0x00000000 (the null page)\n"
        ),
        "{shown}"
    );
    assert!(
        shown.ends_with("#0 firmware:memcpy+0x10 (0x00000210)\n"),
        "{shown}"
    );
    assert!(!shown.contains(&format!("{text:x}")));
}

#[test]
fn a_jump_to_nowhere_says_where_that_is() {
    let (mut world, _) = world();
    let known = [(PC, 0xf000_0000), (SP, LAYOUT.stack.end)];
    let shown = report(&mut world, fault(FaultKind::BusFetch, None), &known);
    assert!(shown.starts_with(": bus error on an instruction fetch at 0xf0000000\n"));
    assert!(
        shown.ends_with("#0 0xf0000000 (nothing that is known)\n"),
        "{shown}"
    );
}

#[test]
fn a_scan_of_the_stack_says_that_it_is_one() {
    let (mut world, _) = world();
    let top = LAYOUT.stack.end;
    // Words that only look like return addresses (even, and data), and one that is one.
    world.cpu.words.insert(LAYOUT.code.start, 0x4798_bf00);
    world.cpu.words.insert(LAYOUT.door.start, 0x4798_bf00);
    let (memcpy, door) = (LAYOUT.code.start + 4, LAYOUT.door.start + 4);
    let stack = [
        7,
        memcpy,
        memcpy | 1,
        0x2000_0001,
        memcpy | 1,
        memcpy | 1,
        door | 1,
        9,
    ];
    for (at, word) in (top - 32..).step_by(4).zip(stack) {
        world.cpu.words.insert(at, word as u32);
    }
    let known = [(SP, top - 32)];
    let shown = report(&mut world, fault(FaultKind::StackOverflow, None), &known);
    assert_eq!(
        shown,
        format!(
            ": stack overflow\n  sp   {:08x}\n  the stack had no room for the others\n\
             by a scan of the stack, where calls that are over may have left something:\n\
             #0 firmware:memcpy+0x4 (0x00000204)\n   and 2 times more\n\
             #3 firmware:exec_call+0x4 ({door:#010x})\n",
            top - 32
        )
    );
}

#[test]
fn who_leaves_is_told_without_registers() {
    let (mut world, text) = world();
    let known = [(4, 1), (SP, LAYOUT.stack.end), (PC, text + 5)];
    let shown = report(&mut world, Cause::Exit(3), &known);
    assert_eq!(
        shown,
        " called exit(3)\n#0 hello:count+0x4 (/ext/hello.elf .text+0x4)\n"
    );
}

#[test]
fn an_assertion_says_what_and_where() {
    let (mut world, _) = world();
    for (at, bytes) in [(0x5000, b"0 < "), (0x5004, b"x\x1b\0?"), (0x5008, b"a.c\0")] {
        world.cpu.words.insert(at, u32::from_le_bytes(*bytes));
    }
    let mut assertion = Assertion {
        expression: 0x5000,
        file: 0x5008,
        line: 12,
        function: 0,
    };
    let shown = report(&mut world, Cause::Assertion(assertion), &[]);
    assert_eq!(shown, ": assertion failed: 0 < x., a.c:12\n");
    // Texts that are not there.
    (assertion.expression, assertion.file) = (0, 0xffff_ffff);
    let shown = report(&mut world, Cause::Assertion(assertion), &[]);
    assert_eq!(shown, ": assertion failed: , :12\n");
}

#[test]
fn a_report_reads_memory_and_no_device() {
    // A UART: to read it takes a byte that somebody has typed.
    const DEVICE: usize = 0x4000_4000;
    let (mut world, text) = world();
    for at in [DEVICE, DEVICE + 4] {
        world.cpu.words.insert(at, 0x41);
    }
    // A frame pointer, and texts.
    let known = [(7, DEVICE), (SP, LAYOUT.stack.start), (PC, text + 2)];
    report(&mut world, fault(FaultKind::Bus, None), &known);
    let assertion = Assertion {
        expression: DEVICE,
        file: DEVICE,
        line: 1,
        function: 0,
    };
    let shown = report(&mut world, Cause::Assertion(assertion), &known);
    assert!(shown.starts_with(": assertion failed: , :1\n"), "{shown}");
    let peeked = world.cpu.peeked;
    assert!(!peeked.is_empty());
    assert!(!peeked.contains(&DEVICE) && !peeked.contains(&(DEVICE + 4)));
}
