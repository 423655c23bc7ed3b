//! Receiver and sender against each other and against scripts, over lines that lose and change what they carry.

use super::*;
use crate::{
    context::{FileError, Mode},
    transfer::{drain, ymodem::Receiver},
};
use llext::SliceSource;
use std::{
    collections::VecDeque,
    sync::mpsc::{self, Receiver as Pipe, Sender},
    thread,
    time::Duration,
    vec::Vec,
};

/// Names and contents of what came.
type Files = Result<Vec<(String, Vec<u8>)>, End>;

/// One end of a line. Time is short: a second takes some milliseconds.
struct Line {
    ours: Pipe<u8>,
    /// What was looked at, and not read yet.
    ahead: VecDeque<u8>,
    theirs: Sender<u8>,
    /// What happens to the byte with this number on its way out.
    harm: Box<dyn FnMut(usize, u8) -> Option<u8> + Send>,
    sent: usize,
}

impl Console for Line {
    fn write(&mut self, _: &[u8]) {}
    fn fresh_line(&mut self) {}
    fn mode(&self) -> Mode {
        Mode::Plain
    }
    fn set_mode(&mut self, _: Mode) {}
    fn interrupted(&mut self) -> bool {
        false
    }

    fn read_raw(&mut self, into: &mut [u8], timeout_ms: u32) -> usize {
        self.peek_raw(0, timeout_ms);
        self.ahead.extend(self.ours.try_iter());
        let bytes = std::iter::from_fn(|| self.ahead.pop_front());
        let places = into.iter_mut().zip(bytes);
        places.map(|(place, byte)| *place = byte).count()
    }

    fn peek_raw(&mut self, index: usize, timeout_ms: u32) -> Option<u8> {
        let wait = Duration::from_millis(u64::from(timeout_ms) / 10);
        while self.ahead.len() <= index {
            self.ahead.push_back(self.ours.recv_timeout(wait).ok()?);
        }
        Some(self.ahead[index])
    }

    fn write_raw(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            if let Some(byte) = (self.harm)(self.sent, byte) {
                // The other end may be gone.
                let _ = self.theirs.send(byte);
            }
            self.sent += 1;
        }
    }
}

type Harm = fn(usize, u8) -> Option<u8>;

fn lines(harm_a: Harm, harm_b: Harm) -> (Line, Line) {
    let ((to_a, a), (to_b, b)) = (mpsc::channel(), mpsc::channel());
    let line = |ours, theirs, harm: Harm| Line {
        ours,
        ahead: VecDeque::new(),
        theirs,
        harm: Box::new(harm),
        sent: 0,
    };
    (line(a, to_b, harm_a), line(b, to_a, harm_b))
}

fn well(_: usize, byte: u8) -> Option<u8> {
    Some(byte)
}

fn file(length: usize) -> Vec<u8> {
    (0..length).map(|at| (at * 7 + at / 251) as u8).collect()
}

/// All files of a batch: names and contents.
fn receive(line: &mut Line) -> Files {
    let mut receiver = Receiver::new(line);
    let mut files = Vec::new();
    loop {
        let header = match receiver.header() {
            Ok(Some(header)) => header,
            Ok(None) => return Ok(files),
            Err(end) => return Err(end),
        };
        let mut bytes = Vec::new();
        drain(&mut receiver, &mut |piece| {
            bytes.extend_from_slice(piece);
            Ok(())
        })?;
        files.push((header.name().into(), bytes));
    }
}

/// Sends `file` over a line that does this to what the sender and to what the receiver writes.
fn carry(bytes: &[u8], sender: Harm, receiver: Harm) -> Files {
    let (mut a, mut b) = lines(sender, receiver);
    let bytes = bytes.to_vec();
    let sending = thread::spawn(move || send(&mut a, "a.elf", &mut SliceSource::new(&bytes)));
    let received = receive(&mut b);
    drop(b);
    let sent = sending.join().expect("no panic");
    assert!(received.is_err() || sent.is_ok(), "{sent:?}");
    received
}

#[test]
fn files_of_every_length_arrive() {
    for length in [0, 1, 127, 128, 129, 1023, 1024, 1025, 2048, 300 * 1024] {
        let bytes = file(length);
        let received = carry(&bytes, well, well);
        let whole = Ok(vec![("a.elf".into(), bytes)]);
        assert!(received == whole, "{length}: {:?}", received.map(drop));
    }
}

