//! The end of the firmware's own road: one line on the UART, and a restart.

use shell_cmds::context::Fault;
use ufmt::{uWrite, uwrite};
use unwind::Registers;

use crate::board::{self, Board};

/// Straight to the port: whatever the console was doing when the firmware failed is not to be trusted.
struct Raw(&'static Board);

impl uWrite for Raw {
    type Error = core::convert::Infallible;

    fn write_str(&mut self, text: &str) -> Result<(), Self::Error> {
        self.0.terminal.write(text.as_bytes());
        Ok(())
    }
}

/// The firmware itself faulted.
pub fn fault(fault: Fault, registers: Registers) -> ! {
    report(|out| {
        let pc = registers.pc().unwrap_or(0);
        uwrite!(out, "{} in the firmware at 0x{:x}", fault.kind.name(), pc)?;
        if let Some(address) = fault.address {
            uwrite!(out, ", address 0x{:x}", address)?;
        }
        Ok(())
    })
}

fn report(what: impl FnOnce(&mut Raw) -> Result<(), core::convert::Infallible>) -> ! {
    let Some(board) = board::current() else {
        // Too early for a console; a debugger finds the CPU here.
        loop {
            core::hint::spin_loop();
        }
    };
    let mut out = Raw(board);
    let _ = out.write_str("\r\nfatal: ");
    let _ = what(&mut out);
    let _ = out.write_str("; restarting\r\n");
    (board.reset)()
}

/// Says that, not where: a panic is a bug that no input should reach, a debugger shows where it stopped, and
/// places and messages of all the panics in the libraries would take kilobytes of flash.
#[panic_handler]
fn panic(_info: &core::panic::PanicInfo<'_>) -> ! {
    report(|out| out.write_str("panic in the firmware"))
}
