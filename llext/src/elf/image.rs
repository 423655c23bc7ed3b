//! Linked files (`ET_DYN`: shared libraries and position-independent executables): what their program headers say.
//!
//! A linker fixed the distances between the segments, so that they are loaded as one *image*. Addresses here are the linker's:
//! `p_vaddr`, and what symbols and relocations count in.

use super::claim::{Chunk, Span, Table};
use super::class::Class;
use super::reader::{Checked, Reader};
use super::refusal::Why;
use crate::memory::Held;
use core::ops::Range;
use xmas_elf::program::{FLAG_W, FLAG_X};

// `xmas-elf` has these as an enum alone.
const PT_LOAD: u32 = 1;
const PT_DYNAMIC: u32 = 2;
const PT_TLS: u32 = 7;

/// A program header. Its numbers are claims until `Image::claim` has checked them.
#[derive(Clone, Copy)]
pub(crate) struct Segment {
    /// Its type.
    pub(crate) kind: u32,
    /// `p_flags`
    pub(crate) flags: u32,
    /// Offset of its contents in the file.
    pub(crate) offset: usize,
    /// `p_vaddr`
    pub(crate) address: usize,
    /// Bytes in the file.
    pub(crate) file_size: usize,
    /// Bytes in memory.
    pub(crate) size: usize,
    /// `p_align`
    pub(crate) align: usize,
}

impl Segment {
    /// Whether it is a part of the image that is loaded.
    fn is_loaded(&self) -> bool {
        self.kind == PT_LOAD && self.size != 0
    }
}

/// The image of a file: checked segments, which follow each other in memory.
pub(crate) struct Image<C: Class> {
    headers: Table<C::Segment>,
    /// The addresses from the first segment's first byte to the last one's last.
    addresses: Range<usize>,
    /// The largest `p_align`, in bytes.
    pub(crate) align: usize,
    /// Addresses of what is executed, of constants behind that, and of what is written.
    executed: Range<usize>,
    constants: Range<usize>,
    written: Range<usize>,
    /// The contents of `PT_DYNAMIC`.
    pub(crate) dynamic: Option<Span>,
}

/// Parts of an image by use, as offsets in it. They follow each other in this or another order, or are empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Views {
    /// Executed.
    pub(crate) text: Range<usize>,
    /// Read alone.
    pub(crate) rodata: Range<usize>,
    /// Written, zeroed data included.
    pub(crate) data: Range<usize>,
}

impl<C: Class> Image<C> {
    /// Believes in the `count` program headers at `offset`, and in the segments that they tell of, after checking them.
    pub(crate) fn claim(reader: &mut Reader<'_>, offset: usize, count: usize) -> Checked<Self> {
        let size = count.saturating_mul(size_of::<C::Segment>());
        let span = Span::claim(reader, offset, size, Why::NoSegmentHeaders)?;
        let mut image = Self {
            headers: Table::new(span),
            addresses: 0..0,
            align: 1,
            executed: 0..0,
            constants: 0..0,
            written: 0..0,
            dynamic: None,
        };
        let (mut cursor, mut chunk, mut index) = (image.headers.cursor(), Chunk::new(), 0);
        loop {
            let batch = cursor.next(reader, &mut chunk)?;
            if batch.is_empty() {
                break;
            }
            for record in batch {
                image.add(reader, index, &C::segment(record))?;
                index = index.saturating_add(1);
            }
        }
        match image.addresses.is_empty() {
            true => reader.refuse(Why::SegmentType, index, 0),
            false => Ok(image),
        }
    }

    fn add(&mut self, reader: &mut Reader<'_>, index: usize, segment: &Segment) -> Checked<()> {
        match segment.kind {
            PT_LOAD if segment.size != 0 => self.add_loaded(reader, index, segment),
            PT_DYNAMIC => {
                let (offset, size) = (segment.offset, segment.file_size);
                self.dynamic = Some(Span::claim(reader, offset, size, Why::NoDynamic)?);
                Ok(())
            }
            PT_TLS if segment.size != 0 => reader.refuse(Why::ThreadLocal, 0, 0),
            _ => Ok(()),
        }
    }

