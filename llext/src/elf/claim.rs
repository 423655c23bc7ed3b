//! Ranges and tables of a file, checked once (invariant 1).

use super::class::Record;
use super::reader::{Checked, Reader};
use super::refusal::Why;
pub(crate) use super::window::{Chunk, WindowRoom, Windows};
use super::window::{HEADERS, RECORDS, TABLES};
use core::marker::PhantomData;
use core::mem::size_of;

/// A range that lies in the file.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Span {
    offset: usize,
    len: usize,
}

impl Span {
    /// No bytes.
    pub(crate) const EMPTY: Self = Self { offset: 0, len: 0 };

    /// Believes that `size` bytes at `offset` lie in the file, after checking it.
    #[inline(always)]
    pub(crate) fn claim(
        reader: &mut Reader<'_>,
        offset: usize,
        size: usize,
        what: Why,
    ) -> Checked<Self> {
        match Self::within(reader, offset, size) {
            Some(span) => Ok(span),
            None => reader.refuse(what, offset, size),
        }
    }

    /// The `size` bytes at `offset`, if they lie in the file.
    #[inline(always)]
    pub(crate) fn within(reader: &Reader<'_>, offset: usize, size: usize) -> Option<Self> {
        let len = reader.len();
        let fits = offset <= len && size <= len.wrapping_sub(offset);
        fits.then_some(Self { offset, len: size })
    }

    /// Its first `size` bytes; `None` if it has not so many.
    pub(crate) fn part(self, size: usize) -> Option<Self> {
        (size <= self.len).then_some(Self { len: size, ..self })
    }

    /// What lies behind its first `size` bytes.
    pub(crate) fn behind(self, size: usize) -> Self {
        let size = size.min(self.len);
        Self {
            offset: self.offset.saturating_add(size),
            len: self.len.saturating_sub(size),
        }
    }

    /// Calls `each` with the records of all of it, where they lie, or piece by piece as `chunk` has room for them, as long as it
    /// says how many bytes are left behind those that it has taken, which is none of them. How many it has taken at last.
    #[inline(always)]
    pub(crate) fn each_piece<'s, R: Record>(
        self,
        reader: &mut Reader<'s>,
        chunk: &mut Chunk<'s>,
        mut each: impl FnMut(&mut Reader<'s>, &[R]) -> Checked<usize>,
    ) -> Checked<usize> {
        let size = size_of::<R>();
        if let Some(all) = self.there(reader).and_then(R::view) {
            let left = each(reader, all)?;
            return Ok(all.len().wrapping_sub(left).wrapping_mul(size));
        }
        let mut rest = Table::<R>::new(self).span;
        while rest.len != 0 {
            let piece = chunk.piece(reader, (rest.offset, rest.len), size)?;
            let records = R::view(piece).unwrap_or_default();
            let left = each(reader, records)?;
            let taken = records.len().wrapping_sub(left).wrapping_mul(size);
            rest = rest.behind(taken);
            if left != 0 || taken == 0 {
                break;
            }
        }
        Ok(rest.offset.wrapping_sub(self.offset))
    }

    /// Length in bytes.
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// Offset in the file, in bytes.
    pub(crate) fn offset(&self) -> usize {
        self.offset
    }

    /// Whether a byte belongs to both.
    pub(crate) fn overlaps(&self, other: &Self) -> bool {
        // Both lie in the file.
        self.offset < other.offset + other.len && other.offset < self.offset + self.len
    }

    /// The bytes where they lie; `None` if they have to be read.
    #[inline(always)]
    pub(crate) fn there<'s>(&self, reader: &Reader<'s>) -> Option<&'s [u8]> {
        reader.there(self.offset, self.len)
    }

    /// Fills as much of `into` as there is from `at` on, and returns that part.
    #[inline(never)]
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

impl<T: Record> Table<T> {
    /// Believes in a table over `span`; bytes after its last whole record are left aside.
    #[inline]
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

    /// The range that the records lie in.
    pub(crate) fn span(&self) -> Span {
        self.span
    }

    /// Number of records.
    pub(crate) fn len(&self) -> usize {
        self.span.len / size_of::<T>()
    }

    /// All records where they lie; `None` if they have to be read, or lie unaligned.
    #[inline]
    pub(crate) fn there<'s>(&self, reader: &Reader<'s>) -> Option<&'s [T]> {
        T::view(self.span.there(reader)?)
    }

    /// The records that are read at once with record `index`, and the index of the first of them.
    pub(crate) fn batch_of(&self, reader: &Reader<'_>, index: usize) -> (usize, Self) {
        let len = reader.batch_len(size_of::<T>());
        let first = index - index % (len / size_of::<T>()).max(1);
        let behind = self.span.behind(first.saturating_mul(size_of::<T>()));
        let part = behind.part(len);
        (first, Self::new(part.unwrap_or(behind)))
    }

    /// Record `index` through `view`; `None` past the end.
    #[inline]
    pub(crate) fn get<R>(
        &self,
        reader: &mut Reader<'_>,
        index: usize,
        view: impl FnOnce(&T) -> R,
    ) -> Checked<Option<R>> {
        let mut chunk = Chunk::new();
        let record = (index, size_of::<T>());
        let record = self.span.record(reader, record, &mut chunk)?;
        Ok(match T::view(record) {
            Some([record, ..]) => Some(view(record)),
            _ => None,
        })
    }

    /// The records of a batch after the other.
    #[inline]
    pub(crate) fn cursor(&self) -> Cursor<T> {
        Cursor(*self)
    }
}

