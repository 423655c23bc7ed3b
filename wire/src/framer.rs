//! Frames out of what is written a little at a time.

use core::sync::atomic::{AtomicBool, AtomicU8, AtomicU16, AtomicUsize, Ordering::Relaxed};

use crate::{Kind, Status, TooLong, encode};

/// Bytes that wait for more of their kind: a frame takes nine more than its payload.
pub const WAITING: usize = 128;

/// Where the bytes of frames go.
pub type Sink<'a> = &'a mut dyn FnMut(&[u8]);

/// Makes frames of a request out of text, output and fields as they are written, and counts them.
///
/// What is written waits until there are `N` bytes of it, until something of another kind is written, or for [`flush`](Self::flush);
/// [`Kind::Output`] also leaves at the end of each line. What is sent was copied before: a writer that faults while it reads
/// what it writes leaves no half frame behind.
///
/// The state is in relaxed atomics, used as cells: it can be in a `static`, and writers take turns.
pub struct Framer<const N: usize = WAITING> {
    waiting: [AtomicU8; N],
    used: AtomicUsize,
    kind: AtomicU8,
    id: AtomicU16,
    sent: AtomicU16,
    /// A frame is being sent; if one is when the next begins, it was cut.
    sending: AtomicBool,
}

impl<const N: usize> Framer<N> {
    /// A framer for the request 0.
    pub const fn new() -> Self {
        Self {
            waiting: [const { AtomicU8::new(0) }; N],
            used: AtomicUsize::new(0),
            kind: AtomicU8::new(Kind::Text as u8),
            id: AtomicU16::new(0),
            sent: AtomicU16::new(0),
            sending: AtomicBool::new(false),
        }
    }

    /// From now on all is of the request `id`, which has sent nothing yet. What waited is forgotten.
    pub fn begin(&self, id: u16) {
        self.used.store(0, Relaxed);
        self.id.store(id, Relaxed);
        self.sent.store(0, Relaxed);
    }

    /// The request.
    pub fn request(&self) -> u16 {
        self.id.load(Relaxed)
    }

    /// How many frames it has sent.
    pub fn sent(&self) -> u16 {
        self.sent.load(Relaxed)
    }

    /// Takes `bytes` of [`Kind::Text`], [`Kind::Output`] or [`Kind::Fields`].
    pub fn write(&self, kind: Kind, bytes: &[u8], sink: Sink<'_>) {
        if self.kind.load(Relaxed) != kind as u8 {
            self.flush(sink);
            self.kind.store(kind as u8, Relaxed);
        }
        for &byte in bytes {
            let used = self.used.load(Relaxed);
            if let Some(place) = self.waiting.get(used) {
                place.store(byte, Relaxed);
                self.used.store(used + 1, Relaxed);
            }
            if used + 1 >= N || (kind == Kind::Output && byte == b'\n') {
                self.flush(sink);
            }
        }
    }

    /// Sends what waits.
    pub fn flush(&self, sink: Sink<'_>) {
        let used = self.used.swap(0, Relaxed);
        let mut bytes = [0; N];
        for (byte, waiting) in bytes.iter_mut().zip(&self.waiting) {
            *byte = waiting.load(Relaxed);
        }
        let payload = bytes.get(..used).unwrap_or_default();
        if let (Some(kind), false) = (Kind::of(self.kind.load(Relaxed)), payload.is_empty()) {
            // It fits, unless somebody has it hold more than a frame.
            let _ = self.now(kind, &[payload], sink);
        }
    }

    /// Sends a frame, after what waits.
    pub fn send(&self, kind: Kind, payload: &[&[u8]], sink: Sink<'_>) -> Result<(), TooLong> {
        self.flush(sink);
        self.now(kind, payload, sink)
    }

    /// Ends the request. Returns what [`repeat`](Self::repeat) sends again.
    pub fn done(&self, status: Status, sink: Sink<'_>) -> Done {
        self.flush(sink);
        let done = Done {
            status,
            frames: self.sent(),
        };
        self.repeat(done, sink);
        done
    }

    /// Says that the request is over, and was `done`.
    pub fn repeat(&self, done: Done, sink: Sink<'_>) {
        let frames = done.frames.to_le_bytes();
        // It fits: it is three bytes.
        let _ = self.send(Kind::Done, &[&[done.status as u8], &frames], sink);
    }

    fn now(&self, kind: Kind, payload: &[&[u8]], sink: Sink<'_>) -> Result<(), TooLong> {
        if self.sending.swap(true, Relaxed) {
            sink(&[0]);
        }
        self.sent
            .store(self.sent.load(Relaxed).wrapping_add(1), Relaxed);
        let sent = encode(kind, self.request(), payload, sink);
        self.sending.store(false, Relaxed);
        sent
    }
}

impl<const N: usize> Default for Framer<N> {
    fn default() -> Self {
        Self::new()
    }
}

/// How a request ended, and with how many frames.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Done {
    /// How it ended.
    pub status: Status,
    /// How many frames of it came before.
    pub frames: u16,
}

impl Done {
    /// What the payload of a [`Kind::Done`] says.
    pub fn of(payload: &[u8]) -> Option<Self> {
        let &[status, low, high] = payload else {
            return None;
        };
        Some(Self {
            status: Status::of(status)?,
            frames: u16::from_le_bytes([low, high]),
        })
    }
}
