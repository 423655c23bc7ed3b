//! What a command says that cannot be run, and that nothing has changed then.

mod world;

use shell_cmds::context::{FileError, Files};
use world::{End, World};

/// Types each line and compares all that is shown.
fn check(world: &mut World, lines: &[(&str, &str)]) {
    for (line, expected) in lines {
        assert_eq!(world.fails(line), *expected, "{line}");
    }
}

#[test]
fn lines_that_are_no_command() {
    check(
        &mut World::new(),
        &[
            (
                "lss",
                "error: lss: unknown command\nhint: did you mean ls?\n",
            ),
            (
                "frobnicate 1",
                "error: frobnicate: unknown command\nhint: `help` lists the commands\n",
            ),
            (
                "load /ext/hello.elf",
                "error: load: unknown command\nhint: did you mean llext load?\n",
            ),
            (
                "clear",
                "error: clear: unknown command\nhint: Ctrl-L clears the screen\n",
            ),
            (
                "quit",
                "error: quit: unknown command\nhint: did you mean exit?\n",
            ),
            (
                "llext",
                "error: llext: <COMMAND> is missing\nhint: usage: llext <COMMAND>\n",
            ),
            (
                "llext lod x",
                "error: llext: lod: unknown subcommand\nhint: did you mean load?\n",
            ),
            (
                "mem frob",
                "error: mem: frob: unknown subcommand\nhint: `mem --help` lists the subcommands\n",
            ),
            (
                "llext load",
                "error: load: <PATH> is missing\nhint: usage: llext load [OPTIONS] <PATH>\n",
            ),
            (
                "llext call a",
                "error: call: <FUNCTION> is missing\nhint: usage: llext call [OPTIONS] <NAME> <FUNCTION> [ARG...]\n",
            ),
            (
                "cp /a",
                "error: cp: <TO> is missing\nhint: usage: cp <FROM> <TO>\n",
            ),
            (
                "ls / /ext",
                "error: ls: /ext: one argument too many\nhint: usage: ls [PATH]\n",
            ),
            (
                "df now",
                "error: df: now: one argument too many\nhint: usage: df\n",
            ),
            (
                "llext list all",
                "error: list: all: one argument too many\nhint: usage: llext list\n",
            ),
            (
                "version --long",
                "error: version: --long: no such option\nhint: usage: version\n",
            ),
            (
                "ls --size",
                "error: ls: --size: no such option\nhint: usage: ls [PATH]\n",
            ),
            (
                "rm -r /ext",
                "error: rm: -r: no such option\nhint: usage: rm <PATH...>\n",
            ),
            (
                "ls -ä",
                "error: ls: an option is - and a letter, or -- and a word\nhint: usage: ls [PATH]\n",
            ),
            (
                "llext load x --name",
                "error: load: --name needs a value\nhint: usage: llext load [OPTIONS] <PATH>\n",
            ),
            (
                "llext load x -n --dry-run",
                "error: load: --name needs a value\nhint: usage: llext load [OPTIONS] <PATH>\n",
            ),
            (
                "help nothing",
                "error: nothing: unknown command\nhint: `help` lists the commands\n",
            ),
            (
                "time",
                "error: time: <COMMAND...> is missing\nhint: usage: time <COMMAND...>\n",
            ),
            (
                "llext unload",
                "error: unload: either a name or --all\nhint: `llext list` shows what is loaded\n",
            ),
            (
                "llext unload a --all",
                "error: unload: either a name or --all\nhint: `llext list` shows what is loaded\n",
            ),
        ],
    );
}

#[test]
fn numbers_that_are_none() {
    let mut world = World::new();
    let expected = "expected a number (decimal, 0x… or 0b…) from -2^31 to 2^32-1";
    let usage = "hint: usage: hexdump <PATH> [OFFSET] [LENGTH]";
    for number in ["ten", "0xfffffffff", "-2147483649", "1.5"] {
        let number_text = format!("error: hexdump: {number}: {expected}\n{usage}\n");
        assert_eq!(
            world.fails(&format!("hexdump /motd.txt {number}")),
            number_text
        );
    }
    check(
        &mut world,
        &[
            (
                "mem read 0x1000 8 --width 3",
                "error: mem read: 3: no width, which is 1, 2 or 4 bytes\n",
            ),
            (
                "mem read 0x1000 65537",
                "error: mem read: 65537: at most 65536 bytes at once\n",
            ),
            (
                "mem write 0x1000 -129 -w 1",
                "error: mem write: 0xffffff7f: does not fit 1 byte\n",
            ),
            (
                "mem write 0x1000 0x10000 -w 2",
                "error: mem write: 0x10000: does not fit 2 bytes\n",
            ),
        ],
    );
    world.line("mem write 0x1000 -128 -w 1");
    world.line("mem write 0x1000 255 -w 1");
    // The last line is shown as far as it could be read.
    assert!(
        world
            .fails("mem read 0x10f0 32")
            .ends_with("error: mem read: 0x00001100: bus error\n")
    );
}

