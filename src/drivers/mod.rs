//! Drivers. A board picks the ones it has and says at which addresses.

pub mod cfi_flash;
#[cfg(target_arch = "arm")]
pub mod cmsdk_timer;
#[cfg(target_arch = "arm")]
pub mod cmsdk_uart;
#[cfg(target_arch = "arm")]
pub mod cmsdk_watchdog;
#[cfg(feature = "host-files")]
pub mod host_files;
#[cfg(target_arch = "arm")]
mod irq;
pub mod mmio;
#[cfg(any(target_arch = "riscv32", target_arch = "riscv64"))]
pub mod mtime;
pub mod ns16550;
pub mod plic;
pub mod ram_flash;
#[cfg(feature = "rtt")]
pub mod rtt;
pub mod semihosting;
pub mod sifive_test;