#[test]
fn what_is_lost_or_changed_on_the_way_is_sent_again() {
    let harms: [(Harm, Harm); 6] = [
        (|at, byte| (at != 700).then_some(byte), well),
        (|at, byte| Some(if at == 1500 { !byte } else { byte }), well),
        // The sender's first byte, and a byte of block 0.
        (|at, byte| Some(if at == 0 { 0 } else { byte }), well),
        (|at, byte| Some(if at == 5 { byte ^ 1 } else { byte }), well),
        // The answers to block 0 and to a block.
        (well, |at, byte| (at != 1).then_some(byte)),
        (well, |at, byte| (at != 4).then_some(byte)),
    ];
    let bytes = file(5000);
    for (place, (sender, receiver)) in harms.into_iter().enumerate() {
        let received = carry(&bytes, sender, receiver);
        assert_eq!(
            received,
            Ok(vec![("a.elf".into(), bytes.clone())]),
            "{place}"
        );
    }
}

/// A block as a sender makes it.
fn block(number: u8, bytes: &[u8]) -> Vec<u8> {
    let mut block = vec![
        if bytes.len() == SHORT { SOH } else { STX },
        number,
        !number,
    ];
    block.extend_from_slice(bytes);
    block.extend(CRC_16.checksum(bytes).to_be_bytes());
    block
}

/// Block 0 with this text.
fn named(text: &[u8]) -> Vec<u8> {
    let mut bytes = text.to_vec();
    bytes.resize(SHORT, 0);
    block(0, &bytes)
}

/// What a receiver makes of a sender that does not listen, and what it says to it.
fn told(script: &[&[u8]]) -> (Files, Vec<u8>) {
    let (a, mut b) = lines(well, well);
    for byte in script.concat() {
        a.theirs.send(byte).unwrap();
    }
    let received = receive(&mut b);
    drop(b);
    (received, a.ours.iter().collect())
}

#[test]
fn a_batch_of_several_files_with_stray_bytes_before_it() {
    let (short, long) = (file(SHORT), file(LONG));
    let (received, said) = told(&[
        b"llext> recv\r\n",
        &named(b"one\x00128 14567 100644"),
        &block(1, &short),
        &[EOT, EOT],
        &named(b"two.elf\x001000"),
        &block(1, &long),
        &[EOT, EOT],
        &named(b""),
    ]);
    let files = vec![
        ("one".into(), short),
        ("two.elf".into(), long[..1000].to_vec()),
    ];
    assert_eq!(received, Ok(files));
    let file = [ACK, CRC, ACK, NAK, ACK, CRC];
    assert_eq!(said, [&[CRC][..], &file, &file, &[ACK]].concat());
}

#[test]
fn blocks_that_come_twice_are_taken_once() {
    let bytes = file(2 * SHORT);
    let (one, two) = bytes.split_at(SHORT);
    let header = named(b"x\x00256");
    let (received, _) = told(&[
        &header,
        &header,
        &block(1, one),
        &block(1, one),
        &block(2, two),
        &block(2, two),
        &[EOT, EOT],
        &named(b""),
    ]);
    assert_eq!(received, Ok(vec![("x".into(), bytes)]));
}

#[test]
fn xmodem_has_one_file_without_name_and_length() {
    let bytes = file(SHORT);
    let (received, said) = told(&[&block(1, &bytes), &block(2, &bytes), &[EOT, EOT]]);
    assert_eq!(received, Ok(vec![(String::new(), bytes.repeat(2))]));
    assert_eq!(said, [CRC, ACK, ACK, NAK, ACK]);
}

#[test]
fn names_and_lengths_that_are_none_are_refused() {
    for (text, end) in [
        (&b"../up\x0010"[..], End::BadName),
        (b"/abs\x0010", End::BadName),
        (b"a\\b\x0010", End::BadName),
        (b"..\x0010", End::BadName),
        (b"a b\x0010", End::BadName),
        (b"a\x1b[2J\x0010", End::BadName),
        (b"\xc3\xa4\x0010", End::BadName),
        (&[b'x'; 65], End::BadName),
        (&[b'x'; 128], End::BadName),
        (b"x\x00-1", End::BadLength),
        (b"x\x00+1", End::BadLength),
        (b"x\x000x10", End::BadLength),
        (b"x\x0099999999999999999999999", End::BadLength),
        (b"x\x00\xff", End::BadLength),
    ] {
        let (received, said) = told(&[&named(text)]);
        assert_eq!(received, Err(end), "{text:?}");
        assert!(said.windows(2).any(|pair| pair == [CAN, CAN]), "{said:?}");
    }
}