impl Span {
    /// Record `index` of those of `size` bytes, where it lies or in `chunk`, among those of its batch; none past the end.
    #[inline(never)]
    fn record<'b, 's: 'b>(
        &self,
        reader: &mut Reader<'s>,
        (index, size): (usize, usize),
        chunk: &'b mut Chunk<'s>,
    ) -> Checked<&'b [u8]> {
        let at = index.saturating_mul(size);
        if at.saturating_add(size) > self.len {
            return Ok(&[]);
        }
        match reader.there(self.offset.saturating_add(at), size) {
            Some(there) if there.as_ptr().cast::<u32>().is_aligned() => Ok(there),
            _ => {
                let before = at % reader.batch_len(size);
                let start = self.offset.saturating_add(at.saturating_sub(before));
                let which = if is_header(size) { HEADERS } else { RECORDS };
                let batch = (start, before.saturating_add(size));
                let batch = chunk.records(reader, which, batch)?;
                Ok(batch.get(before..).unwrap_or_default())
            }
        }
    }

    /// The next bytes of records of `size` bytes each: all of them where they lie, or as many as `chunk` has room for.
    /// None at the end. What is left is `self`.
    #[inline(never)]
    fn batch<'b, 's: 'b>(
        &mut self,
        reader: &mut Reader<'s>,
        size: usize,
        chunk: &'b mut Chunk<'s>,
    ) -> Checked<&'b [u8]> {
        let Self { offset, len } = *self;
        let taken = match reader.there(offset, len) {
            Some(there) if there.as_ptr().cast::<u32>().is_aligned() => {
                self.len = 0;
                return Ok(there);
            }
            _ if len == 0 => return Ok(&[]),
            _ => len.min(reader.batch_len(size)),
        };
        (self.offset, self.len) = (offset.saturating_add(taken), len.saturating_sub(taken));
        let which = if is_header(size) { HEADERS } else { TABLES };
        chunk.records(reader, which, (offset, taken))
    }
}

/// Whether records of this size are section headers: they are the largest ones.
fn is_header(size: usize) -> bool {
    size >= 40
}

/// The rest of a table that is gone through batch by batch.
pub(crate) struct Cursor<T>(Table<T>);

impl<T: Record> Cursor<T> {
    /// The same as `next`, for many short tables: without a call where the records lie in memory.
    #[inline(always)]
    pub(crate) fn soon<'b, 's: 'b>(
        &mut self,
        reader: &mut Reader<'s>,
        chunk: &'b mut Chunk<'s>,
    ) -> Checked<&'b [T]> {
        match self.0.there(reader) {
            Some(all) => {
                self.0.span.len = 0;
                Ok(all)
            }
            None => self.next(reader, chunk),
        }
    }

    /// Whether there are no more records.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.span.len == 0
    }

    /// The next records: all of them where they lie, or as many as `chunk` has room for. None at the end.
    #[inline(never)]
    pub(crate) fn next<'b, 's: 'b>(
        &mut self,
        reader: &mut Reader<'s>,
        chunk: &'b mut Chunk<'s>,
    ) -> Checked<&'b [T]> {
        let batch = self.0.span.batch(reader, size_of::<T>(), chunk)?;
        Ok(T::view(batch).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SliceSource;
    use crate::machine::ARM;
    use crate::source::{Source, SourceError};

    /// A source that does not show where its bytes lie.
    struct Copied<'b>(&'b [u8]);

    impl Source for Copied<'_> {
        fn len(&self) -> usize {
            self.0.len()
        }

        fn read_at(&mut self, offset: usize, into: &mut [u8]) -> Result<(), SourceError> {
            SliceSource::new(self.0).read_at(offset, into)
        }
    }

    #[test]
    fn a_span_lies_in_the_file() {
        let mut room = WindowRoom::new();
        let windows = Windows::new(&mut room);
        let mut source = SliceSource::new(&[0; 10]);
        let mut reader = Reader::new(&mut source, &windows);
        assert!(Span::claim(&mut reader, 0, 10, Why::NoSection).is_ok());
        assert!(Span::claim(&mut reader, 10, 0, Why::NoSection).is_ok());
        assert!(Span::claim(&mut reader, 1, 10, Why::NoSection).is_err());
        assert!(Span::claim(&mut reader, usize::MAX, 2, Why::NoSection).is_err());
        let (what, offset, size, len) = ("section", usize::MAX, 2, 10);
        assert_eq!(
            reader.reason(&ARM),
            crate::LoadError::Truncated {
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
        read_table(&mut SliceSource::new(&bytes));
        read_table(&mut Copied(&bytes));
    }

    fn read_table(source: &mut dyn Source) {
        let mut room = WindowRoom::new();
        let windows = Windows::new(&mut room);
        let mut reader = Reader::new(source, &windows);
        let len = reader.len();
        let span = Span::claim(&mut reader, 0, len, Why::NoSection).unwrap();
        let table = Table::<[u32; 1]>::new(span);
        assert_eq!(table.len(), 1003);
        let (mut cursor, mut chunk) = (table.cursor(), Chunk::new());
        let mut seen: Vec<u32> = Vec::new();
        loop {
            let batch = cursor.next(&mut reader, &mut chunk).unwrap();
            seen.extend(batch.iter().flatten());
            if batch.is_empty() {
                break;
            }
        }
        assert!(seen.iter().copied().eq(0..1003));
        assert_eq!(
            table.get(&mut reader, 1002, |&[record]| record),
            Ok(Some(1002))
        );
        assert_eq!(table.get(&mut reader, 1003, |&[record]| record), Ok(None));
    }
}
