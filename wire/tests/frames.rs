//! What goes over a line, comes over it, and must not.

use llext_wire::{CRC, Decoder, Kind, PAYLOAD, Status, TooLong, encode, escape};

type Got = (Kind, u16, Vec<u8>);

fn line(kind: Kind, id: u16, payload: &[u8]) -> Vec<u8> {
    let mut line = vec![];
    encode(kind, id, &[payload], &mut |bytes| line.extend(bytes)).unwrap();
    line
}

fn frames(decoder: &mut Decoder, bytes: &[u8]) -> Vec<Got> {
    let mut got = vec![];
    decoder.push(bytes, &mut |frame| {
        got.push((frame.kind, frame.id, frame.payload.to_vec()));
    });
    got
}

/// Bytes that look like chance, and are the same each time.
fn noise(seed: u32) -> impl Iterator<Item = u8> {
    let mut state = seed | 1;
    std::iter::repeat_with(move || {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        state as u8
    })
}

#[test]
fn a_frame_is_what_the_page_says() {
    let mut body = vec![0x01, 0x34, 0x12];
    body.extend(b"ls\0");
    body.extend(CRC.checksum(&body).to_le_bytes());
    let mut expected = cobs::encode_vec(&body);
    expected.push(0);
    assert_eq!(line(Kind::Run, 0x1234, b"ls\0"), expected);
    // The check value of CRC-32/ISO-HDLC.
    assert_eq!(CRC.checksum(b"123456789"), 0xcbf4_3926);
}

#[test]
fn stuffing_is_that_of_the_crate_at_every_length() {
    for fill in [0x00, 0x01, 0xff] {
        for length in 0..=PAYLOAD {
            let payload = vec![fill; length];
            let mut body = vec![Kind::Data as u8, 0xff, 0xff];
            body.extend(&payload);
            body.extend(CRC.checksum(&body).to_le_bytes());
            let mut expected = cobs::encode_vec(&body);
            expected.push(0);
            let sent = line(Kind::Data, 0xffff, &payload);
            assert_eq!(sent, expected, "{length} of {fill}");
            let got = frames(&mut Decoder::new(), &sent);
            assert_eq!(got, [(Kind::Data, 0xffff, payload)], "{length} of {fill}");
        }
    }
}

#[test]
fn what_is_too_long_is_not_sent_and_not_taken() {
    let long = [7; PAYLOAD + 1];
    let refused = encode(Kind::Data, 1, &[&long], &mut |_| panic!("sent"));
    assert_eq!(refused, Err(TooLong));
    let mut body = vec![Kind::Data as u8, 1, 0];
    body.extend(long);
    body.extend(CRC.checksum(&body).to_le_bytes());
    let mut bytes = cobs::encode_vec(&body);
    bytes.push(0);
    let mut decoder = Decoder::new();
    assert_eq!(frames(&mut decoder, &bytes), []);
    assert_eq!(frames(&mut decoder, &line(Kind::Ping, 2, b"")).len(), 1);
    assert_eq!(decoder.dropped(), 1);
}

#[test]
fn bytes_may_come_one_by_one_and_in_parts() {
    let sent = [line(Kind::Run, 1, b"ls"), line(Kind::Ping, 2, b"")].concat();
    let mut decoder = Decoder::new();
    let got: Vec<Got> = sent
        .iter()
        .flat_map(|byte| frames(&mut decoder, &[*byte]))
        .collect();
    assert_eq!(
        got,
        [(Kind::Run, 1, b"ls".to_vec()), (Kind::Ping, 2, vec![])]
    );
    let mut parts: Vec<u8> = vec![];
    encode(Kind::Run, 1, &[b"", b"l", b"s"], &mut |bytes| {
        parts.extend(bytes)
    })
    .unwrap();
    assert_eq!(parts, line(Kind::Run, 1, b"ls"));
}

#[test]
fn every_flip_of_a_bit_is_noticed() {
    let payload: Vec<u8> = noise(7).take(300).chain([0; 20]).collect();
    let sent = line(Kind::Data, 3, &payload);
    let good = line(Kind::Ping, 4, b"");
    for bit in 0..sent.len() * 8 {
        let mut bytes = sent.clone();
        bytes[bit / 8] ^= 1 << (bit % 8);
        // As a sender does after damage: the next frame begins with 00.
        bytes.push(0);
        bytes.extend(&good);
        let got = frames(&mut Decoder::new(), &bytes);
        assert_eq!(got, [(Kind::Ping, 4, vec![])], "bit {bit}");
    }
}

#[test]
fn what_was_cut_short_costs_no_other_frame() {
    let sent = line(Kind::Run, 5, b"llext call hello add 2 3");
    for length in 0..sent.len() - 1 {
        let mut decoder = Decoder::new();
        assert_eq!(frames(&mut decoder, &sent[..length]), []);
        assert_eq!(decoder.is_within(), length > 0);
        let got = frames(&mut decoder, &[&[0], &sent[..]].concat());
        assert_eq!(got.len(), 1, "{length}");
        assert_eq!(decoder.dropped(), u32::from(length > 0));
    }
}

#[test]
fn garbage_between_frames_is_passed_over() {
    let sent = line(Kind::Run, 6, b"df");
    let mut decoder = Decoder::new();
    let mut found = 0;
    for seed in 1..200 {
        let garbage: Vec<u8> = noise(seed).take(seed as usize * 17 % 3000).collect();
        found += frames(&mut decoder, &garbage).len();
        let got = frames(&mut decoder, &[&[0, 0][..], &sent, &[0]].concat());
        assert_eq!(got, [(Kind::Run, 6, b"df".to_vec())]);
    }
    assert_eq!(found, 0);
}

#[test]
fn kinds_that_are_unknown_are_dropped() {
    let known: Vec<u8> = Kind::ALL.iter().map(|kind| *kind as u8).collect();
    for number in 0..=255 {
        let mut body = vec![number, 0, 0];
        body.extend(CRC.checksum(&body).to_le_bytes());
        let mut bytes = cobs::encode_vec(&body);
        bytes.push(0);
        let got = frames(&mut Decoder::new(), &bytes);
        assert_eq!(got.len(), usize::from(known.contains(&number)));
    }
    assert_eq!(
        (Status::of(2), Status::of(3)),
        (Some(Status::Refused), None)
    );
}

#[test]
fn numbers_are_read_only_where_they_are() {
    let mut decoder = Decoder::new();
    let mut read = |payload: &[u8]| {
        let mut got = None;
        decoder.push(&line(Kind::End, 1, payload), &mut |frame| {
            got = Some((
                frame.number().map(|(n, rest)| (n, rest.len())),
                frame.numbers(),
            ));
        });
        got.unwrap()
    };
    assert_eq!(read(&[1, 2, 3]), (None, None));
    assert_eq!(read(&[1, 0, 0, 0, 9]), (Some((1, 1)), None));
    assert_eq!(
        read(&[1, 0, 0, 0, 2, 0, 0, 0]),
        (Some((1, 4)), Some((1, 2)))
    );
}

#[test]
fn values_keep_newlines_and_backslashes() {
    for value in ["", "plain", "a\nb", "\\", "\\n", "\n\n\\\\\n", "größer"] {
        let mut bytes = vec![];
        escape(value.as_bytes(), &mut |part| bytes.extend(part));
        let text = String::from_utf8(bytes).unwrap();
        assert!(!text.contains('\n'));
        let back: String = llext_wire::Fields::unescape(&text).collect();
        assert_eq!(back, value);
    }
}