    /// A part of the image. The ELF specification has them in the order of their addresses.
    fn add_loaded(
        &mut self,
        reader: &mut Reader<'_>,
        index: usize,
        segment: &Segment,
    ) -> Checked<()> {
        let &Segment {
            offset,
            address,
            file_size,
            size,
            align,
            flags,
            ..
        } = segment;
        if file_size > size {
            return reader.refuse(Why::SegmentFileSize, index, file_size);
        }
        let _ = Span::claim(reader, offset, file_size, Why::NoSegment)?;
        if align != 0 && !align.is_power_of_two() {
            return reader.refuse(Why::SegmentAlign, index, align);
        }
        if self.addresses.is_empty() {
            self.addresses = address..address;
        }
        let Some(end) = address
            .checked_add(size)
            .filter(|_| address >= self.addresses.end)
        else {
            return reader.refuse(Why::SegmentAddress, index, address);
        };
        self.addresses.end = end;
        self.align = self.align.max(align);
        if self.addresses.len() >= Held::LIMIT {
            return reader.refuse(Why::Image, Held::LIMIT, 0);
        }
        let used = match (flags & FLAG_W != 0, flags & FLAG_X != 0) {
            (true, _) => &mut self.written,
            (_, true) => &mut self.executed,
            _ => &mut self.constants,
        };
        if used.start == used.end {
            used.start = address;
        }
        used.end = end;
        Ok(())
    }

    /// Address of the first byte.
    pub(crate) fn start(&self) -> usize {
        self.addresses.start
    }

    /// The image's first byte once it is aligned to `align`, a power of two, and its length from there. Both count in the
    /// linker's addresses, which keep their distance modulo the alignment.
    pub(crate) fn extent(&self, align: usize) -> (usize, usize) {
        let start = self.addresses.start & !align.wrapping_sub(1);
        (start, self.addresses.end.wrapping_sub(start))
    }

    /// The parts of an image of `len` bytes from `start`: all of it is in one of them. What lies behind the image belongs
    /// to what is written. Segments in an order that no linker makes are all text.
    pub(crate) fn views(&self, start: usize, len: usize) -> Views {
        let offset = |address: usize| address.wrapping_sub(start).min(len);
        let image_end = offset(self.addresses.end);
        let data = match self.written.is_empty() {
            true => image_end..len,
            false => offset(self.written.start)..len,
        };
        if self.executed.is_empty() {
            return Views {
                text: 0..0,
                rodata: 0..data.start,
                data,
            };
        }
        let executed = offset(self.executed.start)..offset(self.executed.end);
        let sorted = executed.end <= data.start
            && (self.constants.is_empty() || offset(self.constants.end) <= data.start);
        if !sorted {
            return Views {
                text: 0..len,
                rodata: 0..0,
                data: len..len,
            };
        }
        if !self.constants.is_empty() && offset(self.constants.end) > executed.end {
            return Views {
                text: 0..executed.end,
                rodata: executed.end..data.start,
                data,
            };
        }
        Views {
            text: executed.start..data.start,
            rodata: 0..executed.start,
            data,
        }
    }

    /// Where the `size` bytes at `address` lie in the file; `None` if they do not lie in one segment's part of it.
    pub(crate) fn find(
        &self,
        reader: &mut Reader<'_>,
        address: usize,
        size: usize,
    ) -> Checked<Option<Span>> {
        let rest = self.rest(reader, address)?;
        Ok(rest.and_then(|rest| rest.part(size)))
    }

    /// What the file has of the image from `address` on, to the end of the segment that holds it.
    #[inline(never)]
    pub(crate) fn rest(&self, reader: &mut Reader<'_>, address: usize) -> Checked<Option<Span>> {
        let mut found = None;
        self.each(reader, &mut |_, segment, start| {
            if let Some(at) = address.checked_sub(start).filter(|&at| at < segment.len()) {
                found = Some(segment.behind(at));
            }
            Ok(())
        })?;
        Ok(found)
    }

    /// Calls `each` for every segment that is loaded: what the file has of it, and the address of its first byte.
    pub(crate) fn each(
        &self,
        reader: &mut Reader<'_>,
        each: &mut dyn FnMut(&mut Reader<'_>, Span, usize) -> Checked<()>,
    ) -> Checked<()> {
        for index in 0..self.headers.len() {
            let segment = self.headers.get(reader, index, C::segment)?;
            if let Some(segment) = segment.filter(Segment::is_loaded) {
                let (offset, size) = (segment.offset, segment.file_size);
                let span = Span::claim(reader, offset, size, Why::NoSegment)?;
                each(reader, span, segment.address)?;
            }
        }
        Ok(())
    }
}
