//! Access to memory-mapped registers: the one place where drivers touch memory. `unsafe` in name and deed.

/// A block of registers at a fixed address.
///
/// Constructing one is the promise; using it is safe. Its owner is a driver that keeps to its offsets.
pub struct Mmio {
    base: usize,
}

impl Mmio {
    /// The registers at `base`.
    ///
    /// # Safety
    /// A device of the kind that the driver expects, and nothing else, lies at `base`, for all offsets
    /// that the driver uses, and reading or writing it has no effect on memory that Rust knows of.
    pub const unsafe fn new(base: usize) -> Self {
        Self { base }
    }

    /// Reads the 8-bit register at `offset`.
    pub fn read8(&self, offset: usize) -> u8 {
        // SAFETY: a register of this device, by the promise of `new`.
        unsafe { ((self.base + offset) as *const u8).read_volatile() }
    }

    /// Writes the 8-bit register at `offset`.
    pub fn write8(&self, offset: usize, value: u8) {
        // SAFETY: a register of this device, by the promise of `new`.
        unsafe { ((self.base + offset) as *mut u8).write_volatile(value) }
    }

    /// Reads the 32-bit register at `offset`.
    pub fn read32(&self, offset: usize) -> u32 {
        // SAFETY: a register of this device, by the promise of `new`.
        unsafe { ((self.base + offset) as *const u32).read_volatile() }
    }

    /// Writes the 32-bit register at `offset`.
    pub fn write32(&self, offset: usize, value: u32) {
        // SAFETY: a register of this device, by the promise of `new`.
        unsafe { ((self.base + offset) as *mut u32).write_volatile(value) }
    }
}
