//! Printing.

use core::ffi::c_int;
use core::fmt;

unsafe extern "C" {
    safe fn putchar(byte: c_int) -> c_int;
}

/// The console as something to format to. It never fails.
pub struct Console;

impl fmt::Write for Console {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        text.bytes().for_each(|byte| {
            putchar(c_int::from(byte));
        });
        Ok(())
    }
}

/// Prints to the console, formatted as in `std::print!`.
#[macro_export]
macro_rules! print {
    ($($argument:tt)*) => {{
        let _ = ::core::fmt::Write::write_fmt(&mut $crate::console::Console, ::core::format_args!($($argument)*));
    }};
}

/// Prints a line to the console, formatted as in `std::println!`.
#[macro_export]
macro_rules! println {
    () => { $crate::print!("\n") };
    ($format:literal $($argument:tt)*) => { $crate::print!("{}\n", ::core::format_args!($format $($argument)*)) };
}
