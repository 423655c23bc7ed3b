//! Reloads: all at once or not at all.

mod world;

use llext::ExtensionId;
use shell_cmds::context::{Cause, Outcome};
use world::{World, stopped};

/// What must be as it was after a reload that failed.
fn state(world: &World) -> (Vec<ExtensionId>, usize, Vec<ExtensionId>, Vec<u8>) {
    let ids = world.llext.iter().map(llext::Extension::id).collect();
    let script = world.disk.get("/gdb/keeper.gdb").unwrap_or_default();
    let known = world.machine.known.clone();
    (ids, world.used(), known, script.to_vec())
}

/// Puts the file of keeper on the disk, and loads it.
fn load(mut world: World) -> World {
    let file = include_bytes!("extensions/keeper.elf");
    world.disk.put("/ext/keeper.elf", file);
    world.line("llext load /ext/keeper.elf");
    world.cpu.calls.clear();
    world
}

/// A world where keeper is loaded, and nothing has been called since.
fn loaded() -> World {
    load(World::new())
}

fn returns(world: &mut World, values: &[u32]) {
    let outcomes = values.iter().map(|value| ("", Outcome::Returned(*value)));
    world.cpu.script.extend(outcomes);
}

/// Which functions ran since, and of which extension, by what the old and the new one call them.
fn ran(world: &World, old: ExtensionId) -> Vec<&'static str> {
    let name = |(owner, entry, _): &(ExtensionId, usize, [usize; 8])| {
        let extension = world.llext.by_id(*owner);
        let is = |name| extension.is_some_and(|it| it.find(name) == Some(*entry));
        match (*owner == old, is("llext_save"), is("llext_restore")) {
            (true, ..) => "old",
            (_, true, _) => "save",
            (_, _, true) => "restore",
            _ => "new",
        }
    };
    world.cpu.calls.iter().map(name).collect()
}

#[test]
fn the_new_one_gets_the_state_and_then_the_old_one_goes() {
    let mut world = loaded();
    let old = world.llext.by_name("keeper").unwrap().id();
    let used = world.used();
    // How much, the state itself, a constructor, the state taken, a destructor.
    returns(&mut world, &[4, 4, 0, 0, 0]);
    let text = world.line("llext reload keeper");
    assert!(
        text.starts_with("reloaded keeper: ") && text.ends_with("; it has its 4 bytes of state\n"),
        "{text}"
    );
    assert_eq!(ran(&world, old), ["old", "old", "new", "restore", "old"]);
    let args: Vec<_> = world
        .cpu
        .calls
        .iter()
        .map(|(_, _, args)| (args[0], args[1]))
        .collect();
    assert_eq!((args[0], args[1].1, args[1]), ((0, 0), 4, args[3]));
    let new = world.llext.by_name("keeper").unwrap().id();
    assert!(new != old && world.llext.by_id(old).is_none());
    assert_eq!(world.machine.known, [new]);
    assert_eq!(world.used(), used);
    world.line("llext unload keeper");
    assert_eq!((world.used(), world.disk.get("/gdb/keeper.gdb")), (0, None));
}

#[test]
fn whatever_fails_the_old_one_is_as_it_was() {
    let abort = || ("", stopped(Cause::Abort, None));
    let returned = |value| ("", Outcome::Returned(value));
    for (script, error) in [
        (
            vec![returned(4), returned(5)],
            "llext_save: asked for 4 bytes and then for 5\n",
        ),
        (
            vec![returned(1 << 20)],
            "llext_save: no memory for 1048576 bytes of state\n\
             hint: `--replace` unloads the old one first, which may make room\n",
        ),
        (
            vec![returned(4), returned(4), abort()],
            "keeper: a constructor called abort()\n",
        ),
        (
            vec![returned(4), returned(4), returned(0), abort()],
            "keeper: llext_restore called abort()\n",
        ),
        (
            vec![
                returned(4),
                returned(4),
                returned(0),
                returned(-22i32 as u32),
            ],
            "llext_restore returned -22\n",
        ),
    ] {
        let mut world = loaded();
        let before = state(&world);
        world.cpu.script.extend(script);
        let text = world.fails("llext reload keeper");
        assert_eq!(
            text,
            format!("error: reload: {error}hint: keeper is as it was\n")
        );
        assert_eq!(state(&world), before, "{error}");
        assert!(world.line("llext call keeper next").starts_with("=> "));
    }
}

#[test]
fn a_file_that_does_not_link_is_refused_before_anything_runs() {
    for options in ["", " --replace"] {
        let mut world = loaded();
        let before = state(&world);
        for (path, error) in [
            ("/ext/orphan.elf", "/ext/orphan.elf: "),
            ("/motd.txt", "/motd.txt: not an ELF file\n"),
            ("/none", "/none: no such file or directory\n"),
        ] {
            let text = world.fails(&format!("llext reload keeper {path}{options}"));
            assert!(
                text.starts_with(&format!("error: reload: {error}")),
                "{text}"
            );
            assert_eq!(state(&world), before, "{path}");
        }
        assert!(world.cpu.calls.is_empty());
    }
}

#[test]
fn a_name_that_nobody_has_and_a_file_that_is_not_known() {
    let mut world = World::new();
    let text = world.fails("llext reload keeper");
    assert!(
        text.starts_with("error: reload: keeper: no such extension\n"),
        "{text}"
    );
}

#[test]
fn state_of_what_has_faulted_is_not_handed_over() {
    let mut world = loaded();
    world
        .cpu
        .script
        .push_back(("", stopped(Cause::Abort, None)));
    world.fails("llext call keeper next");
    world.cpu.calls.clear();
    let text = world.line("llext reload keeper");
    assert!(
        text.starts_with(
            "warning: it has faulted, so its state is not handed over\nreloaded keeper: "
        ),
        "{text}"
    );
    assert_eq!(world.cpu.calls.len(), 2, "a constructor and a destructor");
    assert!(world.line("llext call keeper next").starts_with("=> "));
}

