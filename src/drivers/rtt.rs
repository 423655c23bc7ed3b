//! RTT, SEGGER's Real-Time Transfer: buffers in memory that a debug probe, or the host of an emulator, reads and writes while
//! the CPU runs (UM08001, chapter "RTT"). Channel 0 both ways is the console.
//!
//! What is sent never waits for a host that is not there. A buffer that is full and that nobody reads keeps what it has, and what
//! does not fit is lost, byte by byte; so who attaches late sees the first [`UP`] bytes since, and then what is new. A
//! host that reads is waited for, up to [`PATIENCE_MS`] a time; then it is not there any more until it reads again.
//!
//! A reset leaves the buffers as they are: what the host had not read then, such as the report of a fault, it reads after it.

use core::{
    ptr::addr_of_mut,
    sync::atomic::{
        AtomicBool, AtomicU32,
        Ordering::{Relaxed, SeqCst},
    },
};

use rtt_target::{
    ChannelMode, DownChannel, UpChannel,
    rtt::{RttChannel, RttHeader},
    rtt_init,
};

use crate::{
    board,
    ring::Ring,
    serial::{Line, Received, SerialPort},
};

/// Bytes for the host to read, less one that stays free.
pub const UP: usize = 1024;
/// Bytes from the host, likewise. It waits by itself when they are full.
pub const DOWN: usize = 1024;
/// Bytes that the firmware has taken from there, to find a Ctrl-C among them.
const RING: usize = 1024;
/// No place in a buffer.
const NOWHERE: u32 = u32::MAX;
/// How long a host that has read before may take to read more.
const PATIENCE_MS: u64 = 1000;

/// Where the bytes wait that were taken from the host.
pub type RttRing = Ring<RING>;

/// The console's port over RTT.
pub type RttPort = SerialPort<Rtt, RING>;

/// RTT's channel 0. There is one.
pub struct Rtt {
    /// The host's place in what was sent, when it was last looked at.
    seen: AtomicU32,
    /// The host reads.
    attached: AtomicBool,
    /// The buffer is full until the host goes on from this place; [`NOWHERE`] if it is not.
    stuck: AtomicU32,
    /// Bytes that did not fit.
    lost: AtomicU32,
}

/// What [`rtt_init!`] makes of one channel each way, as UM08001 has it.
#[repr(C)]
struct ControlBlock {
    header: RttHeader,
    up: RttChannel,
    down: RttChannel,
}

unsafe extern "C" {
    #[link_name = "_SEGGER_RTT"]
    static mut BLOCK: ControlBlock;
    /// The end of the memory that the buffers lie in, which begins with the block.
    static __ertt: u8;
}

/// Words of the block: where things are.
const COUNTS: usize = 4;
const UP_CHANNEL: usize = 6;
const DOWN_CHANNEL: usize = 12;
const WORDS: usize = 18;
/// Words of a channel.
const BUFFER: usize = 1;
const SIZE: usize = 2;
const WRITE: usize = 3;
const READ: usize = 4;

/// A word of the block.
fn word(index: usize) -> usize {
    // SAFETY: callers keep to `WORDS`; the host writes there at any time, words at a time.
    unsafe {
        addr_of_mut!(BLOCK)
            .cast::<usize>()
            .add(index)
            .read_volatile()
    }
}

impl Rtt {
    /// The only one.
    pub const fn new() -> Self {
        Self {
            seen: AtomicU32::new(0),
            attached: AtomicBool::new(false),
            stuck: AtomicU32::new(NOWHERE),
            lost: AtomicU32::new(0),
        }
    }

    /// Sends what fits of `bytes`; returns how many do not.
    fn put(bytes: &[u8]) -> usize {
        // SAFETY: `start` made the channel; only who sends uses it, and that is one at a time.
        let mut up = unsafe { UpChannel::new(addr_of_mut!(BLOCK.up)) };
        // Hosts can change it, and one that did may have gone: then this would wait for ever.
        up.set_mode(ChannelMode::NoBlockTrim);
        bytes.len() - up.write(bytes)
    }

