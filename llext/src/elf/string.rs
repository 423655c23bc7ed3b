//! Tables of NUL-terminated names.

use super::claim::Span;
use super::reader::{Checked, Reader};
use super::refusal::Why;
use super::section::{SHT_STRTAB, Section};
use crate::name::Name;

/// Bytes that are read at a time: most names end within.
const STEP: usize = 48;

/// A string table. It ends in a NUL, so every name that begins in it also ends in it.
#[derive(Clone, Copy)]
pub(crate) struct Strings {
    span: Span,
}

impl Strings {
    /// A table without names.
    pub(crate) const NONE: Self = Self { span: Span::EMPTY };

    /// Believes that `section` is a string table, after checking its type and its last byte; `None` if it is none.
    pub(crate) fn claim(reader: &mut Reader<'_>, section: &Section) -> Checked<Option<Self>> {
        let span = section.contents(reader, Why::NoStrings)?;
        match section.kind {
            SHT_STRTAB => Self::of_span(reader, span),
            _ => Ok(None),
        }
    }

    /// Believes that `span` is a string table, after checking its last byte; `None` if it is none.
    pub(crate) fn of_span(reader: &mut Reader<'_>, span: Span) -> Checked<Option<Self>> {
        let end = span.len().saturating_sub(1);
        let last = match span.there(reader) {
            Some(there) => there.last().copied(),
            None => span.read(reader, end, &mut [0])?.first().copied(),
        };
        Ok((last == Some(0)).then_some(Self { span }))
    }

    /// The range that the names lie in.
    pub(crate) fn span(&self) -> Span {
        self.span
    }

    /// Whether a name begins at `offset`.
    pub(crate) fn has(&self, offset: u32) -> bool {
        (offset as usize) < self.span.len()
    }

    /// The bytes of the table from `offset` on, if they can be used where they lie; none behind its end.
    #[inline(always)]
    pub(crate) fn there<'s>(&self, reader: &Reader<'s>, offset: u32) -> Option<&'s [u8]> {
        let there = self.span.there(reader)?;
        Some(there.get(offset as usize..).unwrap_or_default())
    }

    /// As many bytes from `offset` on as there are and `buffer` has room for, but none more than 48 bytes behind a NUL.
    pub(crate) fn copy<'b>(
        &self,
        reader: &mut Reader<'_>,
        offset: u32,
        buffer: &'b mut [u8],
    ) -> Checked<&'b [u8]> {
        let mut len = 0usize;
        while len < buffer.len() {
            let end = buffer.len().min(len.saturating_add(STEP));
            let step = buffer.get_mut(len..end).unwrap_or_default();
            let at = (offset as usize).saturating_add(len);
            let step = self.span.read(reader, at, step)?;
            len = len.saturating_add(step.len());
            if step.is_empty() || step.contains(&0) {
                break;
            }
        }
        Ok(buffer.get(..len).unwrap_or_default())
    }

    /// The name at `offset`, cut if it does not fit into `buffer`; empty if there is none.
    pub(crate) fn read<'b>(
        &self,
        reader: &mut Reader<'_>,
        offset: u32,
        buffer: &'b mut [u8],
    ) -> Checked<&'b [u8]> {
        let text = self.copy(reader, offset, buffer)?;
        Ok(until_nul(text))
    }

    /// Length of the name at `offset` in bytes, without its NUL.
    pub(crate) fn len_at(&self, reader: &mut Reader<'_>, offset: u32) -> Checked<usize> {
        if let Some(there) = self.there(reader, offset) {
            return Ok(until_nul(there).len());
        }
        let mut len = 0usize;
        loop {
            let mut buffer = [0; STEP];
            let text = self.read(reader, offset.saturating_add(len as u32), &mut buffer)?;
            len = len.saturating_add(text.len());
            if text.len() < STEP {
                return Ok(len);
            }
        }
    }

    /// Whether the bytes at `offset` are `wanted`: a name of less than 32 bytes with its NUL.
    #[inline]
    pub(crate) fn matches(
        &self,
        reader: &mut Reader<'_>,
        offset: u32,
        wanted: &[u8],
    ) -> Checked<bool> {
        let mut buffer;
        let text = match self.there(reader, offset) {
            Some(there) => there,
            None => {
                buffer = [0; 32];
                let room = buffer.get_mut(..wanted.len()).unwrap_or_default();
                self.copy(reader, offset, room)?
            }
        };
        // The first letters as one word: nearly all names differ in them.
        Ok(text.first_chunk::<4>() == wanted.first_chunk() && text.starts_with(wanted))
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

/// `bytes` up to the first NUL.
pub(crate) fn until_nul(bytes: &[u8]) -> &[u8] {
    let len = bytes.iter().position(|&byte| byte == 0);
    bytes.get(..len.unwrap_or(bytes.len())).unwrap_or_default()
}
