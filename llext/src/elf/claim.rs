//! Ranges and tables of a file, checked once (invariant 1).

use crate::error::LoadError;
use crate::source::Source;
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
    /// Believes that `size` bytes at `offset` lie in a file of `file_len` bytes, after checking it.
    pub(crate) fn claim(
        file_len: usize,
        offset: usize,
        size: usize,
        what: &'static str,
    ) -> Result<Self, LoadError> {
        match offset.checked_add(size) {
            Some(end) if end <= file_len => Ok(Self { offset, len: size }),
            _ => Err(LoadError::Truncated {
                what,
                offset,
                size,
                len: file_len,
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
        source: &mut dyn Source,
        at: usize,
        into: &'b mut [u8],
    ) -> Result<&'b mut [u8], LoadError> {
        let len = into.len().min(self.len.saturating_sub(at));
        let part = into.get_mut(..len).unwrap_or_default();
        if !part.is_empty() {
            source.read_at(self.offset.saturating_add(at), part)?;
        }
        Ok(part)
    }
}

impl Span {
    /// Reads chunk after chunk, whole ones but for the last, and calls `each` with their lengths in bytes.
    fn for_each_chunk(
        &self,
        source: &mut dyn Source,
        each: Visit<'_, Chunk>,
    ) -> Result<(), LoadError> {
        let mut chunk = Chunk([0; Chunk::LEN]);
        let mut at = 0usize;
        while at < self.len {
            let len = self.read(source, at, &mut chunk.0)?.len();
            each(source, len, &chunk)?;
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
pub(crate) type Visit<'v, T> =
    &'v mut dyn FnMut(&mut dyn Source, usize, &T) -> Result<(), LoadError>;

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
        source: &mut dyn Source,
        index: usize,
        view: impl FnOnce(&T) -> R,
    ) -> Result<Option<R>, LoadError> {
        if index >= self.len() {
            return Ok(None);
        }
        let mut chunk = Chunk([0; Chunk::LEN]);
        let record = chunk.0.get_mut(..size_of::<T>()).unwrap_or_default();
        self.span
            .read(source, index.saturating_mul(size_of::<T>()), record)?;
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
    pub(crate) fn for_each(
        &self,
        source: &mut dyn Source,
        each: Visit<'_, T>,
    ) -> Result<(), LoadError> {
        let mut index = 0;
        self.span.for_each_chunk(source, &mut |source, len, chunk| {
            for record in Self::records(chunk).iter().take(len / size_of::<T>()) {
                each(source, index, record)?;
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
        assert!(Span::claim(10, 0, 10, "x").is_ok());
        assert!(Span::claim(10, 10, 0, "x").is_ok());
        assert!(Span::claim(10, 1, 10, "x").is_err());
        assert!(Span::claim(10, usize::MAX, 2, "x").is_err());
    }

    #[test]
    fn a_table_is_read_in_chunks_and_leaves_a_broken_record_aside() {
        let bytes: Vec<u8> = (0..1003u32)
            .flat_map(u32::to_le_bytes)
            .chain([1, 2])
            .collect();
        let mut source = SliceSource::new(&bytes);
        let span = Span::claim(bytes.len(), 0, bytes.len(), "x").unwrap();
        let table = Table::<u32>::new(span);
        let mut seen = Vec::new();
        table
            .for_each(&mut source, &mut |_, index, &record| {
                assert_eq!(index as u32, record);
                seen.push(record);
                Ok(())
            })
            .unwrap();
        assert_eq!(seen.len(), 1003);
        assert_eq!(
            table.get(&mut source, 1002, |&record| record),
            Ok(Some(1002))
        );
        assert_eq!(table.get(&mut source, 1003, |&record| record), Ok(None));
    }
}
