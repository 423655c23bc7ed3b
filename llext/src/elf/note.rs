//! Notes: the GNU build-id, and the id of the exports that a file was built for.

use super::claim::Span;
use crate::elf::reader::{Checked, Reader};

/// Owner and type of the build-id.
const GNU: u32 = u32::from_le_bytes(*b"GNU\0");
const NT_GNU_BUILD_ID: u32 = 3;
/// Owner, padded to words, and type of an [`AbiId`](crate::AbiId).
const LLEXT: [u32; 2] = [
    u32::from_le_bytes(*b"llex"),
    u32::from_le_bytes(*b"t\0\0\0"),
];
const NT_LLEXT_ABI: u32 = 1;
/// Sizes of owner and descriptor, and type: three words (gABI, "Note section").
const HEADER: usize = 12;

/// A note that the loader knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Note {
    /// The build-id is so many bytes at this offset of the section.
    BuildId(u32, u8),
    /// The [`AbiId`](crate::AbiId) of the exports that the file was built for.
    Abi(u32),
}

/// The notes of one section.
pub(crate) struct Notes {
    span: Span,
    at: usize,
}

impl Notes {
    pub(crate) fn new(span: Span) -> Self {
        Self { span, at: 0 }
    }

    /// The next note that the loader knows.
    pub(crate) fn next(&mut self, reader: &mut Reader<'_>) -> Checked<Option<Note>> {
        // The header, an owner of up to two words, and a descriptor of one. What a note does not reach is not looked at.
        let mut words = [0; HEADER + 12];
        loop {
            let read = self.span.read(reader, self.at, &mut words)?.len();
            if read < HEADER {
                return Ok(None);
            }
            let (owner_size, size, kind) = (word(&words, 0), word(&words, 4), word(&words, 8));
            let (owner, more, id) = (word(&words, 12), word(&words, 16), word(&words, 20));
            let start = self
                .at
                .saturating_add(HEADER)
                .saturating_add(padded(owner_size));
            let fits = start.saturating_add(size as usize) <= self.span.len();
            self.at = start.saturating_add(padded(size));
            if fits && (owner_size, owner, kind) == (4, GNU, NT_GNU_BUILD_ID) && size <= 0xff {
                return Ok(Some(Note::BuildId(start as u32, size as u8)));
            }
            if fits && (owner_size, [owner, more], kind, size) == (6, LLEXT, NT_LLEXT_ABI, 4) {
                return Ok(Some(Note::Abi(id)));
            }
        }
    }
}

fn padded(size: u32) -> usize {
    (size as usize).saturating_add(3) & !3
}

fn word(bytes: &[u8], offset: usize) -> u32 {
    let word = bytes.get(offset..).and_then(<[u8]>::first_chunk);
    word.map_or(0, |word| u32::from_le_bytes(*word))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SliceSource;
    use crate::elf::claim::{WindowRoom, Windows};
    use crate::elf::refusal::Why;

    fn note(name: &[u8], kind: u32, description: &[u8]) -> Vec<u8> {
        let mut bytes = Vec::new();
        bytes.extend((name.len() as u32).to_le_bytes());
        bytes.extend((description.len() as u32).to_le_bytes());
        bytes.extend(kind.to_le_bytes());
        for part in [name, description] {
            bytes.extend(part);
            bytes.resize(bytes.len().next_multiple_of(4), 0);
        }
        bytes
    }

    fn find(bytes: &[u8]) -> Vec<Note> {
        let mut source = SliceSource::new(bytes);
        let mut room = WindowRoom::new();
        let windows = Windows::new(&mut room);
        let mut reader = Reader::new(&mut source, &windows);
        let span = Span::claim(&mut reader, 0, bytes.len(), Why::NoNotes).unwrap();
        let mut notes = Notes::new(span);
        let found = core::iter::from_fn(|| notes.next(&mut reader).unwrap()).collect();
        assert_eq!(notes.next(&mut reader), Ok(None));
        found
    }

    #[test]
    fn finds_ids_among_other_notes() {
        let build_id = note(b"GNU\0", 3, &[7; 20]);
        assert_eq!(find(&build_id), [Note::BuildId(16, 20)]);
        let notes = [
            note(b"Zephyr\0", 3, b"x"),
            note(b"GNU\0", 1, b""),
            note(b"llext\0", 1, &[0x78, 0x56, 0x34, 0x12]),
            note(b"GNU\0", 3, &[7; 8]),
            note(b"llext\0", 1, &[1, 0, 0, 0]),
            note(b"llext\0", 2, &[1, 0, 0, 0]),
            note(b"llext\0", 1, &[1, 0, 0]),
            note(b"llexT\0", 1, &[1, 0, 0, 0]),
        ]
        .concat();
        let found = [Note::Abi(0x1234_5678), Note::BuildId(80, 8), Note::Abi(1)];
        assert_eq!(find(&notes), found);
    }

    #[test]
    fn believes_no_note_that_ends_past_its_section() {
        for whole in [note(b"GNU\0", 3, &[7; 20]), note(b"llext\0", 1, &[7; 4])] {
            for len in 0..whole.len() {
                assert_eq!(find(&whole[..len]), []);
            }
        }
        assert_eq!(find(&[0xff; 40]), []);
        assert_eq!(find(&[0; 40]), []);
    }
}
