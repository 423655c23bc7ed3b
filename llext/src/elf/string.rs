//! Tables of NUL-terminated names.

use super::claim::Span;
use super::section::Section;
use crate::elf::reader::{Checked, Reader};
use crate::name::Name;
use xmas_elf::sections::ShType;

/// Bytes that are read at a time: most names end within.
const STEP: usize = 48;

/// A string table. It ends in a NUL, so every name that begins in it also ends in it.
#[derive(Clone, Copy)]
pub(crate) struct Strings {
    span: Span,
}

impl Strings {
    /// Believes that `section` is a string table, after checking its type and its last byte; `None` if it is none.
    pub(crate) fn claim(reader: &mut Reader<'_>, section: &Section) -> Checked<Option<Self>> {
        let span = section.contents(reader, "string table")?;
        let mut last = [1];
        let last = span.read(reader, span.len().saturating_sub(1), &mut last)?;
        let terminated = section.kind == Some(ShType::StrTab) && *last == [0];
        Ok(terminated.then_some(Self { span }))
    }

    /// Whether a name begins at `offset`.
    pub(crate) fn has(&self, offset: u32) -> bool {
        (offset as usize) < self.span.len()
    }

    /// Bytes that begin with the name at `offset` and hold its NUL, unless that is too far away for `buffer`. None if no
    /// name begins there. Where the file lies in memory, they are all of the table that follows.
    pub(crate) fn text<'b, 's: 'b>(
        &self,
        reader: &mut Reader<'s>,
        offset: u32,
        buffer: &'b mut [u8],
    ) -> Checked<&'b [u8]> {
        let offset = offset as usize;
        if let Some(there) = self.span.there(reader) {
            return Ok(there.get(offset..).unwrap_or_default());
        }
        let mut len = 0usize;
        while len < buffer.len() {
            let end = buffer.len().min(len.saturating_add(STEP));
            let step = buffer.get_mut(len..end).unwrap_or_default();
            let step = self.span.read(reader, offset.saturating_add(len), step)?;
            len = len.saturating_add(step.len());
            if step.is_empty() || step.contains(&0) {
                break;
            }
        }
        Ok(buffer.get(..len).unwrap_or_default())
    }

    /// The name at `offset`, cut if it does not fit into `buffer`; empty if there is none.
    pub(crate) fn read<'b, 's: 'b>(
        &self,
        reader: &mut Reader<'s>,
        offset: u32,
        buffer: &'b mut [u8],
    ) -> Checked<&'b [u8]> {
        let room = buffer.len();
        let text = self.text(reader, offset, buffer)?;
        let text = text.get(..room).unwrap_or(text);
        Ok(text.split(|&byte| byte == 0).next().unwrap_or_default())
    }

    /// Length of the name at `offset` in bytes, without its NUL.
    pub(crate) fn len_at(&self, reader: &mut Reader<'_>, offset: u32) -> Checked<usize> {
        let mut len = 0usize;
        loop {
            let mut buffer = [0; STEP];
            let text = self.text(reader, offset.saturating_add(len as u32), &mut buffer)?;
            match text.iter().position(|&byte| byte == 0) {
                Some(nul) => return Ok(len.saturating_add(nul)),
                None if text.is_empty() => return Ok(len),
                None => len = len.saturating_add(text.len()),
            }
        }
    }

    /// Whether the bytes at `offset` are `wanted`: a name of less than 32 bytes with its NUL.
    pub(crate) fn matches(
        &self,
        reader: &mut Reader<'_>,
        offset: u32,
        wanted: &[u8],
    ) -> Checked<bool> {
        let mut buffer = [0; 32];
        let room = buffer.get_mut(..wanted.len()).unwrap_or_default();
        Ok(self.text(reader, offset, room)?.starts_with(wanted))
    }

    /// The name at `offset` for a message: empty if it cannot be read.
    #[cold]
    pub(crate) fn name(&self, reader: &mut Reader<'_>, offset: u32) -> Name {
        let mut buffer = [0; 64];
        match self.read(reader, offset, &mut buffer) {
            Ok(name) => Name::new(name),
            Err(_) => Name::EMPTY,
        }
    }
}
