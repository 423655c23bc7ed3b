//! Calls: what they may be given, how they end, what they took, and that the prompt comes back.

mod world;

use shell_cmds::context::{Assertion, Cause, Count, Fault, FaultKind};
use world::{World, address, stopped};

#[test]
fn calls_end_in_many_ways_and_the_shell_goes_on() {
    let mut world = World::new();
    world.line("llext load /ext/hello.elf");
    let hint = "hint: the call is over and hello stays loaded\n";
    for (cause, why) in [
        (Cause::Exit(-1), " called exit(-1)"),
        (Cause::Abort, " called abort()"),
        (Cause::Interrupted, " was interrupted by Ctrl-C"),
        (Cause::TimedOut(250), " took longer than 250 ms"),
        (STACK_OVERFLOW, ": stack overflow"),
    ] {
        world
            .cpu
            .script
            .push_back(("half a line", stopped(cause, None)));
        let text = world.fails("llext call --force hello hello_world");
        assert_eq!(
            text,
            format!("half a line\nerror: call: hello: hello_world{why}\n{hint}")
        );
    }
    assert_eq!(world.line("llext call -f hello add 1 2"), "=> 3 (0x3)\n");
}

const STACK_OVERFLOW: Cause = Cause::Fault(Fault {
    kind: FaultKind::StackOverflow,
    address: None,
});

#[test]
fn what_has_faulted_is_not_called_again_unless_forced() {
    let mut world = World::new();
    world.line("llext load /ext/hello.elf");
    let refused = "error: call: hello: an earlier call faulted\n\
                   hint: `llext unload hello` and load it again, or `llext call --force`\n";
    // What the extension or the user wanted is no fault.
    for cause in [Cause::Exit(1), Cause::Interrupted, Cause::TimedOut(1)] {
        world.cpu.script.push_back(("", stopped(cause, None)));
        world.fails("llext call hello add");
        assert_eq!(world.line("llext call hello add 1 2"), "=> 3 (0x3)\n");
    }
    let assertion = Cause::Assertion(Assertion {
        expression: 0,
        file: 0,
        line: 1,
        function: 0,
    });
    for cause in [Cause::Abort, STACK_OVERFLOW, assertion] {
        world.cpu.script.push_back(("", stopped(cause, None)));
        world.fails("llext call hello add");
        let calls = world.cpu.calls.len();
        assert_eq!(world.fails("llext call hello add"), refused);
        assert_eq!(world.cpu.calls.len(), calls);
        assert!(world.line("llext list").ends_with(", faulted\n"));
        assert!(
            world
                .line("llext info hello")
                .contains("\nfaulted in an earlier call\n")
        );
        assert_eq!(
            world.line("llext call --force hello add 1 2"),
            "=> 3 (0x3)\n"
        );
        // A new load is a new beginning.
        world.line("llext unload hello");
        world.line("llext load /ext/hello.elf");
        assert!(!world.line("llext list").contains("faulted"));
        assert_eq!(world.line("llext call hello add 1 2"), "=> 3 (0x3)\n");
    }
}

#[test]
fn arguments_arrive() {
    let mut world = World::new();
    world.line("llext load /ext/hello.elf");
    let entry = address(&world, "hello", "add");
    world.line("llext call hello add 12 -7 0x1f 0b101 'c' '\\n' -2147483648 4294967295");
    let (_, called, args) = *world.cpu.calls.last().unwrap();
    assert_eq!(called, entry);
    assert_eq!(
        args,
        [12, 0xffff_fff9, 0x1f, 5, 99, 10, 0x8000_0000, 0xffff_ffff]
    );
    assert_eq!(
        world.line("llext call hello add -1"),
        "=> -1 (0xffffffff)\n"
    );
}

