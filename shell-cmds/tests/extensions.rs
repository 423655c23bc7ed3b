//! Extensions from load to unload: what runs when, what a call may be given, and that the prompt comes back.

mod world;

use shell_cmds::context::{Announced, Assertion, Cause, Count, Fault, FaultKind, Files, Metadata};
use world::{HEAP, World, faulted, stopped};

/// The address of an export.
fn address(world: &World, extension: &str, symbol: &str) -> usize {
    world
        .llext
        .by_name(extension)
        .unwrap()
        .find(symbol)
        .unwrap()
}

#[test]
fn constructors_run_at_load_and_destructors_at_unload() {
    let mut world = World::new();
    world.line("llext load /ext/hello.elf");
    let extension = world.llext.by_name("hello").unwrap();
    let (id, init) = (extension.id(), extension.init_functions().next().unwrap());
    let fini = extension.fini_functions().next().unwrap();
    assert_eq!(world.cpu.calls, [(id, init, [0; 8])]);
    world.line("llext unload hello");
    assert_eq!(world.cpu.calls[1..], [(id, fini, [0; 8])]);
    assert_eq!(world.used(), 0);
}

#[test]
fn a_load_whose_constructor_fails_is_undone() {
    let fault = faulted(FaultKind::Bus, Some(HEAP + 0x40), Some(0xdead_beef));
    for (outcome, why) in [
        (
            stopped(Cause::Exit(3), None),
            "a constructor called exit(3)",
        ),
        (stopped(Cause::Abort, None), "a constructor called abort()"),
        (
            stopped(Cause::Interrupted, None),
            "a constructor was interrupted by Ctrl-C",
        ),
        (fault, "a constructor: bus error at "),
    ] {
        let mut world = World::new();
        world.cpu.script.push_back(("on my way", outcome));
        let text = world.fails("llext load /ext/hello.elf");
        assert!(
            text.starts_with(&format!("on my way\nerror: load: hello: {why}")),
            "{text}"
        );
        assert!(
            text.ends_with("hint: the load is undone; destructors did not run\n"),
            "{text}"
        );
        assert_eq!(world.cpu.calls.len(), 1);
        assert_eq!(world.used(), 0);
        assert!(world.disk.get("/gdb/hello.gdb").is_none());
        assert_eq!(world.line("llext list"), "nothing is loaded\n");
    }
}

#[test]
fn a_destructor_that_fails_hinders_no_unload() {
    let mut world = World::new();
    world.line("llext load /ext/hello.elf");
    world
        .cpu
        .script
        .push_back(("", stopped(Cause::Abort, None)));
    let text = world.fails("llext unload hello");
    assert!(
        text.starts_with("error: unload: hello: a destructor called abort()\nunloaded hello: "),
        "{text}"
    );
    assert_eq!(world.used(), 0);
}

#[test]
fn a_destructor_that_fails_keeps_no_other_extension_loaded() {
    let mut world = World::new();
    world.line("llext load /ext/hello.elf --name first");
    world.line("llext load /ext/hello.elf --name second");
    world
        .cpu
        .script
        .push_back(("", stopped(Cause::Abort, None)));
    let text = world.fails("llext unload --all");
    assert!(
        text.starts_with("error: unload: second: a destructor called abort()\n"),
        "{text}"
    );
    assert!(text.contains("\nunloaded first: "), "{text}");
    assert_eq!(world.line("llext list"), "nothing is loaded\n");
}

#[test]
fn what_the_firmware_loaded_again_stays_until_its_last_use_is_gone() {
    let mut world = World::new();
    world.line("llext load /ext/hello.elf");
    let empty = &mut llext::SliceSource::new(&[]);
    for _ in 0..2 {
        let options = llext::LoadOptions::default();
        world.llext.load(empty, "hello", &options, &mut ()).unwrap();
    }
    let constructors = world.cpu.calls.len();
    assert_eq!(
        world.line("llext unload hello"),
        "hello stays loaded: 2 uses left\n"
    );
    assert_eq!(world.cpu.calls.len(), constructors, "no destructor has run");
    assert!(world.disk.get("/gdb/hello.gdb").is_some());
    let text = world.line("llext unload --all");
    assert!(
        text.starts_with("hello stays loaded: 1 use left\nunloaded hello: "),
        "{text}"
    );
    assert_eq!(world.used(), 0);
}

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
fn a_load_that_is_refused_changes_nothing() {
    let mut world = World::new();
    let mut broken = world.disk.get("/ext/hello.elf").unwrap().to_vec();
    let mut put = |path: &str, place: usize, byte: u8| {
        let kept = std::mem::replace(&mut broken[place], byte);
        world.disk.put(path, &broken);
        broken[place] = kept;
    };
    put("/class", 4, 2);
    put("/endian", 5, 2);
    put("/machine", 18, 243);
    put("/type", 16, 2);
    let short = &world.disk.get("/ext/hello.elf").unwrap()[..1000].to_vec();
    world.disk.put("/short", short);
    for (path, why) in [
        ("/class", "wrong class"),
        ("/endian", "wrong endianness"),
        ("/machine", "wrong machine"),
        ("/type", "not a relocatable file"),
        ("/short", "truncated"),
        ("/motd.txt", "not an ELF file"),
        ("/ext/orphan.elf", "undefined symbols: prinkt, play_tone"),
    ] {
        for line in [
            format!("llext load {path} --name x"),
            format!("llext load {path} --name x --dry-run"),
        ] {
            let text = world.fails(&line);
            assert!(
                text.contains(why) || (line.ends_with("run") && path.ends_with("orphan.elf")),
                "{line}: {text}"
            );
            assert!(
                text.contains(&format!("error: load: {path}: ")),
                "{line}: {text}"
            );
        }
    }
    assert_eq!(world.used(), 0);
    assert!(world.cpu.calls.is_empty());
    assert_eq!(
        world.disk.metadata("/gdb"),
        Err(shell_cmds::context::FileError::NotFound)
    );
}

