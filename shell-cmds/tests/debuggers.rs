//! What debuggers are told of extensions, and when.

mod world;

use shell_cmds::context::Announced;
use world::World;

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
