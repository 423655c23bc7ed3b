//! What Tab offers.

mod world;

use world::World;

/// Presses Tab at `|` in each line.
fn check(world: &mut World, lines: &[(&str, &[&str])]) {
    for (line, expected) in lines {
        assert_eq!(world.tab(line), *expected, "{line}");
    }
}

#[test]
fn commands_subcommands_and_options() {
    let mut world = World::new();
    assert_eq!(world.tab("|").len(), 21);
    check(
        &mut world,
        &[
            ("l|", &["llext ", "ls "]),
            ("ll|", &["llext "]),
            ("llext l|", &["load ", "load_hex ", "list "]),
            (
                "llext |",
                &[
                    "load ",
                    "load_hex ",
                    "unload ",
                    "reload ",
                    "list ",
                    "info ",
                    "call ",
                    "sym ",
                    "heap ",
                    "gdb ",
                    "fault ",
                ],
            ),
            ("llext l| x", &["load ", "load_hex ", "list "]),
            ("mem |", &["read ", "write "]),
            ("fs |", &["format "]),
            ("term |", &["plain ", "ansi "]),
            ("term a|", &["ansi "]),
            ("help m|", &["mv ", "mkdir ", "mem ", "machine "]),
            ("help mem |", &["read ", "write "]),
            ("time llext u|", &["unload "]),
            ("time he|", &["hexdump ", "help "]),
            ("llext unload --|", &["--all ", "--no-protect ", "--help "]),
            (
                "llext load -|",
                &[
                    "-n ",
                    "--name ",
                    "-d ",
                    "--dry-run ",
                    "-f ",
                    "--force ",
                    "-P ",
                    "--no-protect ",
                    "-h ",
                    "--help ",
                ],
            ),
            ("mem read 0 4 --width |", &["1 ", "2 ", "4 "]),
            ("frobnicate |", &[]),
            ("llext frob |", &[]),
            ("version |", &[]),
            ("mem read |", &[]),
        ],
    );
}

#[test]
fn paths() {
    let mut world = World::new();
    world.disk.put("/ext/hello.txt", b"");
    check(
        &mut world,
        &[
            ("ls |", &["ext/", "motd.txt "]),
            ("ls /|", &["/ext/", "/motd.txt "]),
            ("cat /ext/h|", &["/ext/hello.elf ", "/ext/hello.txt "]),
            ("cat ext/g|", &["ext/guest.elf "]),
            ("cat /ext/../m|", &["/ext/../motd.txt "]),
            ("llext load /ext/g|", &["/ext/guest.elf "]),
            ("llext load --dry-run /ext/g|", &["/ext/guest.elf "]),
            ("llext load --name x /m|", &["/motd.txt "]),
            ("llext load --name |", &[]),
            ("cp /motd.txt /e|", &["/ext/"]),
            ("cp /motd.txt /ext /|", &[]),
            ("rm /motd.txt /ext/g|", &["/ext/guest.elf "]),
            ("ls /nope/|", &[]),
        ],
    );
    world.disk.put("/ext/two words", b"");
    check(
        &mut world,
        &[
            ("cat \"/mo|", &["\"/motd.txt\" "]),
            ("cat \"/e|", &["\"/ext/"]),
            ("cat \"/ext/two w|", &["\"/ext/two words\" "]),
            ("cp \"/ext/two words\" /m|", &["/motd.txt "]),
            ("cat /ext/two|", &[]),
            ("cat /ext/hello.t|", &["/ext/hello.txt "]),
        ],
    );
    world.disk.put("/a b", b"");
    assert_eq!(world.tab("cat |"), ["\"a b\" ", "ext/", "motd.txt "]);
    assert_eq!(world.line("cat \"a b\""), "");
    world.disk.damaged = true;
    assert!(world.tab("ls /|").is_empty());
}

#[test]
fn extensions_and_their_symbols() {
    let mut world = World::new();
    world.line("llext load /ext/hello.elf");
    world.line("llext load /ext/guest.elf");
    check(
        &mut world,
        &[
            ("llext info |", &["hello ", "guest "]),
            ("llext unload g|", &["guest "]),
            ("llext gdb h|", &["hello "]),
            ("llext call |", &["hello ", "guest "]),
            (
                "llext call hello |",
                &["add ", "hello_world ", "greetings "],
            ),
            ("llext call hello a|", &["add "]),
            ("llext call hello a| 1 2", &["add "]),
            ("llext call guest |", &["visit "]),
            ("llext call nobody |", &[]),
            ("llext call hello add |", &[]),
            ("llext sym h|", &["hello "]),
            ("llext sym pr|", &["printf ", "printk "]),
            ("llext sym hello h|", &["hello_world "]),
        ],
    );
}
