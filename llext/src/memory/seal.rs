//! What makes written code fit to be run.

/// Waits until all writes have reached memory and discards what the processor has fetched of old instructions.
///
/// A host that prepares memory for another machine has nothing to wait for.
pub(crate) fn synchronise_instructions() {
    #[cfg(target_arch = "arm")]
    // SAFETY: barriers change no state (Arm ARM, DSB and ISB).
    unsafe {
        core::arch::asm!("dsb", "isb", options(nostack, preserves_flags));
    }
    #[cfg(any(target_arch = "riscv32", target_arch = "riscv64"))]
    // SAFETY: FENCE.I changes no state (Zifencei). Written as an encoding, since rustc's bare-metal targets leave
    // the extension out of their feature lists though every processor with instruction caches has it.
    unsafe {
        core::arch::asm!(
            ".insn i 0x0f, 1, x0, x0, 0",
            options(nostack, preserves_flags)
        );
    }
}
