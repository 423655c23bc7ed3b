//! The areas on Armv7-M: which region of the MPU is which.
//!
//! | region | what | while the shell runs | in a call | in one without protection |
//! |---|---|---|---|---|
//! | 0 | all memory that the default map lets execute, beside what follows | load, store | load, store | all |
//! | 1 | the firmware's image and files that are used in place | load, execute | load, execute | load, execute |
//! | 2 | null pointers | nothing | nothing | nothing |
//! | 3 | the guard below the stack | nothing | nothing | nothing |
//! | 4 | code heap and file system | – | load | – |
//! | 5 to 7 | text of extensions | – | load, execute | – |
//!
//! What is in no region is as the default map has it (`PRIVDEFENA`): devices, which never execute, for privileged code only.
//! Handlers of a priority below 0 run without the MPU (`HFNMIENA` is 0): they are to report whatever else is wrong. So does an
//! extension that sets `FAULTMASK`: privileged code can always have its way.

use core::{ops::Range, slice};

use cortex_m::{
    asm::{dsb, isb},
    peripheral::MPU,
};

use super::{
    pmsav7::{Access, Entry},
    slots::Piece,
};
use crate::board::Memory;
use llext::{MemoryKind, Protection};

/// How text must lie to be in a region of its own.
pub(super) const POLICY: Protection = Protection::PMSAV7.only(MemoryKind::Instruction);

/// Where the default map lets code execute, beside the code region: SRAM and RAM (table B3-1).
const EXECUTABLE: [Range<usize>; 2] = [0x2000_0000..0x4000_0000, 0x6000_0000..0xa000_0000];

const MEMORY: u32 = 0;
const KEPT: u32 = 4;
const FIRST_SLOT: u32 = KEPT + 1;
const END: u32 = 8;

/// How many texts may execute at a time.
pub(super) const SLOTS: usize = (END - FIRST_SLOT) as usize;

/// Whether calls without protection need slots, too.
pub(super) const NEEDS_SLOTS: bool = false;

/// Register values for a board's areas.
pub struct Areas {
    /// Regions 0 to 3.
    fixed: [Entry; KEPT as usize],
    /// Region 4 in a call.
    kept: Entry,
}

impl Areas {
    /// The areas of `memory`. Where a constant is made of it, an area that no region can be does not compile.
    pub const fn of(memory: &Memory) -> Self {
        let [null, guard] = [copy(&memory.null), memory.guard()];
        let mut areas = Self {
            fixed: [Entry::OFF; KEPT as usize],
            kept: Entry::OFF,
        };
        areas.fixed[2] = entry(&[null], Access::None);
        areas.fixed[3] = entry(&[guard], Access::None);
        if super::ENABLED {
            let image = [copy(&memory.image), copy(&memory.files)];
            areas.fixed[0] = entry(&EXECUTABLE, Access::ReadWrite);
            areas.fixed[1] = entry(&image, Access::Execute);
            let kept = [copy(&memory.code), copy(&memory.storage)];
            areas.kept = entry(&kept, Access::ReadOnly);
        }
        areas
    }
}

const fn copy(range: &Range<usize>) -> Range<usize> {
    range.start..range.end
}

const fn entry(parts: &[Range<usize>], access: Access) -> Entry {
    match Entry::new(parts, access) {
        Some(entry) => entry,
        None => panic!("no region of an Armv7-M MPU is just this area: see protect::pmsav7"),
    }
}

/// Makes `region` be `entry`, and nothing else meanwhile: a new address with the old rights could be the code that runs here.
fn set(region: u32, entry: Entry) {
    // SAFETY: registers of the core, which only this module uses; which values they may have is for the callers to know.
    unsafe {
        let mpu = &*MPU::PTR;
        mpu.rnr.write(region);
        mpu.rasr.write(0);
        mpu.rbar.write(entry.base);
        mpu.rasr.write(entry.attributes);
    }
}

/// Makes what was set hold from the next instruction on (B3.5.1).
fn apply() {
    dsb();
    isb();
}

/// Puts the areas up that always are.
///
/// # Safety
/// They are those of the memory that the firmware runs in.
pub(super) unsafe fn start(areas: &Areas) {
    open(areas);
}

/// Nothing can be lacking: the registers are as every Armv7-M processor with an MPU has them.
pub(super) fn is_full() -> bool {
    true
}

/// For a call: no text may execute yet.
pub(super) fn close(areas: &Areas) {
    set(KEPT, areas.kept);
    apply();
}

/// For a call without protection.
pub(super) fn lift(areas: &Areas) {
    let [memory, ..] = areas.fixed;
    set(MEMORY, memory.executable());
    apply();
}

/// For the shell: all anew, whatever a call has made of it.
pub(super) fn open(areas: &Areas) {
    const ENABLE: u32 = 1;
    const DEFAULT_MAP: u32 = 1 << 2;
    for (region, &entry) in (MEMORY..).zip(&areas.fixed) {
        set(region, entry);
    }
    (KEPT..END).for_each(|region| set(region, Entry::OFF));
    // SAFETY: the areas are those that `start` was promised; MPU_CTRL (B3.5.5).
    unsafe { (*MPU::PTR).ctrl.write(DEFAULT_MAP | ENABLE) };
    apply();
}

pub(super) use super::pmsav7::piece;

/// Lets `piece` execute, and what was in `slot` before no more; false if no region is just that.
pub(super) fn fill(slot: usize, piece: &Piece) -> bool {
    let access = match piece.is_shared {
        true => Access::All,
        false => Access::Execute,
    };
    let Some(entry) = Entry::new(slice::from_ref(&piece.range), access) else {
        return false;
    };
    set(FIRST_SLOT + slot as u32, entry);
    apply();
    true
}
