//! Machine mode: what a program on the other end of the line says, and gets.

mod world;

use llext_wire::{Decoder, Done, Field, Fields, Kind, Status, encode};
use shell_cmds::context::{Announced, Cause, FaultKind};
use world::{End, World, faulted, stopped};

type Got = (Kind, u16, String);

/// A world that answers frames.
struct Machine(World);

impl Machine {
    fn new() -> Self {
        Self(World::new())
    }

    /// What comes back when `bytes` come after the command `machine`, until the line is silent for too long.
    fn answers(&mut self, bytes: &[u8]) -> Vec<Got> {
        self.0.screen.incoming.borrow_mut().extend(bytes);
        assert_eq!(self.0.line("machine"), "");
        let sent = std::mem::take(&mut *self.0.screen.outgoing.borrow_mut());
        let (mut decoder, mut got) = (Decoder::new(), vec![]);
        decoder.push(&sent, &mut |frame| {
            let text = match frame.kind {
                Kind::Done => format!("{:?}", Done::of(frame.payload).unwrap()),
                Kind::AckOut | Kind::DataOut | Kind::EndOut => format!("{:?}", frame.numbers()),
                _ => String::from_utf8(frame.payload.to_vec()).unwrap(),
            };
            got.push((frame.kind, frame.id, text));
        });
        // That line is for people, and no frame.
        assert_eq!(decoder.dropped(), 1);
        assert!(sent.starts_with(
            b"frames for programs from here on: type nothing, and the prompt is back in 10 s\r\n\0"
        ));
        // The first one says what this is.
        let (kind, id, hello) = got.remove(0);
        assert_eq!((kind, id), (Kind::Hello, 0));
        assert!(hello.starts_with("protocol=1\n"), "{hello}");
        got
    }

    /// Runs a line; returns all its text, output and fields, and how it ended.
    fn run(&mut self, line: &str) -> Answer {
        let got = self.answers(&frame(Kind::Run, 7, line.as_bytes()));
        let all = |wanted| {
            let of_kind = got.iter().filter(|(kind, ..)| *kind == wanted);
            of_kind.map(|(_, _, text)| &text[..]).collect()
        };
        assert!(got.iter().all(|(_, id, _)| *id == 7));
        let (kind, _, done) = got.last().unwrap();
        assert_eq!(*kind, Kind::Done);
        assert!(
            done.ends_with(&format!("frames: {} }}", got.len() - 1)),
            "{done}"
        );
        Answer {
            text: all(Kind::Text),
            output: all(Kind::Output),
            fields: all(Kind::Fields),
            ok: done.contains("Ok"),
        }
    }
}

struct Answer {
    text: String,
    output: String,
    fields: String,
    ok: bool,
}

impl Answer {
    /// The records, as keys and values.
    fn records(&self) -> Vec<Vec<(&str, &str)>> {
        let mut records = vec![vec![]];
        for field in Fields(&self.fields) {
            match field {
                Field::Next => records.push(vec![]),
                Field::Value { key, value } => records.last_mut().unwrap().push((key, value)),
            }
        }
        records.retain(|record| !record.is_empty());
        records
    }

    /// The first record of this kind: with this key first.
    fn record(&self, kind: &str) -> Vec<(&str, &str)> {
        let mut records = self.records().into_iter();
        let found = records.find(|record| record[0].0 == kind);
        found.unwrap_or_else(|| panic!("no {kind}: {}", self.fields))
    }

    /// The keys of that record.
    fn keys(&self, kind: &str) -> String {
        let keys: Vec<&str> = self.record(kind).iter().map(|(key, _)| *key).collect();
        keys.join(" ")
    }
}

fn frame(kind: Kind, id: u16, payload: &[u8]) -> Vec<u8> {
    let mut line = vec![];
    encode(kind, id, &[payload], &mut |bytes| line.extend(bytes)).unwrap();
    line
}

fn done(id: u16, status: Status, frames: u16) -> Got {
    (Kind::Done, id, format!("{:?}", Done { status, frames }))
}

#[test]
fn commands_are_those_of_the_prompt() {
    let mut machine = Machine::new();
    let loaded = machine.run("llext load /ext/hello.elf");
    assert!(loaded.ok && loaded.text.starts_with("loaded hello: "));
    let list = machine.run("  llext list ");
    assert_eq!(list.text, machine.0.line("llext list"));
    assert_eq!(list.record("name"), loaded.record("name"));
}

