//! Commands for the machine and the shell itself.

pub mod exit;
pub mod help;
pub mod reboot;
pub mod term;
pub mod time;
pub mod uptime;
pub mod version;
