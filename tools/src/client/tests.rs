//! What a client does when things go wrong: against a target of a few lines, since the real one does not go wrong at will.

use std::io;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::Duration;

use llext_wire::{Decoder, Kind};

use super::{Client, Error, Quiet, Watcher, frame};
use crate::transport::Transport;

/// The host's end of a line in this process.
struct Line {
    to: Sender<Vec<u8>>,
    from: Receiver<Vec<u8>>,
    rest: Vec<u8>,
}

impl Transport for Line {
    fn read(&mut self, into: &mut [u8], timeout: Duration) -> io::Result<usize> {
        if self.rest.is_empty() {
            match self.from.recv_timeout(timeout) {
                Ok(bytes) => self.rest = bytes,
                Err(std::sync::mpsc::RecvTimeoutError::Timeout) => return Ok(0),
                Err(_) => return Err(io::ErrorKind::UnexpectedEof.into()),
            }
        }
        let count = self.rest.len().min(into.len());
        into[..count].copy_from_slice(&self.rest[..count]);
        self.rest.drain(..count);
        Ok(count)
    }

    fn write_some(&mut self, bytes: &[u8], _: Duration) -> io::Result<usize> {
        let sent = self.to.send(bytes.to_vec());
        sent.map_err(|_| io::Error::from(io::ErrorKind::UnexpectedEof))?;
        Ok(bytes.len())
    }
}

/// What a target answers to a frame: more frames. Dropping it ends the line.
type Answer = Box<dyn FnMut(Kind, u16, &[u8]) -> Option<Vec<(Kind, Vec<u8>)>> + Send>;

/// A line to a target in machine mode that answers so; PING by HELLO.
fn target(mut answer: Answer) -> Line {
    let (to, requests) = channel::<Vec<u8>>();
    let (replies, from) = channel();
    thread::spawn(move || {
        let mut decoder = Decoder::new();
        for bytes in requests {
            let mut frames = Vec::new();
            decoder.push(&bytes, &mut |it| {
                frames.push((it.kind, it.id, it.payload.to_vec()));
            });
            for (kind, id, payload) in frames {
                let answers = match kind {
                    Kind::Ping => Some(vec![(Kind::Hello, b"protocol=1\nboard=toy\n".to_vec())]),
                    _ => answer(kind, id, &payload),
                };
                let Some(answers) = answers else {
                    return;
                };
                for (kind, payload) in answers {
                    let bytes = frame(kind, id, &[&payload]).expect("it fits");
                    // Byte by byte, as lines are.
                    for byte in bytes {
                        let _ = replies.send(vec![byte]);
                    }
                }
            }
        }
    });
    Line {
        to,
        from,
        rest: Vec::new(),
    }
}

fn enter(answer: Answer) -> Client {
    let line = target(answer);
    Client::enter(Box::new(line), Duration::from_secs(10)).expect("it answers")
}

#[derive(Default)]
struct Heard {
    text: Vec<u8>,
    output: Vec<u8>,
}

impl Watcher for Heard {
    fn text(&mut self, text: &[u8]) {
        self.text.extend_from_slice(text);
    }

    fn output(&mut self, output: &[u8]) {
        self.output.extend_from_slice(output);
    }
}

#[test]
fn text_output_and_fields_are_told_apart() {
    let mut client = enter(Box::new(|_, _, line| {
        assert_eq!(line, b"llext call a f");
        Some(vec![
            (Kind::Output, b"hello".to_vec()),
            (Kind::Fields, b"value=7\n".to_vec()),
            (Kind::Text, b"=> 7 (0x7)\n".to_vec()),
            (Kind::Done, vec![0, 3, 0]),
        ])
    }));
    assert_eq!(client.hello.get("board"), Some("toy"));
    let mut heard = Heard::default();
    let reply = client
        .request("llext call a f", &mut heard)
        .expect("a reply");
    assert!(reply.is_ok);
    assert_eq!(reply.get("value"), Some("7"));
    assert_eq!(reply.lost, 0);
    assert_eq!(heard.output, b"hello");
    assert_eq!(heard.text, b"=> 7 (0x7)\n");
}

#[test]
fn a_failure_says_why_and_what_to_do() {
    let mut client = enter(Box::new(|_, _, _| {
        let fields = b"what=load\nerror=no\nhint=try yes\n".to_vec();
        Some(vec![(Kind::Fields, fields), (Kind::Done, vec![1, 1, 0])])
    }));
    let reply = client.request("llext load x", &mut Quiet).expect("a reply");
    match reply.ok() {
        Err(Error::Failed { error, hint }) => {
            assert_eq!(
                (error.as_str(), hint.as_deref()),
                ("load: no", Some("try yes"))
            );
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn frames_that_were_lost_are_counted() {
    let mut client = enter(Box::new(|_, _, _| {
        Some(vec![
            (Kind::Text, b"1".to_vec()),
            (Kind::Done, vec![0, 3, 0]),
        ])
    }));
    let reply = client.request("ls", &mut Quiet).expect("a reply");
    assert_eq!(reply.lost, 2);
}

#[test]
fn a_request_that_was_lost_is_sent_again_with_its_id() {
    let mut first = None;
    let mut client = enter(Box::new(move |kind, id, _| {
        if kind != Kind::Run {
            return Some(vec![]);
        }
        match first {
            None => {
                first = Some(id);
                Some(vec![])
            }
            Some(first) => {
                assert_eq!(first, id);
                Some(vec![(Kind::Done, vec![0, 0, 0])])
            }
        }
    }));
    assert!(client.request("ls", &mut Quiet).expect("a reply").is_ok);
}

#[test]
fn a_line_that_ends_in_a_request_is_an_error() {
    let mut client = enter(Box::new(|_, _, _| None));
    let error = client.request("ls", &mut Quiet).expect_err("it is gone");
    assert!(matches!(error, Error::Link(_)), "{error}");
}

#[test]
fn who_does_not_answer_is_given_up() {
    let (to, _requests) = channel();
    let (_replies, from) = channel();
    let line = Line {
        to,
        from,
        rest: Vec::new(),
    };
    let error = Client::enter(Box::new(line), Duration::from_millis(1)).err();
    assert!(matches!(error, Some(Error::Silent)));
}

#[test]
fn a_file_arrives_whole_though_pieces_of_it_are_lost() {
    let file: Vec<u8> = (0..10_000_u32).map(|n| (n % 251) as u8).collect();
    let expected = file.clone();
    let mut taken = Vec::new();
    let mut count = 0;
    let mut client = enter(Box::new(move |kind, _, payload| {
        let ack = |offset: usize| {
            let offset = (offset as u32).to_le_bytes();
            vec![(Kind::AckOut, [offset, 3072_u32.to_le_bytes()].concat())]
        };
        Some(match kind {
            Kind::Run => ack(0),
            Kind::Data => {
                count += 1;
                if count % 5 == 3 {
                    return Some(vec![]);
                }
                let (offset, bytes) = payload.split_at(4);
                if offset == (taken.len() as u32).to_le_bytes() {
                    taken.extend_from_slice(bytes);
                }
                ack(taken.len())
            }
            Kind::End if taken == expected => vec![(Kind::Done, vec![0, 0, 0])],
            _ => vec![],
        })
    }));
    let reply = client
        .send_file("recv /a", &file, &mut Quiet)
        .expect("a reply");
    assert!(reply.is_ok);
}
