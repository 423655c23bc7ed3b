//! What of a line a file gets: bytes on the wire at 115,200 8N1, in frames and by YMODEM.
//!
//! Printed by `cargo test -p llext-wire --test share -- --nocapture`; wire/README.md and bench/RESULTS.md have the figures.

use llext_wire::{CHUNK, Kind, WINDOW, encode};

/// A byte of 8N1 at 115,200 Bd, in microseconds.
const BYTE_US: f64 = 10.0 / 115_200.0 * 1e6;

/// Bytes of a file of a length that no block divides.
const LENGTH: usize = 100_000;

fn frame(kind: Kind, parts: &[&[u8]]) -> usize {
    let mut bytes = 0;
    encode(kind, 1, parts, &mut |piece| bytes += piece.len()).expect("it fits");
    bytes
}

/// Bytes without a pattern, so that stuffing has its usual work.
fn file() -> Vec<u8> {
    let mut state = 1u32;
    let next = |_| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    };
    (0..LENGTH).map(next).collect()
}

/// The share of the line that the file gets in frames, where an answer takes `delay_us`. The sender has a window, so it waits only
/// where an answer comes later than the rest of the window takes.
fn framed(delay_us: f64) -> f64 {
    let file = file();
    let frames = file.chunks(CHUNK).zip((0u32..).step_by(CHUNK));
    let data: usize = frames
        .map(|(piece, at)| frame(Kind::Data, &[&at.to_le_bytes(), piece]))
        .sum();
    let end = frame(Kind::End, &[&[0x5a; 8]]);
    let answer = frame(Kind::AckOut, &[&[0x5a; 8]]) as f64 * BYTE_US + delay_us;
    let count = LENGTH.div_ceil(CHUNK) as f64;
    let one = data as f64 / count * BYTE_US;
    let rest = (WINDOW / CHUNK - 1) as f64 * one;
    let waits = (answer - rest).max(0.0) * count;
    // The last answer is waited for in any case.
    let all = (data + end) as f64 * BYTE_US + waits + answer;
    100.0 * LENGTH as f64 * BYTE_US / all
}

/// The same by YMODEM with blocks of `size` bytes: each is answered before the next goes.
fn ymodem(size: usize, delay_us: f64) -> f64 {
    let blocks = LENGTH.div_ceil(size) as f64;
    let around = 3.0 + 2.0 + 1.0;
    let name_and_end = 2.0 * (128.0 + around) + 6.0;
    let bytes = blocks * (size as f64 + around) + name_and_end;
    100.0 * LENGTH as f64 * BYTE_US / (bytes * BYTE_US + (blocks + 4.0) * delay_us)
}

#[test]
fn a_file_gets_95_percent_of_the_line_in_frames() {
    let documents = [
        include_str!("../README.md"),
        include_str!("../../bench/RESULTS.md"),
    ];
    println!("| answer after | frames | YMODEM, 1,024 bytes | YMODEM, 128 bytes |");
    println!("|---|--:|--:|--:|");
    for (delay_ms, label) in [
        (0.0, "0 ms"),
        (1.0, "1 ms"),
        (16.0, "16 ms"),
        (100.0, "100 ms"),
    ] {
        let delay = delay_ms * 1000.0;
        let [frames, long, short] = [framed(delay), ymodem(1024, delay), ymodem(128, delay)];
        let row = format!("| {label} | {frames:.1} % | {long:.1} % | {short:.1} % |\n");
        print!("{row}");
        assert!(documents.iter().all(|text| text.contains(&row)), "{row}");
        assert!(frames >= 95.0, "{label}: {frames}");
        assert!(delay == 0.0 || frames > long, "{label}: {frames} {long}");
    }
}