#[test]
fn more_or_less_than_announced_is_refused() {
    let bytes = file(SHORT);
    let (long, _) = told(&[&named(b"x\x00100"), &block(1, &bytes), &block(2, &bytes)]);
    assert_eq!(long, Err(End::Long));
    let (short, _) = told(&[&named(b"x\x00200"), &block(1, &bytes), &[EOT, EOT]]);
    assert_eq!(short, Err(End::Short));
    let (skipped, _) = told(&[&named(b"x\x00200"), &block(1, &bytes), &block(3, &bytes)]);
    assert_eq!(skipped, Err(End::Lost));
}

#[test]
fn the_other_side_and_the_user_end_it() {
    let header = named(b"x\x00200");
    for (script, end) in [
        (&[&[CAN, CAN][..]][..], End::Cancelled),
        (&[&[ETX]], End::Interrupted),
        (&[&header, &[CAN, CAN]], End::Cancelled),
        (&[&header, &[ETX]], End::Interrupted),
        (&[&header], End::Lost),
    ] {
        assert_eq!(told(script).0, Err(end), "{script:?}");
    }
    let (mut a, b) = lines(well, well);
    b.theirs.send(ETX).unwrap();
    let sent = send(&mut a, "x", &mut SliceSource::new(b"abc"));
    assert_eq!(sent, Err(End::Interrupted));
    let mut long = [b'x'; SHORT];
    long[0] = b'y';
    b.theirs.send(CRC).unwrap();
    let name = core::str::from_utf8(&long).unwrap();
    let sent = send(&mut a, name, &mut SliceSource::new(b"abc"));
    assert_eq!(sent, Err(End::BadName));
}

/// What is left on the line when `script` was received, and what the receiver said at the end of it.
fn left(script: &[&[u8]]) -> (Vec<u8>, Vec<u8>) {
    let (a, mut b) = lines(well, well);
    for byte in script.concat() {
        a.theirs.send(byte).unwrap();
    }
    if let Err(end) = receive(&mut b) {
        cancel(&mut b, end);
    }
    let mut rest = vec![0; 100];
    let count = b.read_raw(&mut rest, 100);
    rest.truncate(count);
    drop(b);
    (rest, a.ours.iter().collect())
}

#[test]
fn what_the_user_types_ahead_is_the_shells() {
    // With a Ctrl-A, a Ctrl-D that is not the sender's, and a Ctrl-C.
    let typed = &b"\x01ls C\x04\x15\r\x03"[..];
    let file = [
        &named(b"x\x00128")[..],
        &block(1, &file(SHORT)),
        &[EOT, EOT],
    ]
    .concat();
    let end = named(b"");
    let (rest, said) = left(&[&file, &end, typed]);
    assert_eq!(rest, typed);
    assert!(said.ends_with(&[ACK, CRC, ACK]));
    // The sender has not seen that it was understood.
    let (rest, said) = left(&[&file, &end, &end, typed]);
    assert_eq!(rest, typed);
    assert!(said.ends_with(&[ACK, CRC, ACK, ACK]));
    // Ctrl-C where nobody has begun ends it whatever is typed behind it.
    assert_eq!(left(&[&[ETX], typed]).0, typed);
    let (a, mut b) = lines(well, well);
    for byte in [&[ETX], typed].concat() {
        a.theirs.send(byte).unwrap();
    }
    let sent = send(&mut b, "x", &mut SliceSource::new(b"abc"));
    assert_eq!(sent, Err(End::Interrupted));
    assert_eq!(b.peek_raw(0, 0), typed.first().copied());
}

#[test]
fn a_disk_that_is_full_ends_it() {
    let (a, mut b) = lines(well, well);
    for byte in [named(b"x\x00128"), block(1, &file(SHORT))].concat() {
        a.theirs.send(byte).unwrap();
    }
    let mut receiver = Receiver::new(&mut b);
    assert!(receiver.header().unwrap().is_some());
    let drained = drain(&mut receiver, &mut |_| Err(FileError::Full));
    assert_eq!(drained, Err(End::File(FileError::Full)));
}