#[test]
fn errors_and_hints_are_fields() {
    let mut machine = Machine::new();
    let failed = machine.run("llext load hello");
    assert!(!failed.ok);
    assert_eq!(
        failed.record("what"),
        [
            ("what", "load"),
            ("error", "/hello: no such file or directory"),
            ("hint", "did you mean /ext/hello.elf?")
        ]
    );
    assert_eq!(
        machine.run("lls").record("what")[1..],
        [("error", "unknown command"), ("hint", "did you mean ls?")]
    );
}

#[test]
fn usage_warnings_and_ctrl_c_are_fields() {
    let mut machine = Machine::new();
    let usage = machine.run("llext load");
    assert_eq!(
        usage.record("what")[2],
        ("hint", "usage: llext load [OPTIONS] <PATH>")
    );
    assert!(
        usage
            .text
            .ends_with("\nhint: usage: llext load [OPTIONS] <PATH>\n")
    );
    machine.0.machine.announced = Announced::Partly(1);
    let loaded = machine.run("llext load /ext/hello.elf");
    let warning = "1 section is unknown to GDB; `llext gdb hello` names all";
    assert_eq!(loaded.record("warning"), [("warning", warning)]);
    assert!(loaded.text.starts_with(&format!("warning: {warning}\n")));
    machine.0.screen.patience.set(Some(2));
    let cut = machine.run("llext info hello");
    assert!(!cut.ok && cut.text.ends_with("^C\n"));
    assert_eq!(cut.record("error"), [("error", "interrupted by Ctrl-C")]);
}

#[test]
fn output_of_an_extension_is_apart() {
    let mut machine = Machine::new();
    machine.run("llext load /ext/hello.elf");
    let script = &mut machine.0.cpu.script;
    script.push_back((
        "a line\nand half a",
        shell_cmds::context::Outcome::Returned(7),
    ));
    let call = machine.run("llext call hello add 1 2");
    assert_eq!(call.output, "a line\nand half a");
    assert_eq!(call.text, "=> 7 (0x7)\n");
}

#[test]
fn a_request_is_run_once() {
    let mut machine = Machine::new();
    let mkdir = frame(Kind::Run, 5, b"mkdir /once");
    let got = machine.answers(&[&mkdir[..], &mkdir, &mkdir].concat());
    assert_eq!(got, [0, 0, 0].map(|frames| done(5, Status::Ok, frames)));
    // Another one of the same words is run.
    let got = machine.answers(&frame(Kind::Run, 6, b"mkdir /once"));
    assert!(got.contains(&done(6, Status::Failed, 2)), "{got:?}");
}

#[test]
fn what_is_no_request_is_refused_or_passed_over() {
    let mut machine = Machine::new();
    let got = machine.answers(&frame(Kind::Run, 1, b"\xff\xfe"));
    assert_eq!(got, [done(1, Status::Refused, 0)]);
    for kind in Kind::ALL {
        let got = machine.answers(&frame(kind, 2, b"12345678"));
        let answers = matches!(kind, Kind::Run | Kind::Leave | Kind::Ping);
        assert_eq!(!got.is_empty(), answers, "{kind:?}");
    }
}

#[test]
fn ping_is_answered_and_leave_ends_it() {
    let mut machine = Machine::new();
    let line = [
        frame(Kind::Ping, 3, b""),
        frame(Kind::Leave, 4, b""),
        frame(Kind::Ping, 5, b""),
    ];
    let got = machine.answers(&line.concat());
    assert!(matches!(&got[0], (Kind::Hello, 3, _)));
    assert_eq!(got[1..], [done(4, Status::Ok, 0)]);
    // What follows is no business of machine mode's.
    assert_eq!(machine.0.screen.incoming.borrow().len(), line[2].len());
    assert_eq!(machine.0.line("llext list"), "nothing is loaded\n");
}

