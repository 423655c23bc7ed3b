//! Notes: the GNU build-id, and the id of the exports that a file was built for.

use super::claim::Span;
use crate::elf::reader::{Checked, Reader};

const NT_GNU_BUILD_ID: u32 = 3;
/// Of the owner `llext`.
const NT_LLEXT_ABI: u32 = 1;
/// The longest owner that is known, with its NUL and padding.
const OWNER: usize = 8;
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
        loop {
            let mut bytes = [0; HEADER + OWNER];
            let note = self.span.read(reader, self.at, &mut bytes)?;
            let (Some(owner_size), Some(size), Some(kind)) =
                (word(note, 0), word(note, 4), word(note, 8))
            else {
                return Ok(None);
            };
            let start = self
                .at
                .saturating_add(HEADER)
                .saturating_add(padded(owner_size));
            let fits = start.saturating_add(size as usize) <= self.span.len();
            let owner = note.get(HEADER..).unwrap_or_default();
            self.at = start.saturating_add(padded(size));
            match (owner_size, kind, size) {
                (4, NT_GNU_BUILD_ID, 0..=0xff) if fits && owner.starts_with(b"GNU\0") => {
                    return Ok(Some(Note::BuildId(start as u32, size as u8)));
                }
                (6, NT_LLEXT_ABI, 4) if fits && owner.starts_with(b"llext\0") => {
                    let mut id = [0; 4];
                    self.span.read(reader, start, &mut id)?;
                    return Ok(Some(Note::Abi(u32::from_le_bytes(id))));
                }
                _ => {}
            }
        }
    }
}

fn padded(size: u32) -> usize {
    (size as usize).saturating_add(3) & !3
}

fn word(bytes: &[u8], offset: usize) -> Option<u32> {
    bytes
        .get(offset..)?
        .first_chunk()
        .map(|word| u32::from_le_bytes(*word))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SliceSource;

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
        let mut reader = Reader::new(&mut source);
        let span = Span::claim(&mut reader, 0, bytes.len(), "notes").unwrap();
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