    /// Whether the host has read since this was last asked.
    fn has_read(&self) -> bool {
        let read = word(UP_CHANNEL + READ) as u32;
        self.seen.swap(read, Relaxed) != read
    }

    /// Waits until the host has read, if one is there.
    fn wait(&self) -> bool {
        /// More rounds than there are in that time, in case that a call has stopped the clock.
        const ROUNDS: u32 = 100_000_000;
        if self.has_read() {
            self.attached.store(true, Relaxed);
            return true;
        }
        let Some(board) = board::current().filter(|_| self.attached.load(Relaxed)) else {
            return false;
        };
        let patience = u64::from(board.clock.rate()) * PATIENCE_MS / 1000;
        let start = board.clock.ticks();
        let mut rounds = 0..ROUNDS;
        let reads = rounds.any(|_| self.has_read() || board.clock.ticks() - start > patience);
        let reads = reads && board.clock.ticks() - start <= patience;
        self.attached.store(reads, Relaxed);
        reads
    }
}

impl Default for Rtt {
    fn default() -> Self {
        Self::new()
    }
}

impl Line for Rtt {
    const IS_POLLED: bool = true;

    fn start(&self) {
        if !is_whole() {
            let _channels = rtt_init! {
                up: { 0: { size: UP, name: "Terminal", section: ".segger_rtt.up" } }
                down: { 0: { size: DOWN, name: "Terminal", section: ".segger_rtt.down" } }
                section_cb: ".segger_rtt"
            };
        }
        self.has_read();
    }

    fn take(&self) -> Option<Received> {
        // SAFETY: `start` made the channel; `SerialPort` lets one take at a time.
        let mut down = unsafe { DownChannel::new(addr_of_mut!(BLOCK.down)) };
        let mut byte = [0];
        (down.read(&mut byte) > 0).then_some(Received {
            byte: byte[0],
            after_loss: false,
            is_break: false,
        })
    }

    fn send(&self, bytes: &[u8]) {
        let mut rest = bytes;
        // Most of what is printed where no probe is ends here.
        while word(UP_CHANNEL + READ) as u32 != self.stuck.load(Relaxed) {
            // It has gone on, and may come by that place again.
            self.stuck.store(NOWHERE, Relaxed);
            let left = Self::put(rest);
            rest = rest.get(rest.len() - left..).unwrap_or_default();
            if rest.is_empty() {
                return;
            }
            if !self.wait() {
                self.stuck.store(self.seen.load(Relaxed), Relaxed);
            }
        }
        let lost = self.lost.load(Relaxed).wrapping_add(rest.len() as u32);
        self.lost.store(lost, SeqCst);
    }

    /// Where nobody reads it is no news that nobody has.
    fn unread(&self) -> u32 {
        let reads = self.has_read() || self.attached.load(Relaxed);
        self.attached.store(reads, Relaxed);
        if reads { self.lost.load(Relaxed) } else { 0 }
    }

    fn mask_receive(&self) {}

    fn unmask_receive(&self) {}
}

/// Whether the block is as the last run left it, and can be used on: the memory may also hold what it had at power-on.
fn is_whole() -> bool {
    /// As bytes, `SEGGER RTT` and zeros; back to front, so that there is no second one in flash for a host to find.
    const DI: [u8; 16] = *b"\0\0\0\0\0\0TTR REGGES";
    let id = (0..COUNTS).flat_map(|index| word(index).to_le_bytes());
    let first = addr_of_mut!(BLOCK).addr() + WORDS * size_of::<usize>();
    let end = (&raw const __ertt).addr();
    let channel = |channel: usize, bytes: usize| {
        let buffer = word(channel + BUFFER);
        (first..end).contains(&buffer)
            && word(channel + SIZE) == bytes
            && end - buffer >= bytes
            && word(channel + WRITE) < bytes
            && word(channel + READ) < bytes
    };
    id.eq(DI.into_iter().rev())
        && [word(COUNTS), word(COUNTS + 1)] == [1, 1]
        && channel(UP_CHANNEL, UP)
        && channel(DOWN_CHANNEL, DOWN)
}