#[test]
fn who_leaves_in_a_transfer_has_left() {
    for line in [
        &b"recv /file"[..],
        b"send /motd.txt",
        b"llext load - --name x",
    ] {
        let mut machine = Machine::new();
        let leave = [frame(Kind::Run, 7, line), frame(Kind::Leave, 8, b"")];
        let ping = frame(Kind::Ping, 9, b"");
        let got = machine.answers(&[leave.concat(), ping.clone()].concat());
        let ended: Vec<_> = got.iter().filter(|got| got.0 == Kind::Done).collect();
        assert!(ended[0].1 == 7 && ended[0].2.contains("Failed"), "{got:?}");
        assert_eq!(ended[1..], [&done(8, Status::Ok, 0)]);
        assert_eq!(machine.0.screen.incoming.borrow().len(), ping.len());
    }
}

#[test]
fn who_comes_after_a_line_that_broke_is_not_taken_to_have_left() {
    let mut machine = Machine::new();
    machine.0.screen.broken.set(true);
    let leave = [
        frame(Kind::Run, 7, b"recv /file"),
        frame(Kind::Leave, 8, b""),
    ];
    let got = machine.answers(&leave.concat());
    assert!(got.iter().all(|got| got.1 != 8), "{got:?}");
    let got = machine.answers(&frame(Kind::Run, 9, b"uptime"));
    assert!(got.iter().all(|got| got.1 != 8), "{got:?}");
}

#[test]
fn a_transfer_that_nobody_goes_on_with_ends_whatever_else_comes() {
    const SECOND: u64 = 1_000_000;
    let noise: Vec<u8> = (0..2000).map(|at| (at % 255 + 1) as u8).collect();
    for endless in [
        frame(Kind::Ping, 9, b""),
        // With the id of the request.
        frame(Kind::Ping, 7, b""),
        noise.clone(),
        [noise, vec![0]].concat(),
    ] {
        for line in [
            &b"recv /file"[..],
            b"send /motd.txt",
            b"llext load - --name x",
        ] {
            let mut machine = Machine::new();
            let start = machine.0.screen.clock.get();
            *machine.0.screen.endless.borrow_mut() = (endless.clone(), start + 15 * SECOND);
            let got = machine.answers(&frame(Kind::Run, 7, line));
            let lost = "the connection was lost";
            assert!(got.iter().any(|(.., text)| text.contains(lost)), "{got:?}");
            // Ten seconds after the request was over, and the host silent.
            let took = machine.0.screen.clock.get() - start;
            assert!(took < 26 * SECOND, "{took}");
        }
    }
}

#[test]
fn a_break_ends_it() {
    let mut machine = Machine::new();
    let got = machine.answers(&[&[0; 16][..], &frame(Kind::Ping, 1, b"")].concat());
    assert_eq!(got, []);
    assert!(!machine.0.screen.incoming.borrow().is_empty());
}

#[test]
fn it_is_on_or_off() {
    let mut machine = Machine::new();
    let again = machine.run("machine");
    assert!(!again.ok && again.record("what")[1] == ("error", "it is on"));
    machine
        .0
        .screen
        .incoming
        .borrow_mut()
        .extend(frame(Kind::Run, 1, b"reboot"));
    assert_eq!(machine.0.ends("machine"), End::Reboot);
    let sent = machine.0.screen.outgoing.borrow().clone();
    let end = frame(Kind::Done, 1, &[0, 0, 0]);
    assert!(sent.ends_with(&end));
}