#[test]
fn state_that_the_new_one_does_not_want_is_lost_and_that_is_said() {
    let mut world = loaded();
    returns(&mut world, &[4, 4]);
    let text = world.line("llext reload keeper /ext/hello.elf");
    assert!(
        text.starts_with("warning: 4 bytes of state are lost: the new file has no llext_restore\nreloaded keeper: "),
        "{text}"
    );
    assert_eq!(
        world.llext.by_name("keeper").unwrap().origin(),
        "/ext/hello.elf"
    );
}

#[test]
fn where_both_have_no_room_the_old_one_goes_first_if_that_is_wanted() {
    let mut world = load(World::with_heap(1280));
    let before = state(&world);
    let text = world.fails("llext reload keeper");
    assert!(
        text.starts_with("error: reload: /ext/keeper.elf: out of memory: "),
        "{text}"
    );
    assert!(
        text.ends_with("\nhint: there is no room for both: `llext reload keeper --replace` unloads the old one first\n"),
        "{text}"
    );
    assert_eq!(state(&world), before);
    returns(&mut world, &[4, 4, 0, 0, 0]);
    let text = world.line("llext reload keeper --replace");
    assert!(text.ends_with("; it has its 4 bytes of state\n"), "{text}");
    assert_eq!(world.used(), before.1);
    assert_eq!(world.machine.known.len(), 1);
}

#[test]
fn who_is_there_is_asked_whether_the_old_one_may_go_first() {
    let question = |keys: &str, saved: u32| {
        let mut world = load(World::with_heap(1280));
        let old = world.llext.by_name("keeper").unwrap().id();
        let before = state(&world);
        *world.screen.keys.borrow_mut() = Some(keys.bytes().collect());
        returns(&mut world, &[saved, saved, 0, 0, 0]);
        let (text, status) = world.try_line("llext reload keeper");
        match status {
            Ok(()) => assert_eq!(world.used(), before.1),
            Err(_) => assert_eq!(state(&world), before),
        }
        (text, world.llext.by_id(old).is_none())
    };
    let asked = |text: &str| {
        let (both, rest) = text.split_once('\n').unwrap();
        assert!(both.starts_with("both do not fit: ") && both.ends_with(" free in one block"));
        rest.to_owned()
    };
    let (text, gone) = question("y\r", 4);
    assert!(
        gone && asked(&text).starts_with("unload keeper first? [y/N] y\nreloaded keeper: "),
        "{text}"
    );
    for (keys, shown) in [("\r", ""), ("no\r", "no"), ("y\x03", "y^C"), ("y", "y")] {
        let (text, gone) = question(keys, 4);
        let error = "error: reload: keeper: it is not reloaded, and as it was";
        assert_eq!(
            (asked(&text), gone),
            (
                format!("unload keeper first? [y/N] {shown}\n{error}\n"),
                false
            )
        );
    }
    // It would not help.
    let (text, gone) = question("y\r", 300);
    assert!(
        !gone && text.starts_with("error: reload: /ext/keeper.elf: out of memory: "),
        "{text}"
    );
    assert!(!text.contains("--replace") && text.ends_with("\nhint: keeper is as it was\n"));
}

#[test]
fn what_only_the_old_one_defines_is_missed_before_it_goes() {
    let mut world = World::new();
    world.line("llext load /ext/hello.elf");
    for options in ["", " --replace"] {
        let before = world.used();
        let text = world.fails(&format!("llext reload hello /ext/guest.elf{options}"));
        assert!(
            text.starts_with("error: reload: /ext/guest.elf: undefined symbols: "),
            "{text}"
        );
        assert!(world.used() == before && world.llext.by_name("hello").is_some());
    }
}

#[test]
fn what_would_not_fit_without_the_old_one_either_is_refused_before_that_goes() {
    // With so little memory, the state is in the way wherever it lies.
    let mut world = load(World::with_heap(1280));
    let before = state(&world);
    for size in [300, 600] {
        returns(&mut world, &[size, size]);
        let text = world.fails("llext reload keeper --replace");
        assert!(
            text.starts_with("error: reload: /ext/keeper.elf: out of memory: "),
            "{text}"
        );
        assert!(text.ends_with("\nhint: keeper is as it was\n"), "{text}");
        assert_eq!(state(&world), before);
    }
}

#[test]
fn uses_that_the_firmware_counted_stay() {
    for line in ["llext reload keeper", "llext reload keeper --replace"] {
        let mut world = loaded();
        let (empty, options) = (
            &mut llext::SliceSource::new(&[]),
            llext::LoadOptions::default(),
        );
        world
            .llext
            .load(empty, "keeper", &options, &mut ())
            .unwrap();
        world.line(line);
        assert_eq!(world.llext.by_name("keeper").unwrap().use_count(), 2);
    }
}

#[test]
fn a_destructor_of_the_old_one_that_fails_keeps_it_not() {
    let mut world = loaded();
    let old = world.llext.by_name("keeper").unwrap().id();
    returns(&mut world, &[0, 0]);
    world
        .cpu
        .script
        .push_back(("", stopped(Cause::Abort, None)));
    let text = world.fails("llext reload keeper");
    assert!(
        text.starts_with("error: reload: keeper: a destructor called abort()\n"),
        "{text}"
    );
    assert!(
        text.ends_with("hint: keeper is reloaded all the same\n"),
        "{text}"
    );
    assert!(world.llext.by_id(old).is_none() && world.llext.by_name("keeper").is_some());
}