#[test]
fn strings_have_addresses_of_their_own() {
    let mut world = World::new();
    world.line("llext load /ext/hello.elf");
    world.line(r#"llext call hello add "a b" "" 5 "say \"hi\"\n""#);
    let (_, _, args) = *world.cpu.calls.last().unwrap();
    // Each with its NUL, one after the other.
    assert_eq!((args[1] - args[0], args[2], args[3] - args[1]), (4, 5, 1));
    let long = format!("llext call hello add \"{}\"", "x".repeat(256));
    assert!(
        world
            .fails(&long)
            .ends_with("\": the strings take more than 256 bytes\n")
    );
    world.line(&format!("llext call hello add \"{}\"", "x".repeat(255)));
}

#[test]
fn arguments_that_are_none() {
    let mut world = World::new();
    world.line("llext load /ext/hello.elf");
    for (argument, why) in [
        (
            "ten",
            "ten: expected a number from -2^31 to 2^32-1 (decimal, 0x…, 0b…), 'c' or \"text\"",
        ),
        (
            "4294967296",
            "4294967296: expected a number from -2^31 to 2^32-1 (decimal, 0x…, 0b…), 'c' or \"text\"",
        ),
        (
            "-2147483649",
            "-2147483649: expected a number from -2^31 to 2^32-1 (decimal, 0x…, 0b…), 'c' or \"text\"",
        ),
        ("'ab'", "'ab': expected one character between single quotes"),
        ("'a", "'a: expected one character between single quotes"),
        (
            "\"open",
            "\"open: expected \"text\" with both quotes and the escapes of C",
        ),
        (
            "\"\\q\"",
            "\"\\q\": expected \"text\" with both quotes and the escapes of C",
        ),
    ] {
        let calls = world.cpu.calls.len();
        assert_eq!(
            world.fails(&format!("llext call hello add 1 {argument}")),
            format!("error: call: {why}\n")
        );
        assert_eq!(world.cpu.calls.len(), calls);
    }
}

#[test]
fn a_call_is_given_the_time_that_was_asked_for() {
    let mut world = World::new();
    world.line("llext load /ext/hello.elf");
    world.cpu.limits.clear();
    world.line("llext call hello add 1 2 --timeout 250");
    world.line("llext call hello add 1 2");
    let told = world.fails("llext call hello add 1 2 --timeout -1");
    assert_eq!(
        told,
        "error: call: --timeout -1: expected milliseconds, 1 to 2147483647\n"
    );
    let limits = world.cpu.limits.iter().map(|limits| limits.timeout_ms);
    assert_eq!(limits.collect::<Vec<_>>(), [Some(250), None]);
}

#[test]
fn what_runs_without_protection_was_asked_to() {
    let mut world = World::new();
    for command in [
        "llext load /ext/hello.elf",
        "llext call hello add 1 2",
        "llext unload hello",
    ] {
        for option in ["", " --no-protect"] {
            let is_loaded = world.llext.by_name("hello").is_some();
            match command.contains(" load") {
                true if is_loaded => drop(world.line("llext unload hello")),
                false if !is_loaded => drop(world.line("llext load /ext/hello.elf")),
                _ => {}
            }
            world.cpu.limits.clear();
            world.line(&format!("{command}{option}"));
            let asked = world.cpu.limits.iter().map(|limits| limits.unprotected);
            assert_eq!(asked.collect::<Vec<_>>(), [!option.is_empty()], "{command}");
        }
    }
}

#[test]
fn what_a_call_took_is_told_in_the_unit_that_was_counted() {
    let mut world = World::new();
    world.line("llext load /ext/hello.elf");
    for (count, told) in [
        (Count::Instructions(7), "7 instructions"),
        (Count::Cycles(u64::MAX), "18446744073709551615 cycles"),
        (Count::Ticks(9), "9 ticks of 25000000 Hz"),
    ] {
        world.cpu.cost.count = count;
        assert_eq!(
            world.line("llext call hello add 1 2 -s"),
            format!("=> 3 (0x3)\ntook {told}, 49 us, stack 312 of 32768 bytes\n")
        );
    }
}

#[test]
fn what_a_call_took_that_did_not_end_by_itself_is_told_too() {
    let mut world = World::new();
    world.line("llext load /ext/hello.elf");
    let outcome = stopped(Cause::TimedOut(100), None);
    world.cpu.script.push_back(("", outcome));
    let text = world.fails("llext call hello add --stats --timeout 100");
    assert!(
        text.starts_with("error: call: hello: add took longer than 100 ms\n"),
        "{text}"
    );
    assert!(text.contains("\ntook 1234 instructions, "), "{text}");
}
