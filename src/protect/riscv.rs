//! The areas on RISC-V: which entry of the PMP is which.
//!
//! | entry | what | while the shell runs | in a call |
//! |---|---|---|---|
//! | 0 | the guard below the stack | nothing | nothing |
//! | 1 | null pointers | nothing | nothing |
//! | 2 to 9 | text of extensions, a pair each | – | R, X |
//! | 10 | code heap | R, W | R |
//! | 11 | file system | R, W | R |
//! | 12 | the firmware's image | R, X | R, X |
//! | 13, 14 | files that are used in place | R, X | R, X |
//! | 15 | what a reset runs through | R, X | R, X |
//!
//! In machine mode only locked entries hold, and those can be changed only where the hart has Smepmp and `mseccfg.RLB` was set
//! before the first lock. Where it has, `mseccfg.MML` is set, too (Smepmp specification, section 2.1): then what is in no entry
//! is read and written and does not execute, entries without a lock are for user mode alone, and none lets machine mode write
//! and execute the same bytes. (By the specification locks hold without MML, too; in QEMU 7.2 they do not while RLB is set.)
//!
//! So a call without protection has the shell's areas, and what it executes and what it writes take turns: a fetch from
//! anywhere fills a slot, and a store to what is in a slot leaves of it the instruction that stores.
//!
//! In QEMU 7.2 all this outlives a reset, hence entry 15.
//!
//! Without Smepmp all stays as it was first set: image, null page and guard are protected, and by entry 15, which is all memory
//! then (entry 2 is what a reset runs through), nothing but image, files and code heap executes; but code heap and file system
//! can be written. What helps there is to run extensions in user mode, where every entry holds, locked or not.

use core::{
    arch::asm,
    ops::Range,
    sync::atomic::{AtomicBool, Ordering::Relaxed},
};

use llext::{MemoryKind, Protection};

use super::{
    pmp::{Config, EVERYTHING, NAPOT, R, TOR, W, X, napot, tor, word},
    slots::Piece,
};
use crate::board::Memory;

/// How text must lie to be an entry of its own.
pub(super) const POLICY: Protection = Protection::PMP.only(MemoryKind::Instruction);

const ENTRIES: usize = 16;
/// How many texts may execute at a time.
pub(super) const SLOTS: usize = 4;

/// Whether locked entries could be changed when the firmware started.
static FULL: AtomicBool = AtomicBool::new(false);

/// Whether calls without protection need slots, too.
pub(super) const NEEDS_SLOTS: bool = true;

/// Register values for a board's areas.
pub struct Areas {
    addresses: [u32; ENTRIES],
    open: [u32; 4],
    closed: [u32; 4],
    /// Where locks are for ever.
    partial: [u32; 4],
}

impl Areas {
    /// The areas of `memory`. Where a constant is made of it, an area that no entry can be does not compile.
    pub const fn of(memory: &Memory) -> Self {
        let mut addresses = [0; ENTRIES];
        addresses[0] = natural(&memory.guard());
        addresses[1] = natural(&memory.null);
        if !super::ENABLED {
            let guards = [word([NAPOT, NAPOT, 0, 0]), 0, 0, 0];
            return Self {
                addresses,
                open: guards,
                closed: guards,
                partial: guards,
            };
        }
        addresses[10] = natural(&memory.code);
        addresses[11] = natural(&memory.storage);
        addresses[12] = natural(&memory.image);
        [addresses[13], addresses[14]] = tor(&memory.files);
        let mut reset = 0;
        if memory.rom.start < memory.rom.end {
            addresses[15] = natural(&memory.rom);
            reset = NAPOT | R | X;
        }
        Self {
            addresses,
            open: words([R | W, R | W], reset),
            closed: words([R, R], reset),
            partial: {
                let [guards, slots, kept, all] = words([R | W | X, R | W], NAPOT | R | W);
                [guards | word([0, 0, reset, 0]), slots, kept, all]
            },
        }
    }
}

const fn natural(range: &Range<usize>) -> u32 {
    match napot(range) {
        Some(address) => address,
        None => panic!("no entry of a PMP is just this area: see protect::pmp"),
    }
}

/// The configuration, with no text: what may be done in code heap and file system, and the last entry.
const fn words([code, storage]: [Config; 2], last: Config) -> [u32; 4] {
    [
        word([NAPOT, NAPOT, 0, 0]),
        0,
        word([0, 0, NAPOT | code, NAPOT | storage]),
        word([NAPOT | R | X, 0, TOR | R | X, last]),
    ]
}