#[test]
fn files_that_cannot_be() {
    check(
        &mut World::new(),
        &[
            (
                "cat /nope",
                "error: cat: /nope: no such file or directory\n",
            ),
            ("cat nope", "error: cat: /nope: no such file or directory\n"),
            ("cat /ext", "error: cat: /ext: is a directory\n"),
            ("hexdump /ext", "error: hexdump: /ext: is a directory\n"),
            (
                "ls /motd.txt/x",
                "error: ls: /motd.txt/x: no such file or directory\n",
            ),
            (
                "mkdir /motd.txt/x",
                "error: mkdir: /motd.txt/x: not a directory\n",
            ),
            (
                "rm /ext/helo.elf",
                "error: rm: /ext/helo.elf: no such file or directory\nhint: did you mean hello.elf?\n",
            ),
            (
                "cat /ä",
                "error: cat: /ä: not a path\nhint: a path has up to 255 ASCII characters\n",
            ),
            (
                "mv /motd.txt /no/a",
                "error: mv: /no: no such file or directory\n",
            ),
            (
                "llext load /nope.elf",
                "error: load: /nope.elf: no such file or directory\n",
            ),
            ("llext load /ext", "error: load: /ext: is a directory\n"),
        ],
    );
}

#[test]
fn a_slash_at_the_end_is_a_directory() {
    let why = "not a directory\n";
    for line in [
        "cat /motd.txt/",
        "rm /motd.txt/",
        "cp /motd.txt/ /a",
        "cp /motd.txt /motd.txt/",
    ] {
        let mut world = World::new();
        let (what, _) = line.split_once(' ').expect("a command");
        check(
            &mut world,
            &[(line, &format!("error: {what}: /motd.txt/: {why}"))],
        );
    }
    let mut world = World::new();
    for line in ["cp /motd.txt /new/", "mv /motd.txt /new/"] {
        let (what, _) = line.split_once(' ').expect("a command");
        let text = format!("error: {what}: /new/: no such file or directory\n");
        check(&mut world, &[(line, &text)]);
    }
    assert_eq!(world.disk.metadata("/new"), Err(FileError::NotFound));
}

#[test]
fn a_full_file_system() {
    let mut world = World::new();
    world.disk.blocks = 0;
    check(
        &mut world,
        &[
            (
                "cp /motd.txt /a",
                "error: cp: /a: no space left on the file system\nhint: `df` shows what is free, `rm` makes room\n",
            ),
            (
                "mkdir /a",
                "error: mkdir: /a: no space left on the file system\nhint: `df` shows what is free, `rm` makes room\n",
            ),
        ],
    );
    assert_eq!(world.disk.metadata("/a"), Err(FileError::NotFound));
}

#[test]
fn a_damaged_file_system_is_offered_to_be_formatted() {
    let mut world = World::new();
    world.disk.damaged = true;
    let why = "no file system, or a damaged one\nhint: `fs format --yes` makes an empty file system; all files are lost\n";
    for (line, what) in [
        ("ls", "ls: /"),
        ("cat /a", "cat: /a"),
        ("df", "df: /"),
        ("mkdir /a", "mkdir: /a"),
        ("llext load /a.elf", "load: /a.elf"),
    ] {
        assert_eq!(world.fails(line), format!("error: {what}: {why}"), "{line}");
    }
    assert_eq!(
        world.fails("fs format"),
        "error: fs format: would erase what is there (no file system, or a damaged one)\nhint: `fs format --yes` does it\n"
    );
    world.line("fs format --yes");
    assert_eq!(world.line("ls"), "");
}

#[test]
fn lines_that_are_too_long_or_empty() {
    let mut world = World::new();
    check(
        &mut world,
        &[(
            &format!("cat {}", "x".repeat(600)),
            "error: line: too long\n",
        )],
    );
    assert!(
        world
            .fails(&format!("cat {}", "x".repeat(300)))
            .contains(": not a path\n")
    );
    assert_eq!(world.line(""), "");
    assert_eq!(world.line("  \t "), "");
}

#[test]
fn the_run_ends_when_asked_to() {
    assert_eq!(World::new().ends("exit"), End::Exit(0));
    assert_eq!(World::new().ends("exit 3"), End::Exit(3));
    assert_eq!(World::new().ends("exit -1"), End::Exit(-1));
    assert_eq!(World::new().ends("reboot"), End::Reboot);
}

#[test]
fn lost_bytes_are_told() {
    let mut world = World::new();
    for (losses, unread, end) in [
        (0, 0, ""),
        (1, 0, ", input was lost 1 time"),
        (7, 0, ", input was lost 7 times"),
        (0, 812, ", RTT came too late for 812 bytes"),
    ] {
        (world.machine.losses, world.machine.unread) = (losses, unread);
        assert_eq!(
            world.line("uptime"),
            format!("up 12.034 s, prompt after 1500 us{end}\n")
        );
    }
}

#[test]
fn what_is_measured_may_fail() {
    let mut world = World::new();
    assert_eq!(
        world.fails("time cat /a"),
        "error: cat: /a: no such file or directory\ntime: 1 us\n"
    );
    assert_eq!(
        world.fails("time time ls"),
        "error: time: ls: is not measured within time\ntime: 1 us\n"
    );
}
