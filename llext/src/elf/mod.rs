//! Checked view of an ELF file. (Skeleton.)
