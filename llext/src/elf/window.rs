//! What was read last of a file that has to be read, kept so that neighbours need no read of their own: names, single
//! records, small tables, small sections.
//!
//! A small file is read whole into their memory instead, each byte once. Of a larger one, tables that several phases go
//! through (section headers, relocations) are read by each of them, unless a window still holds them.

use super::reader::{Checked, Reader};
use crate::memory::{Room, copy};
use crate::source::{SourceError, SourceFault, UNKNOWN_LENGTH};
use core::cell::{Cell, RefCell, RefMut};

/// Bytes of a window: eleven section headers of 32 bits; other records may leave a rest.
pub(super) const LEN: usize = 440;

/// The window of section headers, which a phase goes through,
pub(super) const HEADERS: usize = 0;
/// that of relocations, or whatever else it goes through meanwhile,
pub(super) const TABLES: usize = 1;
/// that of symbols and other records that are asked for one by one, and of small contents,
pub(super) const RECORDS: usize = 2;
/// and that of names.
pub(super) const TEXTS: usize = 3;

/// A file of at most so many bytes is read whole.
const SMALL_FILE: usize = 3 * LEN;

/// What of a window is used for files that lie in memory: those need windows for tables that are not aligned alone. There is
/// room for four such windows beside a small file, and for a record of 64 bytes in each.
pub(super) const LEN_IN_MEMORY: usize = LEN / 4 / size_of::<u32>() * size_of::<u32>();

/// The memory of all windows.
pub(crate) type WindowRoom = Room<{ SMALL_FILE + LEN }>;

/// Some bytes of the file.
pub(crate) struct Window<'w> {
    offset: usize,
    /// How many there are: none before the first read, and after one that failed.
    len: usize,
    bytes: &'w mut [u8],
}

/// All windows. One that is in use is replaced by the next one.
pub(crate) struct Windows<'w> {
    windows: [RefCell<Window<'w>>; 4],
    /// Their memory, until it is needed.
    room: Cell<Option<&'w mut WindowRoom>>,
}

impl<'w> Windows<'w> {
    /// None of them holds anything.
    #[inline(always)]
    pub(crate) fn new(room: &'w mut WindowRoom) -> Self {
        let empty = Window::empty;
        Self {
            windows: [empty(), empty(), empty(), empty()],
            room: Cell::new(Some(room)),
        }
    }

    /// Memory for a whole file of `len` bytes, if that is small.
    pub(super) fn room_for_file(&self, len: usize) -> Option<&'w mut [u8]> {
        if len > SMALL_FILE {
            return None;
        }
        let all = self.room.take()?.first(SMALL_FILE + LEN);
        let (file, rest) = all.split_at_mut_checked(SMALL_FILE)?;
        self.share(rest, LEN_IN_MEMORY);
        file.get_mut(..len)
    }

    /// Gives each window `len` bytes of this memory.
    #[cold]
    fn share(&self, memory: &'w mut [u8], len: usize) {
        for (window, part) in self.windows.iter().zip(memory.chunks_mut(len)) {
            if let Ok(mut window) = window.try_borrow_mut() {
                window.bytes = part;
            }
        }
    }

    /// Window `which`, or the next one that is free.
    #[inline]
    fn free(&self, which: usize) -> Option<RefMut<'_, Window<'w>>> {
        if let Some(room) = self.room.take() {
            self.share(room.first(SMALL_FILE + LEN), LEN);
        }
        let mut windows = self.windows.get(which..).unwrap_or_default().iter();
        windows.find_map(|window| window.try_borrow_mut().ok())
    }
}

impl Window<'_> {
    #[inline(always)]
    fn empty() -> RefCell<Self> {
        RefCell::new(Self {
            offset: 0,
            len: 0,
            bytes: &mut [],
        })
    }

    /// `len` bytes from `at` on.
    #[inline]
    fn part(&self, at: usize, len: usize) -> &[u8] {
        let part = self.bytes.get(at..).and_then(|rest| rest.get(..len));
        part.unwrap_or_default()
    }

    /// Where in it the byte at `offset` is, and how many it holds from there on, if it holds any and as aligned as
    /// records have to be.
    #[inline]
    fn held(&self, offset: usize) -> Option<(usize, usize)> {
        let at = offset.wrapping_sub(self.offset);
        (at < self.len && at.is_multiple_of(align_of::<u32>())).then(|| (at, self.len - at))
    }

    /// Makes it begin at `offset` and hold `wanted` bytes, and those behind them that it has room for: what it holds of that
    /// is not read again.
    #[inline(never)]
    fn move_to(
        &mut self,
        reader: &mut Reader<'_>,
        (offset, wanted): (usize, usize),
    ) -> Checked<()> {
        let (at, mut held) = self.held(offset).unwrap_or_default();
        let whole = &mut *self.bytes;
        match whole.split_at_mut_checked(at) {
            Some((front, back)) if held <= at => copy(front, back.get(..held).unwrap_or_default()),
            _ => held = 0,
        }
        let len = match reader.len() {
            UNKNOWN_LENGTH => wanted,
            len => whole.len().min(len.saturating_sub(offset)),
        };
        let rest = whole.get_mut(held..len).unwrap_or_default();
        self.len = 0;
        reader.read(offset.saturating_add(held), rest)?;
        (self.offset, self.len) = (offset, len);
        Ok(())
    }
}

