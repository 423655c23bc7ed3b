//! The file to load, from wherever a firmware may have it.

use llext::{FilePlace, InPlace, PersistentSlice, SliceSource, Source, SourceError, WritableSlice};

use crate::cpu;

/// Calls `then` with the file as a source of this kind: `copied`, `persistent` or `writable` memory, where `file` is its length,
/// or `littlefs`, where it is its path.
pub fn open<R>(kind: &str, file: &str, then: &mut dyn FnMut(&mut dyn Source) -> R) -> Option<R> {
    if kind == "littlefs" {
        return crate::stored::open(file, then);
    }
    let bytes = copied_in(file.parse().ok()?)?;
    match kind {
        "copied" => Some(then(&mut SliceSource::new(bytes))),
        "persistent" => Some(then(&mut PersistentSlice::new(bytes))),
        "writable" => Some(then(&mut WritableSlice::new(bytes))),
        _ => None,
    }
}

/// The file from the board's storage, in RAM. Called again only when nobody uses the one before.
fn copied_in(length: usize) -> Option<&'static mut [u8]> {
    if length > cpu::BUFFER.len() {
        return None;
    }
    let from = core::ptr::with_exposed_provenance::<u32>(cpu::STORAGE);
    let into = core::ptr::with_exposed_provenance_mut::<u32>(cpu::BUFFER.start);
    // SAFETY: the board has both, they hold `length` bytes and more, and nobody else uses the buffer.
    unsafe {
        into.copy_from_nonoverlapping(from, length.div_ceil(4));
        Some(core::slice::from_raw_parts_mut(into.cast(), length))
    }
}

/// Memory for counts of a file's bytes, where no file lies that is read from elsewhere.
fn counts(kind: &str, length: usize) -> Option<&'static mut [u8]> {
    if kind != "littlefs" || length > cpu::BUFFER.len() {
        return None;
    }
    let at = core::ptr::with_exposed_provenance_mut::<u8>(cpu::BUFFER.start);
    // SAFETY: the board has it, and nobody else uses it: `copied_in` is not called for this kind.
    unsafe {
        at.write_bytes(0, length);
        Some(core::slice::from_raw_parts_mut(at, length))
    }
}

/// A source that notes reads.
pub struct Watched<'s> {
    inner: &'s mut dyn Source,
    /// How often each byte was read; only of files that do not lie in memory.
    pub times: Option<&'static mut [u8]>,
    /// Calls of `read_at`.
    pub reads: u32,
    /// Bytes that they read.
    pub bytes: usize,
    /// Ticks of the timer within them.
    pub ticks: u32,
}

impl<'s> Watched<'s> {
    /// The same as `inner`, a source of this kind.
    pub fn new(kind: &str, inner: &'s mut dyn Source) -> Self {
        Watched {
            times: counts(kind, inner.len()),
            inner,
            reads: 0,
            bytes: 0,
            ticks: 0,
        }
    }
}

impl Source for Watched<'_> {
    fn len(&self) -> usize {
        self.inner.len()
    }

    fn read_at(&mut self, offset: usize, into: &mut [u8]) -> Result<(), SourceError> {
        self.reads += 1;
        self.bytes += into.len();
        let times = self.times.as_mut();
        let read = times.and_then(|times| times.get_mut(offset..)?.get_mut(..into.len()));
        read.into_iter().flatten().for_each(|times| *times += 1);
        let start = cpu::ticks();
        let result = self.inner.read_at(offset, into);
        self.ticks += cpu::ticks().wrapping_sub(start);
        result
    }

    fn peek(&self) -> Option<&[u8]> {
        self.inner.peek()
    }

    fn in_place(&mut self) -> Option<InPlace> {
        self.inner.in_place()
    }

    fn place(&self) -> Option<FilePlace> {
        self.inner.place()
    }
}
