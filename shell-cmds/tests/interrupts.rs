//! Ctrl-C in the middle of a command that has much to say, or to do.

mod world;

use shell_cmds::Failed;
use world::World;

/// Types `line`, and Ctrl-C once the command has asked `times` for it; returns what the screen shows.
fn interrupted(world: &mut World, line: &str, times: usize) -> String {
    world.screen.patience.set(Some(times));
    let (text, status) = world.try_line(line);
    assert_eq!(status, Err(Failed), "{line}: {text}");
    assert_eq!(world.screen.patience.get(), None, "{line}: is not taken");
    text
}

#[test]
fn output_stops_where_it_is() {
    let mut world = World::new();
    world.disk.put("/long", &b"0123456789abcde\n".repeat(100));
    world.line("llext load /ext/hello.elf");
    for line in [
        "cat /long",
        "hexdump /long",
        "mem read 0x1000 256",
        "ls /",
        "llext sym",
        "llext sym *",
        "llext info hello",
        "help",
        "help llext",
        "time ls /",
    ] {
        let whole = world.line(line);
        let text = interrupted(&mut world, line, 2);
        let (shown, rest) = text.split_once("^C\n").expect(line);
        assert!(
            whole.starts_with(shown) && shown.ends_with('\n') && shown.len() < whole.len(),
            "{line}: {text}"
        );
        // Only how long it took is told.
        assert!(
            rest.is_empty() || rest.starts_with("time: "),
            "{line}: {text}"
        );
        assert_eq!(
            interrupted(&mut world, line, 0)
                .lines()
                .filter(|line| *line == "^C")
                .count(),
            1,
            "{line}"
        );
        assert_eq!(world.line(line), whole, "{line}");
    }
}

#[test]
fn a_copy_leaves_everything_as_it_was() {
    let mut world = World::new();
    world.disk.put("/old", b"old");
    for to in ["/old", "/new"] {
        assert_eq!(
            interrupted(&mut world, &format!("cp /motd.txt {to}"), 0),
            format!("error: cp: {to}: was interrupted by Ctrl-C\n")
        );
    }
    assert_eq!(world.disk.get("/old"), Some(&b"old"[..]));
    assert_eq!(world.disk.get("/new"), None);
}