/// Borrows a window for as long as its bytes are looked at. For a file that lies in memory it never has one.
pub(crate) struct Chunk<'w>(Option<RefMut<'w, Window<'w>>>);

impl<'w> Chunk<'w> {
    /// Without a window yet.
    #[inline(always)]
    pub(crate) const fn new() -> Self {
        Self(None)
    }

    /// Its window: window `which`, or the next one that is free.
    #[inline]
    fn window(&mut self, reader: &mut Reader<'w>, which: usize) -> Checked<&mut Window<'w>> {
        if self.0.is_none() {
            self.0 = reader.windows.free(which);
        }
        match &mut self.0 {
            Some(window) => Ok(window),
            // There are as many as are used at a time.
            None => reader.failed(SourceError {
                offset: 0,
                wanted: LEN,
                reason: SourceFault::Memory,
            }),
        }
    }

    /// The `len` bytes at `offset`, which are in the file and have room, for records.
    pub(super) fn records(
        &mut self,
        reader: &mut Reader<'w>,
        which: usize,
        (offset, len): (usize, usize),
    ) -> Checked<&[u8]> {
        let window = self.window(reader, which)?;
        let at = match window.held(offset) {
            Some((at, held)) if held >= len => at,
            _ => {
                window.move_to(reader, (offset, len))?;
                0
            }
        };
        Ok(window.part(at, len))
    }

    /// The next records of `size` bytes each of a table that has `rest` bytes left at `offset`, which are in the file: in the
    /// window of tables, as many as it has room for.
    #[inline(always)]
    pub(crate) fn piece(
        &mut self,
        reader: &mut Reader<'w>,
        (offset, rest): (usize, usize),
        size: usize,
    ) -> Checked<&[u8]> {
        let len = rest.min(reader.batch_len(size));
        if let Some(window) = &self.0
            && let Some((at, held)) = window.held(offset)
            && held >= len
        {
            // Nearly always: of many small tables, a window holds some.
            return match &self.0 {
                Some(window) => Ok(window.part(at, len)),
                None => Ok(&[]),
            };
        }
        self.records(reader, TABLES, (offset, len))
    }

    /// The same, however they are aligned: `len` is at most [`Reader::SMALL`].
    pub(super) fn bytes(
        &mut self,
        reader: &mut Reader<'w>,
        which: usize,
        (offset, len): (usize, usize),
    ) -> Checked<&[u8]> {
        let odd = offset % align_of::<u32>();
        let wider = (offset.wrapping_sub(odd), len.saturating_add(odd));
        let bytes = self.records(reader, which, wider)?;
        Ok(bytes.get(odd..).unwrap_or_default())
    }

    /// The text at `offset`, as far as it ends within `len` bytes, and perhaps more of them.
    pub(super) fn text(
        &mut self,
        reader: &mut Reader<'w>,
        (offset, len): (usize, usize),
    ) -> Checked<&[u8]> {
        let odd = offset % align_of::<u32>();
        let (offset, wanted) = (offset.wrapping_sub(odd), len.saturating_add(odd));
        let window = self.window(reader, TEXTS)?;
        let (mut at, held) = window.held(offset).unwrap_or_default();
        let mut len = wanted.min(held);
        if held < wanted && !ends(window.part(at, len), odd) {
            window.move_to(reader, (offset, wanted))?;
            (at, len) = (0, wanted);
        }
        let text = window.part(at, len);
        Ok(text.get(odd..).unwrap_or_default())
    }
}

/// Whether a text ends in `bytes`, in which it begins at `start`.
fn ends(bytes: &[u8], start: usize) -> bool {
    bytes.get(start..).is_some_and(|text| text.contains(&0))
}
