//! The shell with its real commands (embedded-cli and `shell-cmds`), on a machine that has two files.

use llext::{Exports, ExtensionId, Llext, Source, TlsfHeap, Usage, machine::ARM};
use shell_cmds::LastFault;
use shell_cmds::context::{
    Call, Cpu, Ended, Fault, FaultKind, FileError, Files, Layout, Metadata, Mode, Outcome, System,
    Usage as Space,
};

use crate::console::{Output, World, run_shell, testing::Terminal};

struct TwoFiles;

impl Files for TwoFiles {
    fn metadata(&mut self, path: &str) -> Result<Metadata, FileError> {
        match path {
            "/" | "/ext" | "/ext/" => Ok(Metadata::Dir),
            "/ext/calc.elf" | "/ext/hello.elf" => Ok(Metadata::File(0)),
            _ => Err(FileError::NotFound),
        }
    }

    fn read(&mut self, _: &str, _: &mut dyn FnMut(&mut dyn Source)) -> Result<(), FileError> {
        Err(FileError::Device)
    }

    fn write(
        &mut self,
        _: &str,
        _: &mut dyn FnMut(&mut dyn FnMut(&[u8]) -> Result<(), FileError>) -> Result<(), FileError>,
    ) -> Result<(), FileError> {
        Err(FileError::Full)
    }

    fn append(
        &mut self,
        _: &str,
        _: &mut dyn FnMut(&mut dyn FnMut(&[u8]) -> Result<(), FileError>) -> Result<(), FileError>,
    ) -> Result<(), FileError> {
        Err(FileError::Full)
    }

    fn is_unfinished(&mut self, _: &str) -> Result<bool, FileError> {
        Err(FileError::NotFound)
    }

    fn finish(&mut self, _: &str, _: &str) -> Result<(), FileError> {
        Err(FileError::NotFound)
    }

    fn copy(&mut self, _: &str, _: &str, _: &mut dyn FnMut() -> bool) -> Result<(), FileError> {
        Err(FileError::Full)
    }

    fn list(&mut self, path: &str, each: &mut dyn FnMut(&str, Metadata)) -> Result<(), FileError> {
        match path.trim_end_matches('/') {
            "" => each("ext", Metadata::Dir),
            "/ext" => ["calc.elf", "hello.elf"]
                .into_iter()
                .for_each(|name| each(name, Metadata::File(0))),
            _ => return Err(FileError::NotFound),
        }
        Ok(())
    }

    fn remove(&mut self, _: &str) -> Result<(), FileError> {
        Err(FileError::NotFound)
    }

    fn rename(&mut self, _: &str, _: &str) -> Result<(), FileError> {
        Err(FileError::NotFound)
    }

    fn create_dir(&mut self, _: &str) -> Result<(), FileError> {
        Err(FileError::Full)
    }

    fn usage(&mut self) -> Result<Space, FileError> {
        Ok(Space {
            block_size: 4096,
            blocks: 2,
            free: 0,
        })
    }

    fn format(&mut self) -> Result<(), FileError> {
        Ok(())
    }
}

struct NoCpu;

impl Cpu for NoCpu {
    fn call(&mut self, _: &Call<'_>) -> Ended {
        Ended {
            outcome: Outcome::Returned(0),
            cost: None,
        }
    }

    fn layout(&self) -> Layout {
        Layout::default()
    }

    fn peek(&mut self, address: usize, _: usize) -> Result<u32, Fault> {
        Err(no_memory(address))
    }

    fn poke(&mut self, address: usize, _: usize, _: u32) -> Result<(), Fault> {
        Err(no_memory(address))
    }
}

fn no_memory(address: usize) -> Fault {
    Fault {
        kind: FaultKind::Bus,
        address: Some(address),
    }
}

struct Host(LastFault);

impl System for Host {
    fn protection(&self) -> &'static str {
        "off"
    }

    fn board(&self) -> &'static str {
        "host"
    }

    fn uptime_us(&self) -> u64 {
        1_500_000
    }

    fn ticks(&self) -> u64 {
        0
    }

    fn tick_rate(&self) -> u32 {
        1_000_000
    }

    fn ready_us(&self) -> u64 {
        0
    }

    fn unread(&self) -> u32 {
        0
    }

    fn features(&self) -> &'static [&'static str] {
        &[]
    }

    fn losses(&self) -> u32 {
        0
    }

    fn allocated(&self, _: ExtensionId) -> Usage {
        Usage::default()
    }

    fn last_fault(&mut self) -> &mut LastFault {
        &mut self.0
    }

    fn reboot(&mut self) -> ! {
        panic!("rebooted")
    }

    fn exit(&mut self, status: i32) -> ! {
        panic!("exited with {status}")
    }
}