#[test]
fn a_heap_that_is_too_small() {
    let mut world = World::with_heap(640);
    let text = world.fails("llext load /ext/hello.elf");
    assert!(
        text.starts_with("error: load: /ext/hello.elf: out of memory: "),
        "{text}"
    );
    assert_eq!(world.used(), 0);
}

#[test]
fn a_dry_run_tells_all_and_changes_nothing() {
    let mut world = World::new();
    let text = world.line("llext load /ext/hello.elf --dry-run");
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!((lines[0], lines[4]), ("text 80", "veneers 0 (within text)"));
    assert_eq!(world.used(), 0);
    assert!(world.cpu.calls.is_empty());
    let text = world.fails("llext load /ext/orphan.elf --dry-run");
    assert!(
        text.starts_with("undefined prinkt (did you mean printk?)\nundefined play_tone\ntext "),
        "{text}"
    );
    assert!(
        text.ends_with(
            "error: load: /ext/orphan.elf: 2 undefined symbols, 0 unsupported relocations\n"
        ),
        "{text}"
    );
}

#[test]
fn the_scripts_of_the_debugger_come_and_go() {
    let mut world = World::new();
    world.line("llext load /ext/hello.elf --name first");
    world.line("llext load /ext/guest.elf --name second");
    let scripts = world.line("llext gdb");
    assert_eq!(scripts.lines().count(), 2);
    assert!(
        scripts.starts_with("add-symbol-file hello.elf"),
        "{scripts}"
    );
    assert_eq!(
        world.line("cat /gdb/second.gdb"),
        world.line("llext gdb second")
    );
    world.line("llext unload --all");
    assert_eq!(world.line("ls /gdb"), "");
}

#[test]
fn debuggers_are_told_before_constructors_run_and_until_the_unload() {
    let mut world = World::new();
    world.line("llext load /ext/hello.elf");
    world.line("llext load /ext/guest.elf");
    assert_eq!(world.machine.known.len(), 2);
    world.fails("llext load /ext/orphan.elf");
    world.line("llext load /ext/hello.elf --name x --dry-run");
    assert_eq!(world.machine.known.len(), 2, "of what failed, never");
    world.line("llext unload --all");
    assert_eq!(world.machine.known, []);

    for (announced, warning) in [
        (Announced::Nothing, ""),
        (
            Announced::Partly(1),
            "warning: 1 section is unknown to GDB; `llext gdb hello` names all\n",
        ),
        (
            Announced::Partly(2),
            "warning: 2 sections are unknown to GDB; `llext gdb hello` names all\n",
        ),
        (
            Announced::NoMemory,
            "warning: no memory to tell GDB of hello; `llext gdb hello` does\n",
        ),
    ] {
        world.machine.announced = announced;
        let text = world.line("llext load /ext/hello.elf");
        assert!(
            text.starts_with(&format!("{warning}loaded hello")),
            "{text}"
        );
        world.line("llext unload hello");
    }
}

