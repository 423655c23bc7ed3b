//! The GNU build-id among the notes.

use super::claim::Span;
use crate::elf::reader::{Checked, Reader};

const NT_GNU_BUILD_ID: u32 = 3;
const NAME: &[u8; 4] = b"GNU\0";
/// Sizes of name and descriptor, and type: three words (gABI, "Note section").
const HEADER: usize = 12;

/// Where the build-id lies among the notes in `span`: offset and length in bytes.
pub(crate) fn find_build_id(reader: &mut Reader<'_>, span: &Span) -> Checked<Option<(u32, u8)>> {
    let mut at = 0usize;
    loop {
        let mut bytes = [0; HEADER + NAME.len()];
        let note = span.read(reader, at, &mut bytes)?;
        let (Some(name_size), Some(size), Some(kind)) =
            (word(note, 0), word(note, 4), word(note, 8))
        else {
            return Ok(None);
        };
        let description = at.saturating_add(HEADER).saturating_add(padded(name_size));
        let end = description.saturating_add(size as usize);
        let name = note.get(HEADER..);
        if kind == NT_GNU_BUILD_ID && name_size as usize == NAME.len() && name == Some(NAME) {
            let len = u8::try_from(size).ok().filter(|_| end <= span.len());
            return Ok(len.map(|len| (description as u32, len)));
        }
        at = description.saturating_add(padded(size));
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

    fn find(bytes: &[u8]) -> Option<(u32, u8)> {
        let mut source = SliceSource::new(bytes);
        let mut reader = Reader::new(&mut source);
        let span = Span::claim(&mut reader, 0, bytes.len(), "notes").unwrap();
        find_build_id(&mut reader, &span).unwrap()
    }

    #[test]
    fn finds_the_id_behind_other_notes() {
        assert_eq!(find(&note(b"GNU\0", 3, &[7; 20])), Some((16, 20)));
        let notes = [
            note(b"Zephyr\0", 3, b"x"),
            note(b"GNU\0", 1, b""),
            note(b"GNU\0", 3, &[7; 8]),
        ]
        .concat();
        assert_eq!(find(&notes), Some((56, 8)));
    }

    #[test]
    fn believes_no_note_that_ends_past_its_section() {
        let whole = note(b"GNU\0", 3, &[7; 20]);
        for len in 0..whole.len() {
            assert_eq!(find(&whole[..len]), None);
        }
        assert_eq!(find(&[0xff; 40]), None);
        assert_eq!(find(&[0; 40]), None);
    }
}
