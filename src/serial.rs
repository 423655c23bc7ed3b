//! The console's port over a UART, or what takes its place: bytes come in by interrupt, or are looked for, and go out by polling.

use core::{
    cell::Cell,
    sync::atomic::{
        AtomicBool, AtomicU8, AtomicU32,
        Ordering::{Acquire, Relaxed, Release, SeqCst},
    },
};

use critical_section::Mutex;
use llext_wire::BREAK;

use crate::{
    console::{Incoming, Port},
    exec,
    interrupts::Interrupts,
    ring::Ring,
};

/// What a terminal sends for Ctrl-C (ETX).
const CTRL_C: u8 = 0x03;

/// Bytes that may wait for the shell: a paste of this length loses nothing, whatever the sender does.
const RING: usize = 4096;

/// What the driver of a serial line does.
pub trait Line: Sync {
    /// No interrupt tells of a byte that comes: somebody has to look.
    const IS_POLLED: bool = false;

    /// Sets the line up, and lets the receive interrupt through; again, it sets right what was changed, and keeps what came.
    fn start(&self);
    /// A byte that came, and so ends the interrupt that told of it.
    fn take(&self) -> Option<Received>;
    /// Sends all of `bytes`; waits for room, if there will be any.
    fn send(&self, bytes: &[u8]);
    /// Bytes that were sent, and that the host who is there now came too late for.
    fn unread(&self) -> u32 {
        0
    }
    /// Holds the receive interrupt back. A byte that comes stays in the device, which makes a sender
    /// with flow control wait.
    fn mask_receive(&self);
    /// Lets the receive interrupt through, at once if a byte waits.
    fn unmask_receive(&self);
}

/// A byte from the line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Received {
    /// The byte.
    pub byte: u8,
    /// Bytes before it were lost, because nobody took them in time.
    pub after_loss: bool,
    /// It is a break: the line was at 0 for longer than a byte. The byte is 0 then.
    pub is_break: bool,
}

/// Where the bytes wait. Apart from its [`SerialPort`], because all zeroes it takes no room in flash.
pub type ReceiveRing = Ring<RING>;

/// The port of a UART.
pub type UartPort<U> = SerialPort<U, RING>;

/// A [`Port`] over a [`Line`]. While extension code runs, Ctrl-C goes to [`exec`] instead of the reader.
pub struct SerialPort<L, const N: usize> {
    line: L,
    ring: &'static Ring<N>,
    /// Somebody looks for bytes on a line that is polled: it may be interrupted by another who does.
    polling: AtomicBool,
    /// The ring was full, and the receive interrupt is masked.
    masked: AtomicBool,
    /// What does not fit is thrown away.
    dropping: AtomicBool,
    losses: AtomicU32,
    /// What comes: an [`Incoming`].
    input: AtomicU8,
    /// If that is frames, the interrupts among them.
    interrupts: Mutex<Cell<Interrupts>>,
}

impl<L: Line, const N: usize> SerialPort<L, N> {
    /// A port over `line`, the only one to use `ring`.
    pub const fn new(line: L, ring: &'static Ring<N>) -> Self {
        Self {
            line,
            ring,
            polling: AtomicBool::new(false),
            masked: AtomicBool::new(false),
            dropping: AtomicBool::new(false),
            losses: AtomicU32::new(0),
            input: AtomicU8::new(Incoming::Keys as u8),
            interrupts: Mutex::new(Cell::new(Interrupts::new())),
        }
    }

    /// Starts the line, or sets it right.
    pub fn start(&self) {
        self.line.start();
    }

    /// Takes `byte` in; false if it was lost.
    fn take_in(&self, byte: u8) -> bool {
        let input = self.input.load(Relaxed);
        if input == Incoming::Keys as u8 && byte == CTRL_C && exec::interrupt() {
            return true;
        }
        // Among frames the reader gets all that comes.
        if input == Incoming::Frames as u8
            && self.interrupts(|interrupts| interrupts.arrive(byte))
            && exec::interrupt()
        {
            self.interrupts(Interrupts::take);
        }
        self.ring.push(byte)
    }

    fn interrupts<R>(&self, body: impl FnOnce(&mut Interrupts) -> R) -> R {
        critical_section::with(|cs| {
            let cell = self.interrupts.borrow(cs);
            let mut interrupts = cell.get();
            let result = body(&mut interrupts);
            cell.set(interrupts);
            result
        })
    }

    /// The handler of the receive interrupt.
    pub fn interrupt(&self) {
        while !self.ring.is_full() || self.dropping.load(Relaxed) {
            let Some(received) = self.line.take() else {
                return;
            };
            let mut lost = received.after_loss;
            // On lines that know no break, that many bytes are one.
            for _ in 0..if received.is_break { BREAK } else { 1 } {
                lost |= !self.take_in(received.byte);
            }
            if lost {
                self.losses
                    .store(self.losses.load(Relaxed).wrapping_add(1), Relaxed);
            }
        }
        self.line.mask_receive();
        self.masked.store(true, Release);
    }

    /// On a line that is polled, does what the interrupt would do.
    fn look(&self) {
        if L::IS_POLLED && !self.polling.load(Relaxed) {
            self.polling.store(true, SeqCst);
            self.interrupt();
            self.polling.store(false, SeqCst);
        }
    }
}

impl<L: Line, const N: usize> Port for SerialPort<L, N> {
    fn read(&self, into: &mut [u8]) -> usize {
        exec::sleep_until(L::IS_POLLED, || self.ready());
        let framed = self.input.load(Relaxed) == Incoming::Frames as u8;
        let mut filled = 0;
        for (place, byte) in into.iter_mut().zip(core::iter::from_fn(|| self.ring.pop())) {
            *place = byte;
            filled += 1;
            if framed {
                self.interrupts(|interrupts| interrupts.leave(byte));
            }
        }
        self.dropping.store(false, Relaxed);
        // Only after bytes were taken, so that the interrupt finds room.
        if self.masked.load(Acquire) {
            self.masked.store(false, Relaxed);
            self.line.unmask_receive();
        }
        filled
    }

    fn ready(&self) -> bool {
        if self.ring.is_empty() {
            self.look();
        }
        !self.ring.is_empty()
    }

    fn peek_within(&self, index: usize, _timeout_ms: u32) -> Option<u8> {
        self.look();
        self.ring.peek(index)
    }

    fn write(&self, bytes: &[u8]) {
        self.line.send(bytes);
    }

    fn set_input(&self, input: Incoming) {
        if self.input.swap(input as u8, Relaxed) != input as u8 {
            self.interrupts(|interrupts| *interrupts = Interrupts::new());
        }
        self.interrupts(|interrupts| interrupts.begin(self.ring.is_empty()));
    }

    fn take_interrupt(&self) -> bool {
        self.look();
        if self.input.load(Relaxed) == Incoming::Frames as u8 {
            return self.interrupts(Interrupts::take);
        }
        self.ring.take(CTRL_C)
    }

    fn broken(&self) -> bool {
        self.interrupts(|interrupts| interrupts.broken())
    }

    fn is_polled(&self) -> bool {
        L::IS_POLLED
    }

    fn poll(&self) -> bool {
        if L::IS_POLLED {
            self.look();
        } else {
            self.interrupt();
        }
        self.masked.load(Relaxed)
    }

    fn drop_excess(&self) {
        self.dropping.store(true, Relaxed);
        self.masked.store(false, Relaxed);
        self.line.unmask_receive();
    }

    fn losses(&self) -> u32 {
        self.losses.load(Relaxed)
    }

    fn unread(&self) -> u32 {
        self.line.unread()
    }
}
