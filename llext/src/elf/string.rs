//! Tables of NUL-terminated names.

use super::claim::{Chunk, Span};
use super::reader::{Checked, Reader};
use super::refusal::Why;
use super::section::{SHT_STRTAB, Section};
use super::window::TEXTS;
use crate::memory::copy;
use crate::name::Name;

/// Bytes of a name that are read at a time.
const STEP: usize = 256;

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
        let mut chunk = Chunk::new();
        let last = match span.there(reader) {
            Some(there) => there.last().copied(),
            // With all names, which are soon asked for.
            None if span.len() <= Reader::SMALL => {
                let all = (span.offset(), span.len());
                chunk.bytes(reader, TEXTS, all)?.last().copied()
            }
            None => {
                let (end, mut last) = (span.behind(span.len().saturating_sub(1)), [0]);
                reader.read(end.offset(), &mut last)?;
                last.first().copied()
            }
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

    /// The bytes of the table from `offset` on, where they lie or in `chunk`: all of the name there, or its first 256
    /// bytes and perhaps more; none behind the end.
    #[inline(always)]
    pub(crate) fn text<'b, 's: 'b>(
        &self,
        reader: &mut Reader<'s>,
        offset: u32,
        chunk: &'b mut Chunk<'s>,
    ) -> Checked<&'b [u8]> {
        match self.there(reader, offset) {
            Some(there) => Ok(there),
            None => self.read_text(reader, offset, chunk),
        }
    }

    #[cold]
    fn read_text<'b, 's: 'b>(
        &self,
        reader: &mut Reader<'s>,
        offset: u32,
        chunk: &'b mut Chunk<'s>,
    ) -> Checked<&'b [u8]> {
        let rest = self.span.behind(offset as usize);
        let len = rest.len().min(STEP);
        if len == 0 {
            return Ok(&[]);
        }
        chunk.text(reader, (rest.offset(), len))
    }

    /// Calls `each` with the parts of the name at `offset`, without its NUL.
    fn parts(
        &self,
        reader: &mut Reader<'_>,
        mut offset: u32,
        each: &mut dyn FnMut(&[u8]),
    ) -> Checked<()> {
        loop {
            let mut chunk = Chunk::new();
            let text = self.text(reader, offset, &mut chunk)?;
            let part = until_nul(text);
            each(part);
            if part.len() == text.len() && !text.is_empty() {
                offset = offset.saturating_add(part.len() as u32);
            } else {
                return Ok(());
            }
        }
    }

    /// The name at `offset`, cut if it does not fit into `buffer`; empty if there is none.
    #[inline(never)]
    pub(crate) fn read<'b>(
        &self,
        reader: &mut Reader<'_>,
        offset: u32,
        buffer: &'b mut [u8],
    ) -> Checked<&'b [u8]> {
        let mut len = 0usize;
        self.parts(reader, offset, &mut |part| {
            let room = buffer.get_mut(len..).unwrap_or_default();
            copy(room, part);
            len = len.saturating_add(room.len().min(part.len()));
        })?;
        Ok(buffer.get(..len).unwrap_or_default())
    }

    /// Length of the name at `offset` in bytes, without its NUL.
    pub(crate) fn len_at(&self, reader: &mut Reader<'_>, offset: u32) -> Checked<usize> {
        let mut len = 0usize;
        self.parts(reader, offset, &mut |part| {
            len = len.saturating_add(part.len())
        })?;
        Ok(len)
    }

    /// Whether the bytes at `offset` are `wanted`: a name with its NUL.
    #[inline]
    pub(crate) fn matches(
        &self,
        reader: &mut Reader<'_>,
        offset: u32,
        wanted: &[u8],
    ) -> Checked<bool> {
        let mut chunk = Chunk::new();
        let text = match self.there(reader, offset) {
            Some(there) => there,
            None => {
                let rest = self.span.behind(offset as usize);
                let first = (rest.offset(), rest.len().min(wanted.len()));
                chunk.bytes(reader, TEXTS, first)?
            }
        };
        // The first letters as one word: nearly all names differ in them.
        let mut letters = text.iter();
        Ok(text.first_chunk::<4>() == wanted.first_chunk()
            && wanted.iter().all(|letter| letters.next() == Some(letter)))
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
