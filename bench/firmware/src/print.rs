//! Lines `name value`.

use core::convert::Infallible;

use ufmt::{uDisplay, uWrite, uwriteln};

struct Uart;

impl uWrite for Uart {
    type Error = Infallible;

    fn write_str(&mut self, text: &str) -> Result<(), Infallible> {
        text.bytes().for_each(crate::cpu::put);
        Ok(())
    }
}

/// Reports the figure `name`.
pub fn figure(name: &str, value: impl uDisplay) {
    let Ok(()) = uwriteln!(Uart, "{} {}", name, value);
}
