//! What help shows, and that it fits a terminal.

mod world;

use world::World;

const COMMANDS: &str = "\
Commands:
  llext     Load, inspect, call and unload extensions
  ls        List a directory: sizes in bytes and names
  cat       Print a file
  rm        Remove files and empty directories; stops at the first that it cannot
  mv        Rename or move a file or directory
  cp        Copy a file
  mkdir     Make a directory
  df        Tell how full the file system is, in bytes
  hexdump   Show a file's bytes
  recv      Receive files from the host by YMODEM, as `sb` sends them
  send      Send a file to the host by YMODEM, as `rb` takes it
  fs        Care for the file system itself
  mem       Read and write memory
  help      List the commands, or explain one
  time      Run a command and tell how long it took
  term      Show or set the terminal: plain or with escape codes
  version   Tell the firmware's version and its board
  uptime    Tell the time since boot, and from reset to the first prompt
  machine   Talk to a program: frames instead of lines, until it leaves
  reboot    Restart the machine; extensions are gone, files stay
  exit      End the run: an emulator exits, a board restarts
`COMMAND --help` tells more of one
";

const LLEXT: &str = "\
Load, inspect, call and unload extensions

Usage: llext <COMMAND>

Options:
  -h, --help  Print help

Commands:
  load      Load an extension and run its constructors
  load_hex  Load an extension from hexadecimal digits, as in Zephyr
  unload    Run an extension's destructors and give its memory back
  reload    Put a new version in an extension's place, all at once
  list      List what is loaded: name, bytes, address, file and users
  info      Tell an extension's regions, sections, exports, uses and build-id
  call      Call a function of an extension
  sym       List exported symbols, or tell what lies at an address
  heap      Tell how full the heap of the extensions is, in bytes
  gdb       Print the GDB commands that load an extension's symbols
  fault     Print the report of the last fault once more
";

/// The names that are listed in `help`.
fn names(help: &str) -> Vec<String> {
    let listed = help.split("Commands:\n").nth(1).unwrap_or_default();
    listed
        .lines()
        .filter_map(|line| line.strip_prefix("  ")?.split(' ').next().map(String::from))
        .collect()
}

#[test]
fn commands_and_subcommands_are_listed() {
    let mut world = World::new();
    assert_eq!(world.line("help"), COMMANDS);
    for line in ["help llext", "llext --help", "llext -h"] {
        assert_eq!(world.line(line), LLEXT, "{line}");
    }
    assert!(
        world
            .line("help help")
            .starts_with("List the commands, or explain one\n")
    );
    assert_eq!(
        world.line("help llext load"),
        world.line("llext load --help")
    );
    // A subcommand is known by its own name.
    for line in ["llext load /x -h", "help load", "load --help"] {
        assert_eq!(world.line("help llext load"), world.line(line), "{line}");
    }
}

#[test]
fn every_command_has_help_that_fits_a_terminal() {
    let mut world = World::new();
    let (mut seen, mut long) = (0, String::new());
    for name in names(COMMANDS) {
        let help = world.line(&format!("{name} --help"));
        let subcommands = names(&help).into_iter().map(|sub| format!("{name} {sub}"));
        for command in [name.clone()].into_iter().chain(subcommands) {
            let help = world.line(&format!("{command} --help"));
            assert!(
                help.contains(&format!("\nUsage: {command}")),
                "{command}: {help}"
            );
            for line in help.lines() {
                if line.len() > 80 {
                    long += &format!("{command}: {line}\n");
                }
            }
            seen += 1;
        }
    }
    assert_eq!((seen, long.as_str()), (35, ""));
}
