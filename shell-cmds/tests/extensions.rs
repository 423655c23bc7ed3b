//! Extensions from load to unload: what runs when, and what is undone when something fails.

mod world;

use shell_cmds::context::{Cause, FaultKind, Files, Metadata};
use world::{HEAP, World, address, faulted, stopped};

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