/// Puts the areas up that always are.
///
/// # Safety
/// They are those of the memory that the firmware runs in.
pub(super) unsafe fn start(areas: &Areas) {
    let full = super::ENABLED && bypass_locks();
    FULL.store(full, Relaxed);
    // SAFETY: the caller's promise; no entry is locked before.
    unsafe {
        asm!(
            "lw {t}, 0({a})", "csrw pmpaddr0, {t}",
            "lw {t}, 4({a})", "csrw pmpaddr1, {t}",
            "lw {t}, 40({a})", "csrw pmpaddr10, {t}",
            "lw {t}, 44({a})", "csrw pmpaddr11, {t}",
            "lw {t}, 48({a})", "csrw pmpaddr12, {t}",
            "lw {t}, 52({a})", "csrw pmpaddr13, {t}",
            "lw {t}, 56({a})", "csrw pmpaddr14, {t}",
            "lw {t}, 60({a})", "csrw pmpaddr15, {t}",
            a = in(reg) &areas.addresses, t = out(reg) _,
            options(nostack),
        );
        if full {
            configure(&areas.open);
            asm!("csrsi 0x747, 1", options(nostack)); // mseccfg.MML
            // Once more: QEMU 7.2 forgets what it knew of the old rules only here.
            configure(&areas.open);
        } else {
            let [.., reset] = areas.addresses;
            asm!("csrw pmpaddr2, {}", in(reg) reset, options(nostack));
            asm!("csrw pmpaddr15, {}", in(reg) EVERYTHING, options(nostack));
            configure(&areas.partial);
        }
    }
}

/// In `mseccfg`: locked entries can be changed.
const RLB: i32 = 1 << 2;

/// Sets `mseccfg.RLB`, if there is such a register.
fn bypass_locks() -> bool {
    unsafe extern "C" {
        /// Sets it and returns the register, or -1.
        fn exec_probe_bypass_locks() -> i32;
    }
    // SAFETY: where the register is missing, that is an illegal instruction, which ends as -1.
    let mseccfg = unsafe { exec_probe_bypass_locks() };
    mseccfg != -1 && mseccfg & RLB != 0
}

/// Sets all entries' configuration.
///
/// # Safety
/// With it the firmware can go on.
unsafe fn configure(words: &[u32; 4]) {
    let [a, b, c, d] = *words;
    // SAFETY: the caller's promise.
    unsafe {
        asm!(
            "csrw pmpcfg0, {a}", "csrw pmpcfg1, {b}", "csrw pmpcfg2, {c}", "csrw pmpcfg3, {d}",
            a = in(reg) a, b = in(reg) b, c = in(reg) c, d = in(reg) d,
            options(nostack),
        );
    }
}

/// Whether all areas hold, and not only those that can stay as they are. An extension may have put an end to it for ever.
pub(super) fn is_full() -> bool {
    FULL.load(Relaxed) && {
        let mseccfg: i32;
        // SAFETY: it was there when the firmware started.
        unsafe { asm!("csrr {}, 0x747", out(reg) mseccfg, options(nomem, nostack)) };
        mseccfg & RLB != 0
    }
}

/// For a call: no text may execute yet.
pub(super) fn close(areas: &Areas) {
    if is_full() {
        // SAFETY: the firmware writes neither code heap nor file system in a call.
        unsafe { configure(&areas.closed) };
    }
}

/// For a call without protection: what the shell may, and all that is filled.
pub(super) fn lift(areas: &Areas) {
    open(areas);
}

/// For the shell.
pub(super) fn open(areas: &Areas) {
    if is_full() {
        // SAFETY: the firmware needs no more.
        unsafe { configure(&areas.open) };
    }
}

/// As much of `text` as one slot can be: all.
pub(super) fn piece(text: Range<usize>, _at: usize) -> Piece {
    Piece::of(text)
}

/// Lets `piece` execute, and what was in `slot` before no more; false if entries cannot be changed.
pub(super) fn fill(slot: usize, piece: &Piece) -> bool {
    /// Writes a pair of addresses while the configuration of the second is off: locks are not bypassed for addresses everywhere.
    macro_rules! set {
        ($first:literal, $last:literal, $config:literal, $byte:literal) => {
            // SAFETY: nothing but text of extensions is in a slot.
            unsafe {
                let [start, end] = tor(&piece.range);
                asm!(
                    concat!("csrc pmpcfg", $config, ", {off}"),
                    concat!("csrw pmpaddr", $first, ", {start}"),
                    concat!("csrw pmpaddr", $last, ", {end}"),
                    concat!("csrs pmpcfg", $config, ", {on}"),
                    off = in(reg) 0xff << (8 * $byte),
                    start = in(reg) start,
                    end = in(reg) end,
                    on = in(reg) u32::from(TOR | R | X) << (8 * $byte),
                    options(nostack),
                );
            }
        };
    }
    if is_full() {
        match slot {
            0 => set!("2", "3", "0", 3),
            1 => set!("4", "5", "1", 1),
            2 => set!("6", "7", "1", 3),
            _ => set!("8", "9", "2", 1),
        }
    }
    is_full()
}