/// A session with the real commands.
fn session(mode: Mode, keys: &[&[u8]]) -> &'static Terminal {
    let terminal = Terminal::typing(keys);
    let heap: &'static TlsfHeap = Box::leak(Box::new(TlsfHeap::new()));
    let mut llext = Llext::new(heap, Exports::new(&[]), &ARM);
    let world = World {
        files: &mut TwoFiles,
        llext: &mut llext,
        cpu: &mut NoCpu,
        system: &mut Host(LastFault::new()),
    };
    run_shell(terminal, &Output::new(terminal, mode), world);
    terminal
}

#[test]
fn a_session_opens_with_a_banner_and_a_prompt() {
    let banner = format!(
        "llext-shell {} on host; `help` lists the commands",
        env!("CARGO_PKG_VERSION")
    );
    assert_eq!(
        session(Mode::Ansi, &[]).sent(),
        format!("{banner}\r\nllext> \r\n")
    );
    assert_eq!(
        session(Mode::Plain, &[]).sent(),
        format!("{banner}\nllext> \n")
    );
}

#[test]
fn commands_run_and_errors_are_told() {
    let sent = session(Mode::Plain, &[b"version\nnonsense\nls /ext\n"]).sent();
    let shell = sent.split_once('\n').unwrap().1;
    assert!(shell.starts_with("llext> version\nllext-shell "), "{sent}");
    assert!(
        shell.contains("\nllext> nonsense\nerror: nonsense: unknown command\n"),
        "{sent}"
    );
    assert!(
        shell.contains("\nllext> ls /ext\n") && shell.contains("hello.elf"),
        "{sent}"
    );
}

#[test]
fn help_ends_its_lines_as_the_mode_asks() {
    for keys in ["help\r", "llext load --help\r"] {
        let plain = session(Mode::Plain, &[keys.as_bytes()]).sent();
        assert!(
            !plain.contains('\r') && plain.lines().count() > 3,
            "{plain}"
        );
        let ansi = session(Mode::Ansi, &[keys.as_bytes()]).sent();
        assert_eq!(ansi.replace("\r\n", "\n"), plain);
        assert_eq!(ansi.matches("\r\n").count(), ansi.matches('\n').count());
    }
}

#[test]
fn tab_completes_commands_subcommands_and_paths() {
    let screen = |keys: &str| {
        session(Mode::Ansi, &[keys.as_bytes()])
            .seen()
            .split_once('\n')
            .unwrap()
            .1
            .to_owned()
    };
    assert_eq!(screen("vers\t"), "llext> version |");
    assert_eq!(screen("llext unl\t"), "llext> llext unload |");
    assert_eq!(
        screen("llext load /\th\t"),
        "llext> llext load /ext/hello.elf |"
    );
    assert_eq!(
        screen("llext load /ext/\t"),
        "llext> llext load /ext/\ncalc.elf   hello.elf\nllext> llext load /ext/|"
    );
    assert_eq!(screen("ls /ex x\x1b[D\x1b[D\t"), "llext> ls /ext/| x");
}

#[test]
fn the_mode_is_switched_by_a_command() {
    let sent = session(
        Mode::Ansi,
        &[
            b"term plain\rls\x7f\x7fterm ansi\r",
            b"ls",
            b"\x7f",
            b"\x7f",
        ],
    )
    .sent();
    assert!(
        sent.contains(
            "term plain\r\nllext> ls\x08 \x08\x08 \x08term ansi\nllext> ls\x08\x1b[K\x08\x1b[K"
        ),
        "{sent:?}"
    );
}

#[test]
fn noise_never_stops_it() {
    super::fuzz::noise_in(300, |mode, keys| {
        let sent = session(mode, keys).sent();
        let expected = format!("llext-shell {} on host", env!("CARGO_PKG_VERSION"));
        let answers = sent
            .lines()
            .rev()
            .take(4)
            .filter(|line| line.trim() == expected)
            .count();
        assert_eq!(answers, 1, "{sent:?}");
    });
}