#[test]
fn a_prefix_is_kept_for_all_scripts() {
    let mut world = World::new();
    world.line("llext load /ext/hello.elf --name first");
    let text = world.line("llext gdb --prefix \"/home/my ext/\" first");
    assert!(
        text.starts_with("add-symbol-file \"/home/my ext/hello.elf\" -s "),
        "{text}"
    );
    assert_eq!(world.line("cat /gdb/first.gdb"), text, "loaded before");
    world.line("llext load /ext/guest.elf --name second");
    for line in ["llext gdb second", "cat /gdb/second.gdb"] {
        let text = world.line(line);
        assert!(
            text.starts_with("add-symbol-file \"/home/my ext/guest.elf\" -s "),
            "{text}"
        );
    }
    shell_cmds::forget_scripts(&mut world.disk);
    assert_eq!(
        world.disk.get("/gdb/prefix"),
        Some(&b"/home/my ext"[..]),
        "over restarts"
    );
    let text = world.line("llext gdb --prefix . second");
    assert!(text.starts_with("add-symbol-file guest.elf -s "), "{text}");

    let long = world.fails(&format!("llext gdb --prefix /{}", "x".repeat(128)));
    assert!(
        long.starts_with("error: gdb: /gdb/prefix: not a path\n"),
        "{long}"
    );
    world.disk.blocks = 0;
    let full = world.fails("llext gdb --prefix /y");
    assert!(full.contains("no space left"), "{full}");
}

#[test]
fn scripts_of_an_earlier_run_are_forgotten() {
    let mut world = World::new();
    shell_cmds::forget_scripts(&mut world.disk);
    world.line("llext load /ext/hello.elf --name first");
    world.line("llext load /ext/guest.elf --name second");
    world.disk.put("/gdb/notes.txt", b"mine");
    world.disk.put("/first.gdb", b"elsewhere");
    shell_cmds::forget_scripts(&mut world.disk);
    assert_eq!(world.line("ls /gdb"), "       4 notes.txt\n");
    assert!(world.disk.get("/first.gdb").is_some());
    world.disk.damaged = true;
    shell_cmds::forget_scripts(&mut world.disk);
}

#[test]
fn a_full_file_system_does_not_hinder_a_load() {
    let mut world = World::new();
    world.disk.blocks = 0;
    let text = world.line("llext load /ext/hello.elf");
    let (warning, loaded) = text.split_once('\n').unwrap();
    assert_eq!(
        warning,
        "warning: /gdb/hello.gdb was not written: no space left on the file system"
    );
    assert!(loaded.starts_with("loaded hello: "), "{loaded}");
    world.line("llext unload hello");
    assert_eq!(world.disk.metadata("/ext"), Ok(Metadata::Dir));
}

#[test]
fn what_an_extension_leaves_is_reported_and_given_back() {
    let mut world = World::new();
    world.line("llext load /ext/hello.elf");
    let id = world.llext.by_name("hello").unwrap().id();
    for size in [100, 60] {
        assert!(!world.owned.malloc(world.llext.heap(), id, size).is_null());
    }
    assert!(
        world
            .line("llext heap")
            .contains(" bytes, 160 bytes in 2 blocks allocated\n")
    );
    let text = world.line("llext unload hello");
    assert!(
        text.ends_with(" bytes\nhello: 2 blocks, 160 bytes were not freed; reclaimed\n"),
        "{text}"
    );
    assert_eq!(world.used(), 0);
}

#[test]
fn addresses_are_looked_up() {
    let mut world = World::new();
    world.line("llext load /ext/hello.elf");
    let add = address(&world, "hello", "add") & !1;
    assert_eq!(
        world.line(&format!("llext sym {:#x}", add + 2)),
        format!("{:#010x} add+0x2 in text of hello\n", add + 2)
    );
    // With the Thumb bit, as symbols are listed, it is the function itself.
    for address in [add, add + 1] {
        assert_eq!(
            world.line(&format!("llext sym {address:#x}")),
            format!("{address:#010x} add in text of hello\n")
        );
    }
    // What lies after the firmware's exports may be something that is not exported.
    for (address, line) in [
        ("0x300", "0x00000300 printf of the firmware\n"),
        ("0x301", "0x00000301 printf of the firmware\n"),
        ("0x310", "0x00000310 0x10 after printf of the firmware\n"),
    ] {
        assert_eq!(world.line(&format!("llext sym {address}")), line);
    }
    for address in ["0x00000010", "0x00001000"] {
        assert_eq!(
            world.fails(&format!("llext sym {address}")),
            format!("error: sym: {address}: in no extension\n")
        );
    }
}

#[test]
fn addresses_in_static_functions_are_looked_up_in_the_file() {
    let mut world = World::new();
    world.line("llext load /ext/hello.elf");
    let extension = world.llext.by_name("hello").unwrap();
    // `count` is the first function of hello.c.
    let count = extension.regions().next().unwrap().address;
    assert_eq!(
        world.line(&format!("llext sym {:#x}", count + 1)),
        format!("{:#010x} count in text of hello\n", count + 1)
    );
    world.line("rm /ext/hello.elf");
    assert_eq!(
        world.line(&format!("llext sym {count:#x}")),
        format!("{count:#010x} in text of hello\n")
    );
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
