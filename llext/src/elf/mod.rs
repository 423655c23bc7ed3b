//! Checked view of an ELF file. (Skeleton.)

/// The name people know a machine by, for those that an extension may have been built for by mistake.
pub fn machine_name(e_machine: u16) -> Option<&'static str> {
    Some(match e_machine {
        3 => "i386",
        8 => "MIPS",
        20 => "PowerPC",
        40 => "ARM",
        62 => "x86-64",
        93 | 195 => "ARC",
        94 => "Xtensa",
        183 => "AArch64",
        243 => "RISC-V",
        _ => return None,
    })
}
