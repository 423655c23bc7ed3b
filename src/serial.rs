//! The console's port over a UART: bytes come in by interrupt, and go out by polling.

use core::{
    cell::Cell,
    sync::atomic::{
        AtomicBool, AtomicU32,
        Ordering::{Acquire, Relaxed, Release},
    },
};

use critical_section::Mutex;

use crate::{console::Port, exec, interrupts::Interrupts, ring::Ring};

/// What a terminal sends for Ctrl-C (ETX).
const CTRL_C: u8 = 0x03;

/// Bytes that may wait for the shell: a paste of this length loses nothing, whatever the sender does.
const RING: usize = 4096;

/// What a UART driver does.
pub trait Uart: Sync {
    /// Sets the line up, and lets the receive interrupt through; again, it sets right what was changed, and keeps what came.
    fn start(&self);
    /// A byte that came, and so ends the interrupt that told of it.
    fn take(&self) -> Option<Received>;
    /// Sends a byte; waits for room.
    fn put(&self, byte: u8);
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
}

/// Where the bytes wait. Apart from its [`SerialPort`], because all zeroes it takes no room in flash.
pub type ReceiveRing = Ring<RING>;

/// A [`Port`] over a [`Uart`]. While extension code runs, Ctrl-C goes to [`exec`] instead of the reader.
pub struct SerialPort<U> {
    uart: U,
    ring: &'static ReceiveRing,
    /// The ring was full, and the receive interrupt is masked.
    masked: AtomicBool,
    /// What does not fit is thrown away.
    dropping: AtomicBool,
    losses: AtomicU32,
    /// What comes are frames, with interrupts among them.
    framed: AtomicBool,
    interrupts: Mutex<Cell<Interrupts>>,
}

impl<U: Uart> SerialPort<U> {
    /// A port over `uart`, the only one to use `ring`.
    pub const fn new(uart: U, ring: &'static ReceiveRing) -> Self {
        Self {
            uart,
            ring,
            masked: AtomicBool::new(false),
            dropping: AtomicBool::new(false),
            losses: AtomicU32::new(0),
            framed: AtomicBool::new(false),
            interrupts: Mutex::new(Cell::new(Interrupts::new())),
        }
    }

    /// Starts the UART, or sets it right.
    pub fn start(&self) {
        self.uart.start();
    }

    /// Whether `byte` is a Ctrl-C that goes to the call that runs. Among frames the reader gets its bytes, too.
    fn is_signal(&self, byte: u8) -> bool {
        if !self.framed.load(Relaxed) {
            return byte == CTRL_C && exec::interrupt();
        }
        if self.interrupts(|interrupts| interrupts.arrive(byte)) && exec::interrupt() {
            self.interrupts(Interrupts::take);
        }
        false
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
            let Some(received) = self.uart.take() else {
                return;
            };
            let mut lost = received.after_loss;
            if !self.is_signal(received.byte) {
                lost |= !self.ring.push(received.byte);
            }
            if lost {
                self.losses
                    .store(self.losses.load(Relaxed).wrapping_add(1), Relaxed);
            }
        }
        self.uart.mask_receive();
        self.masked.store(true, Release);
    }
}

impl<U: Uart> Port for SerialPort<U> {
    fn read(&self, into: &mut [u8]) -> usize {
        exec::sleep_until(|| self.ready());
        let mut filled = 0;
        for (place, byte) in into.iter_mut().zip(core::iter::from_fn(|| self.ring.pop())) {
            *place = byte;
            filled += 1;
            if self.framed.load(Relaxed) {
                self.interrupts(|interrupts| interrupts.leave(byte));
            }
        }
        self.dropping.store(false, Relaxed);
        // Only after bytes were taken, so that the interrupt finds room.
        if self.masked.load(Acquire) {
            self.masked.store(false, Relaxed);
            self.uart.unmask_receive();
        }
        filled
    }

    fn ready(&self) -> bool {
        !self.ring.is_empty()
    }

    fn write(&self, bytes: &[u8]) {
        for &byte in bytes {
            self.uart.put(byte);
        }
    }

    fn read_within(&self, into: &mut [u8], timeout_ms: u32) -> usize {
        exec::sleep_within(|| self.ready(), timeout_ms);
        if self.ready() { self.read(into) } else { 0 }
    }

    fn set_framed(&self, framed: bool) {
        if self.framed.swap(framed, Relaxed) != framed {
            self.interrupts(|interrupts| *interrupts = Interrupts::new());
        }
        self.interrupts(|interrupts| interrupts.begin(self.ring.is_empty()));
    }

    fn take_interrupt(&self) -> bool {
        if self.framed.load(Relaxed) {
            return self.interrupts(Interrupts::take);
        }
        self.ring.take(CTRL_C)
    }

    fn poll(&self) -> bool {
        self.interrupt();
        self.masked.load(Relaxed)
    }

    fn drop_excess(&self) {
        self.dropping.store(true, Relaxed);
        self.masked.store(false, Relaxed);
        self.uart.unmask_receive();
    }

    fn losses(&self) -> u32 {
        self.losses.load(Relaxed)
    }
}
