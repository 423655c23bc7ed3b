//! ARM MPS2 with the AN385 image: addresses and interrupts as in Application Note 385, tables 3 and 5.
#![no_std]
#![no_main]

use cortex_m_rt::entry;
#[cfg(feature = "rtt")]
use llext_shell::drivers::rtt::{Rtt, RttPort, RttRing};
use llext_shell::{
    board::{Alarm, Board, Memory, WAIT, stack_in},
    console::{Output, Ports},
    drivers::{
        cmsdk_timer::CmsdkTimer, cmsdk_watchdog::CmsdkWatchdog, ram_flash::RamFlash, semihosting,
    },
    protect::Areas,
    storage::Psram8M,
};
#[cfg(feature = "uart")]
use llext_shell::{
    drivers::cmsdk_uart::CmsdkUart,
    serial::{ReceiveRing, UartPort},
};
use shell_cmds::context::Mode;

const UART0_RX: u16 = 0;
const TIMER0: u16 = 8;
/// The system clock.
const CLOCK: u32 = 25_000_000;

#[cfg(feature = "uart")]
static RING: ReceiveRing = ReceiveRing::new();
// SAFETY: UART0 lies there.
#[cfg(feature = "uart")]
static UART: UartPort<CmsdkUart> =
    UartPort::new(unsafe { CmsdkUart::new(0x4000_4000, UART0_RX) }, &RING);
#[cfg(feature = "rtt")]
static RTT_RING: RttRing = RttRing::new();
#[cfg(feature = "rtt")]
static RTT: RttPort = RttPort::new(Rtt::new(), &RTT_RING);
static PORTS: Ports = Ports::new(
    &[
        #[cfg(feature = "uart")]
        &UART,
        #[cfg(feature = "rtt")]
        &RTT,
    ],
    WAIT,
);
// SAFETY: TIMER0 lies there.
static TIMER: CmsdkTimer = unsafe { CmsdkTimer::new(0x4000_0000, TIMER0, CLOCK) };
// SAFETY: the watchdog lies there.
static WATCHDOG: CmsdkWatchdog = unsafe { CmsdkWatchdog::new(0x4000_8000, CLOCK) };
static OUTPUT: Output = Output::new(&PORTS, Mode::Ansi);

llext_shell::exports!(EXPORTS);

/// What extensions use lies in the PSRAM, behind the file system, whose image an emulator keeps in a host file.
const MEMORY: Memory = Memory {
    null: 0..0x0020_0000,
    image: 0x0040_0000..0x0080_0000,
    rom: 0..0,
    files: 0x0020_0000..0x0040_0000,
    storage: 0x2100_0000..0x2180_0000,
    code: 0x2180_0000..0x21a0_0000,
    heap: 0x21a0_0000..0x21e0_0000,
    stack: stack_in(0x21e0_0000..0x21ff_f000),
    rtt: 0x21ff_f000..0x2200_0000,
};

static BOARD: Board = Board {
    name: "mps2-an385",
    terminal: &PORTS,
    output: &OUTPUT,
    clock: &TIMER,
    alarm: &WATCHDOG,
    exports: &EXPORTS,
    memory: MEMORY,
    protection: Areas::of(&MEMORY),
    restore: || {
        TIMER.resume();
        #[cfg(feature = "uart")]
        UART.start();
        // QEMU stopped asking its side for input if a call had switched the receiver off, and asks again when a timer
        // ends. It also does when DATA is read, but then a byte that came in between would be lost.
        WATCHDOG.set(1000);
    },
    reset: || cortex_m::peripheral::SCB::sys_reset(),
    exit: semihosting::exit,
    options: semihosting::command_line,
};

#[entry]
fn main() -> ! {
    TIMER.start();
    #[cfg(feature = "uart")]
    UART.start();
    #[cfg(feature = "rtt")]
    RTT.start();
    // SAFETY: once; the PSRAM (0x2100_0000, 16 MiB) is not in memory.x.
    unsafe { llext_shell::run(&BOARD, RamFlash::<Psram8M>::new(0x2100_0000)) }
}

llext_shell::vectors!(9; UART0_RX => received(), TIMER0 => TIMER.interrupt());

fn received() {
    #[cfg(feature = "uart")]
    UART.interrupt();
}