/// The table of wire/README.md.
#[test]
fn every_command_tells_what_it_found() {
    let mut machine = Machine::new();
    let extension = "name file build-id bytes regions address faulted uses users";
    let region = "region address size";
    for (line, records) in [
        ("llext load /ext/hello.elf", &[extension, region][..]),
        ("llext load /ext/guest.elf", &[extension]),
        ("llext list", &[extension]),
        (
            "llext info hello",
            &[
                extension,
                region,
                "section address size within",
                "symbol address",
            ],
        ),
        (
            "llext load /ext/hello.elf --name again --dry-run",
            &["needs text rodata data bss veneers metadata scratch bytes free largest"],
        ),
        (
            "llext load /ext/orphan.elf --dry-run",
            &["undefined near", "needs", "what error"],
        ),
        (
            "llext load /ext/orphan.elf",
            &["undefined", "what error hint"],
        ),
        (
            "llext call hello add 1 2 --stats",
            &["outcome value", "instructions us stack stack-size"],
        ),
        ("llext sym hello", &["symbol address owner"]),
        ("llext sym 0x201", &["address symbol offset owner"]),
        (
            "llext heap",
            &[
                "total used free largest peak",
                "extension bytes allocated-blocks allocated-bytes",
                "area start end",
                "heap start end",
                "block address size",
            ],
        ),
        ("llext gdb", &["name script"]),
        ("llext reload guest", &[extension, region]),
        ("llext unload hello", &["what error hint"]),
        (
            "llext unload guest",
            &["unloaded bytes leaked-blocks leaked-bytes"],
        ),
        ("ls /ext", &["name type size"]),
        ("ls /", &["name type"]),
        ("df", &["total used free block"]),
        ("mem read 0x1000 20", &["address bytes"]),
        ("version", &["version board abi protection features"]),
        ("uptime", &["up-us ready-us losses unread"]),
        ("time df", &["total used free block", "time-us"]),
        ("term", &["mode"]),
    ] {
        let answer = machine.run(line);
        for keys in records {
            let kind = keys.split(' ').next().unwrap();
            let found = answer.keys(kind);
            assert!(found.starts_with(keys), "{line}: {found}, expected {keys}");
        }
    }
    assert_eq!(
        machine.run("mem read 0x1002 2").record("address")[1],
        ("bytes", "0203")
    );
}

#[test]
fn calls_that_end_otherwise_are_told() {
    let mut machine = Machine::new();
    machine.run("llext load /ext/hello.elf");
    for (outcome, expected) in [
        (
            faulted(FaultKind::BusLoad, Some(0x300), Some(0x10)),
            "outcome=fault kind=bus error on a load address=0x00000010 place=the null page pc=0x00000300 \
             where=firmware:printf",
        ),
        (stopped(Cause::Exit(-3), None), "outcome=exit status=-3"),
        (stopped(Cause::Abort, None), "outcome=abort"),
        (stopped(Cause::Interrupted, None), "outcome=interrupted"),
        (
            stopped(Cause::TimedOut(50), None),
            "outcome=timeout timeout=50",
        ),
    ] {
        machine.0.cpu.script.push_back(("half a line", outcome));
        let call = machine.run("llext call hello add 1 2 --force");
        let told: Vec<String> = call
            .record("outcome")
            .iter()
            .map(|(key, value)| format!("{key}={value}"))
            .collect();
        assert!(
            told.join(" ").starts_with(expected),
            "{told:?}, expected {expected}"
        );
        assert!(!call.ok && call.output == "half a line");
        // The line that a person sees.
        let (what, error) = (call.record("what")[0].1, call.record("what")[1].1);
        assert!(
            call.text.starts_with(&format!("error: {what}: {error}\n")),
            "{}",
            call.text
        );
    }
    let remembered = machine.run("llext fault");
    assert_eq!(
        remembered.record("report")[0].1.replace("\\n", "\n"),
        remembered.text
    );
}

#[test]
fn whatever_comes_it_answers() {
    let mut machine = Machine::new();
    let mut state = 1u32;
    let mut chance = move || {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        state
    };
    for round in 0..300u16 {
        let mut bytes: Vec<u8> = (0..chance() % 2000).map(|_| chance() as u8).collect();
        // A break is no garbage.
        if chance() % 2 == 0 {
            let mut broken = frame(Kind::Run, round, b"llext list");
            let place = chance() as usize % broken.len();
            broken[place] ^= 1 << (chance() % 8);
            bytes.extend(broken);
        }
        bytes.push(0);
        bytes.extend(frame(Kind::Ping, round, b""));
        let got = machine.answers(&bytes);
        assert!(
            matches!(&got[..], [(Kind::Hello, id, _)] if *id == round),
            "{got:?}"
        );
    }
}

#[test]
fn a_line_may_be_as_long_as_a_frame() {
    let mut machine = Machine::new();
    let long = format!("ls /{}", "a".repeat(1000));
    assert!(!machine.run(&long).ok);
    let spaces = format!("ls{}/ext", " ".repeat(1000));
    let ran = machine.run(&spaces);
    assert!(ran.ok || ran.record("what")[1] == ("error", "too long"));
}
