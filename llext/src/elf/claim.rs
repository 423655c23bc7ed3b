//! Ranges and tables of a file, checked once (invariant 1).

use crate::elf::reader::{Checked, Reader};
use crate::error::LoadError;
use core::marker::PhantomData;
use core::mem::size_of;
use zero::Pod;

/// A range that lies in the file.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Span {
    offset: usize,
    len: usize,
}

impl Span {
    /// Believes that `size` bytes at `offset` lie in the file, after checking it.
    pub(crate) fn claim(
        reader: &mut Reader<'_>,
        offset: usize,
        size: usize,
        what: &'static str,
    ) -> Checked<Self> {
        let len = reader.len();
        match offset.checked_add(size) {
            Some(end) if end <= len => Ok(Self { offset, len: size }),
            _ => reader.refuse(LoadError::Truncated {
                what,
                offset,
                size,
                len,
            }),
        }
    }

    /// Length in bytes.
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// Fills as much of `into` as there is from `at` on, and returns that part.
    pub(crate) fn read<'b>(
        &self,
        reader: &mut Reader<'_>,
        at: usize,
        into: &'b mut [u8],
    ) -> Checked<&'b mut [u8]> {
        let len = into.len().min(self.len.saturating_sub(at));
        let part = into.get_mut(..len).unwrap_or_default();
        if !part.is_empty() {
            reader.read_at(self.offset.saturating_add(at), part)?;
        }
        Ok(part)
    }
}

impl Span {
    /// Reads chunk after chunk, whole ones but for the last, and calls `each` with their lengths in bytes.
    fn for_each_chunk(&self, reader: &mut Reader<'_>, each: Visit<'_, Chunk>) -> Checked<()> {
        let mut chunk = Chunk([0; Chunk::LEN]);
        let mut at = 0usize;
        while at < self.len {
            let len = self.read(reader, at, &mut chunk.0)?.len();
            each(reader, len, &chunk)?;
            at = at.saturating_add(len);
        }
        Ok(())
    }
}

/// Bytes that records are read into: aligned for all of them, and a multiple of each one's size
/// (40, 16, 12, 8 and 4).
#[repr(C, align(8))]
struct Chunk([u8; Chunk::LEN]);

impl Chunk {
    const LEN: usize = 480;
}

/// What is done with each record of a table, by its index (or with each chunk of it, by its length in bytes).
pub(crate) type Visit<'v, T> = &'v mut dyn FnMut(&mut Reader<'_>, usize, &T) -> Checked<()>;

/// A table of records in the file.
pub(crate) struct Table<T> {
    span: Span,
    _records: PhantomData<T>,
}

impl<T> Clone for Table<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Table<T> {}

impl<T: Pod> Table<T> {
    /// Believes in a table over `span`; bytes after its last whole record are left aside.
    pub(crate) fn new(span: Span) -> Self {
        let len = span.len - span.len % size_of::<T>();
        Self {
            span: Span {
                offset: span.offset,
                len,
            },
            _records: PhantomData,
        }
    }

    /// Number of records.
    pub(crate) fn len(&self) -> usize {
        self.span.len / size_of::<T>()
    }

    /// Record `index` through `view`; `None` past the end.
    pub(crate) fn get<R>(
        &self,
        reader: &mut Reader<'_>,
        index: usize,
        view: impl FnOnce(&T) -> R,
    ) -> Checked<Option<R>> {
        if index >= self.len() {
            return Ok(None);
        }
        let mut chunk = Chunk([0; Chunk::LEN]);
        let record = chunk.0.get_mut(..size_of::<T>()).unwrap_or_default();
        self.span
            .read(reader, index.saturating_mul(size_of::<T>()), record)?;
        Ok(Self::records(&chunk).first().map(view))
    }

    /// The records in a chunk. Its length and alignment are known when this is compiled, so that no check of
    /// `zero`'s is left to fail.
    fn records(chunk: &Chunk) -> &[T] {
        const {
            assert!(
                Chunk::LEN.is_multiple_of(size_of::<T>()) && align_of::<T>() <= align_of::<Chunk>()
            );
        }
        zero::read_array(&chunk.0)
    }

    /// Calls `each` for all records in order, with their indexes, and ends early when it fails.
    pub(crate) fn for_each(&self, reader: &mut Reader<'_>, each: Visit<'_, T>) -> Checked<()> {
        let mut index = 0;
        self.span.for_each_chunk(reader, &mut |reader, len, chunk| {
            for record in Self::records(chunk).iter().take(len / size_of::<T>()) {
                each(reader, index, record)?;
                index = index.saturating_add(1);
            }
            Ok(())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SliceSource;

    #[test]
    fn a_span_lies_in_the_file() {
        let mut source = SliceSource::new(&[0; 10]);
        let mut reader = Reader::new(&mut source);
        assert!(Span::claim(&mut reader, 0, 10, "x").is_ok());
        assert!(Span::claim(&mut reader, 10, 0, "x").is_ok());
        assert!(Span::claim(&mut reader, 1, 10, "x").is_err());
        assert!(Span::claim(&mut reader, usize::MAX, 2, "x").is_err());
        let (what, offset, size, len) = ("x", usize::MAX, 2, 10);
        assert_eq!(
            reader.reason(),
            LoadError::Truncated {
                what,
                offset,
                size,
                len
            }
        );
    }

    #[test]
    fn a_table_is_read_in_chunks_and_leaves_a_broken_record_aside() {
        let bytes: Vec<u8> = (0..1003u32)
            .flat_map(u32::to_le_bytes)
            .chain([1, 2])
            .collect();
        let mut source = SliceSource::new(&bytes);
        let mut reader = Reader::new(&mut source);
        let span = Span::claim(&mut reader, 0, bytes.len(), "x").unwrap();
        let table = Table::<u32>::new(span);
        let mut seen = Vec::new();
        table
            .for_each(&mut reader, &mut |_, index, &record| {
                assert_eq!(index as u32, record);
                seen.push(record);
                Ok(())
            })
            .unwrap();
        assert_eq!(seen.len(), 1003);
        assert_eq!(
            table.get(&mut reader, 1002, |&record| record),
            Ok(Some(1002))
        );
        assert_eq!(table.get(&mut reader, 1003, |&record| record), Ok(None));
    }
}
