//! The end of the firmware's own road: a report on the UART, which is remembered, and a restart.

use core::{
    mem::MaybeUninit,
    sync::atomic::{AtomicBool, Ordering::SeqCst},
};

use shell_cmds::{
    LastFault,
    context::{Cause, Console, Fault, Mode, Stop},
};
use unwind::Registers;

use crate::{
    board::{self, Board},
    exec,
};

/// The last fault, of an extension or of the firmware. Nobody clears it: start-up leaves `.uninit` alone, and so it is still
/// there after a restart. Debuggers know it by its name.
#[unsafe(no_mangle)]
#[unsafe(link_section = ".uninit.last_fault")]
static mut LLEXT_LAST_FAULT: MaybeUninit<LastFault> = MaybeUninit::uninit();

/// The last fault.
///
/// # Safety
/// Who asked before does not use it any more.
pub unsafe fn last_fault() -> &'static mut LastFault {
    // SAFETY: the caller's promise. It has only integers, and memory that holds anything holds some.
    unsafe { &mut *(&raw mut LLEXT_LAST_FAULT).cast() }
}

/// Straight to the port: whatever the console was doing when the firmware failed is not to be trusted.
struct Raw(&'static Board);

impl Console for Raw {
    fn write(&mut self, text: &[u8]) {
        for line in text.split_inclusive(|byte| *byte == b'\n') {
            match line.strip_suffix(b"\n") {
                Some(line) => {
                    self.0.terminal.write(line);
                    self.0.terminal.write(b"\r\n");
                }
                None => self.0.terminal.write(line),
            }
        }
    }

    fn fresh_line(&mut self) {
        self.write(b"\n");
    }

    fn mode(&self) -> Mode {
        Mode::Plain
    }

    fn set_mode(&mut self, _: Mode) {}

    fn interrupted(&mut self) -> bool {
        false
    }
}

/// The firmware itself faulted.
pub fn fault(fault: Fault, registers: Registers) -> ! {
    end(&Stop {
        cause: Cause::Fault(fault),
        registers,
    })
}

fn end(stop: &Stop) -> ! {
    static ENDING: AtomicBool = AtomicBool::new(false);
    let Some(board) = board::current() else {
        // Too early for a console; a debugger finds the CPU here.
        loop {
            core::hint::spin_loop();
        }
    };
    // A fault in what follows would come back here for ever.
    if !ENDING.swap(true, SeqCst) {
        let mut out = Raw(board);
        out.fresh_line();
        let (layout, exports) = (exec::layout(), &board.exports.exports);
        // SAFETY: the shell, which used it, does not run any more.
        let last = unsafe { last_fault() };
        let memory = &mut exec::known_word;
        shell_cmds::report_firmware(&mut out, last, exports, layout, memory, stop);
        out.write(b"restarting\n");
    }
    (board.reset)()
}

/// Says that, and who had called it, but not its message: a panic is a bug that no input should reach, and places and messages
/// of all the panics in the libraries would take kilobytes of flash.
#[panic_handler]
fn panic(_info: &core::panic::PanicInfo<'_>) -> ! {
    end(&Stop {
        cause: Cause::Panic,
        registers: exec::registers_here(),
    })
}
