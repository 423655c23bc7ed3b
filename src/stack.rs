//! How large the stack of extension code is, and where it lies.

use core::ops::Range;

/// Bytes below the extension's stack that fault, so that an overflow is found before it does harm.
pub const GUARD: usize = 32 * 1024;

/// Bytes of the stack: what the environment says in `LLEXT_STACK` when the firmware is built, or 32 KiB.
pub const STACK_SIZE: usize = match size(option_env!("LLEXT_STACK")) {
    Some(size) => size,
    None => panic!("LLEXT_STACK is a power of two, in bytes, 4096 at least"),
};

/// The stack in `room`, memory where nothing else lies, with its guard below it. Both are as memory protection wants them:
/// powers of two, aligned to their size (PMSAv7: ARMv7-M manual, B3.5; RISC-V's PMP likewise).
///
/// # Panics
/// When the board is compiled, if `room` is too small.
pub const fn stack_in(room: Range<usize>) -> Range<usize> {
    match place(room, STACK_SIZE) {
        Some(stack) => stack,
        None => panic!("the board has no room for a stack of LLEXT_STACK bytes"),
    }
}

const fn size(text: Option<&str>) -> Option<usize> {
    const DEFAULT: usize = 32 * 1024;
    /// What firmware code may take of it, and as much again.
    const LEAST: usize = 4 * 1024;
    let Some(text) = text else {
        return Some(DEFAULT);
    };
    match usize::from_str_radix(text, 10) {
        Ok(size) if size.is_power_of_two() && size >= LEAST => Some(size),
        _ => None,
    }
}

const fn place(room: Range<usize>, size: usize) -> Option<Range<usize>> {
    let alignment = if size > GUARD { size } else { GUARD };
    let start = (room.start + GUARD).next_multiple_of(alignment);
    if start + size <= room.end {
        Some(start..start + size)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_size_is_a_power_of_two_and_not_too_small() {
        assert_eq!(size(None), Some(32768));
        assert_eq!(size(Some("4096")), Some(4096));
        assert_eq!(size(Some("1048576")), Some(1 << 20));
        for bad in ["", "2048", "5000", "4095", "0x1000", "-4096", "64K"] {
            assert_eq!(size(Some(bad)), None, "{bad}");
        }
    }

    #[test]
    fn stack_and_guard_are_aligned_to_their_size_and_fill_a_room_to_its_end() {
        assert_eq!(place(0x1_0000..0x2_0000, 0x1000), Some(0x1_8000..0x1_9000));
        assert_eq!(place(0x1_0000..0x2_0000, 0x8000), Some(0x1_8000..0x2_0000));
        // The guard lies in the room, too.
        assert_eq!(place(0x1_0001..0x2_0000, 0x8000), None);
        // Larger than the guard: its own size counts.
        assert_eq!(
            place(0x1_0000..0x4_0000, 0x2_0000),
            Some(0x2_0000..0x4_0000)
        );
        assert_eq!(place(0x1_0000..0x3_ffff, 0x2_0000), None);
    }
}
