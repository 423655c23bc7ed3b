//! What a request sends, and what is no frame.

use llext_wire::{Decoder, Done, Framer, INTERRUPT, Kind, Signal, Signals, Status, WAITING};

#[derive(Default)]
struct Line(Vec<u8>);

impl Line {
    fn frames(&self) -> Vec<(Kind, u16, String)> {
        let (mut decoder, mut frames) = (Decoder::new(), vec![]);
        decoder.push(&self.0, &mut |frame| {
            let text = String::from_utf8_lossy(frame.payload).into_owned();
            frames.push((frame.kind, frame.id, text));
        });
        frames
    }
}

#[test]
fn a_request_sends_what_belongs_together() {
    let (framer, mut line) = (Framer::<WAITING>::new(), Line::default());
    let sink = &mut |bytes: &[u8]| line.0.extend(bytes);
    framer.begin(9);
    framer.write(Kind::Text, b"two\n", sink);
    framer.write(Kind::Text, b"lines\n", sink);
    framer.write(Kind::Output, b"one\nand", sink);
    framer.write(Kind::Output, b" one\n", sink);
    framer.write(Kind::Fields, b"value=1\n", sink);
    framer.send(Kind::AckOut, &[b"12345678"], sink).unwrap();
    let done = framer.done(Status::Failed, sink);
    assert_eq!(
        done,
        Done {
            status: Status::Failed,
            frames: 5
        }
    );
    let frames = line.frames();
    let expected = [
        (Kind::Text, "two\nlines\n"),
        (Kind::Output, "one\n"),
        (Kind::Output, "and one\n"),
        (Kind::Fields, "value=1\n"),
        (Kind::AckOut, "12345678"),
        (Kind::Done, "\x01\x05\0"),
    ];
    assert_eq!(
        frames,
        expected.map(|(kind, text)| (kind, 9, text.to_owned()))
    );
    assert_eq!(Done::of(b"\x01\x05\0"), Some(done));
    assert_eq!(Done::of(b"\x01\x05"), None);
}

#[test]
fn what_is_long_is_cut_and_nothing_is_lost() {
    let (framer, mut line) = (Framer::<WAITING>::new(), Line::default());
    let text: String = (0..1000).map(|n| format!("{n} ")).collect();
    let sink = &mut |bytes: &[u8]| line.0.extend(bytes);
    framer.begin(1);
    framer.write(Kind::Fields, text.as_bytes(), sink);
    let done = framer.done(Status::Ok, sink);
    let frames = line.frames();
    assert_eq!(usize::from(done.frames), frames.len() - 1);
    let whole: String = frames[..frames.len() - 1]
        .iter()
        .map(|(_, _, text)| &text[..])
        .collect();
    assert_eq!(whole, text);
}

#[test]
fn a_frame_that_was_cut_costs_only_itself() {
    let framer = Framer::<WAITING>::new();
    framer.begin(1);
    let mut line = Line::default();
    let cut = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        framer.send(Kind::Text, &[b"a\0b"], &mut |bytes| {
            line.0.extend(bytes);
            panic!("the line went down");
        })
    }));
    assert!(cut.is_err() && !line.0.is_empty());
    let done = framer.done(Status::Ok, &mut |bytes| line.0.extend(bytes));
    assert_eq!(line.frames(), [(Kind::Done, 1, "\0\x01\0".to_owned())]);
    assert_eq!(done.frames, 1);
}

#[test]
fn ctrl_c_is_a_frame_of_its_own() {
    let found = |bytes: &[u8]| {
        let mut signals = Signals::new();
        bytes
            .iter()
            .filter(|byte| signals.feed(**byte) == Some(Signal::Interrupt))
            .count()
    };
    assert_eq!(found(&INTERRUPT), 1);
    assert_eq!(found(b"\0\x03\0\x03\0"), 2);
    assert_eq!(found(b"\0\0\0\x03\0\0"), 1);
    assert_eq!(found(b"\x03\0"), 0);
    assert_eq!(found(b"\0\x03\x03\0"), 0);
    assert_eq!(found(b"\0\x05\x03\0\x03\x01\0"), 0);
}

#[test]
fn no_frame_holds_a_ctrl_c_or_a_break() {
    for length in 0..40 {
        let (mut signals, mut line) = (Signals::new(), vec![0]);
        let payload = [3; 40];
        llext_wire::encode(Kind::End, 3, &[&payload[..length]], &mut |bytes| {
            line.extend(bytes)
        })
        .unwrap();
        assert!(line.iter().all(|byte| signals.feed(*byte).is_none()));
    }
}

#[test]
fn a_break_is_many_zeros() {
    let mut signals = Signals::new();
    let at: Vec<usize> = (1..=40)
        .filter(|_| signals.feed(0) == Some(Signal::Break))
        .collect();
    assert_eq!(at.first(), Some(&16));
    assert_eq!(signals.feed(1), None);
    assert_eq!((0..15).find_map(|_| signals.feed(0)), None);
    assert_eq!(signals.feed(0), Some(Signal::Break));
}
