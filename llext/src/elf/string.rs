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

    /// The name at `offset`, read into `buffer`; cut, if it does not fit. `None` if there is none.
    pub(crate) fn read<'b>(
        &self,
        reader: &mut Reader<'_>,
        offset: u32,
        buffer: &'b mut [u8],
    ) -> Checked<Option<&'b [u8]>> {
        if !self.has(offset) {
            return Ok(None);
        }
        let mut len = 0usize;
        while len < buffer.len() {
            let end = buffer.len().min(len.saturating_add(STEP));
            let step = buffer.get_mut(len..end).unwrap_or_default();
            let step = self
                .span
                .read(reader, (offset as usize).saturating_add(len), step)?;
            let read = step.len();
            if let Some(nul) = step.iter().position(|&byte| byte == 0) {
                return Ok(buffer.get(..len.saturating_add(nul)));
            }
            len = len.saturating_add(read);
            if read == 0 {
                break;
            }
        }
        Ok(buffer.get(..len))
    }

    /// Length of the name at `offset` in bytes, without its NUL.
    pub(crate) fn len_at(&self, reader: &mut Reader<'_>, offset: u32) -> Checked<usize> {
        let mut len = 0usize;
        loop {
            let mut buffer = [0; STEP];
            let step =
                self.span
                    .read(reader, (offset as usize).saturating_add(len), &mut buffer)?;
            match step.iter().position(|&byte| byte == 0) {
                Some(nul) => return Ok(len.saturating_add(nul)),
                None if step.is_empty() => return Ok(len),
                None => len = len.saturating_add(step.len()),
            }
        }
    }

    /// Whether the name at `offset` is `wanted`, a name of less than 32 bytes.
    pub(crate) fn matches(
        &self,
        reader: &mut Reader<'_>,
        offset: u32,
        wanted: &[u8],
    ) -> Checked<bool> {
        let mut buffer = [0; 32];
        let len = wanted.len().saturating_add(1).min(buffer.len());
        let head = self.read(reader, offset, buffer.get_mut(..len).unwrap_or_default())?;
        Ok(head.is_some_and(|head| head == wanted))
    }

    /// The name at `offset` for a message: empty if it cannot be read.
    #[cold]
    pub(crate) fn name(&self, reader: &mut Reader<'_>, offset: u32) -> Name {
        let mut buffer = [0; 64];
        match self.read(reader, offset, &mut buffer) {
            Ok(Some(name)) => Name::new(name),
            _ => Name::EMPTY,
        }
    }
}
