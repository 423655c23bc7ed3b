//! QEMU's `virt` machine with a 32-bit RISC-V CPU: addresses and interrupts as in QEMU's hw/riscv/virt.c.
#![no_std]
#![no_main]

#[cfg(feature = "rtt")]
use llext_shell::drivers::rtt::{Rtt, RttPort, RttRing};
use llext_shell::{
    board::{Board, Memory, WAIT, stack_in},
    console::{Output, Ports},
    drivers::{
        cfi_flash::CfiFlash, mtime::Mtime, plic::Plic, semihosting, sifive_test::SifiveTest,
    },
    protect::Areas,
    storage::Cfi32M,
};
#[cfg(feature = "uart")]
use llext_shell::{
    drivers::ns16550::Ns16550,
    serial::{ReceiveRing, UartPort},
};
use riscv::interrupt::Interrupt;
use riscv_rt::{core_interrupt, entry};
use shell_cmds::context::Mode;

#[cfg(feature = "uart")]
const UART0: u16 = 10;

#[cfg(feature = "uart")]
static RING: ReceiveRing = ReceiveRing::new();
// SAFETY: this device, and nothing else, lies there; so for the next three.
#[cfg(feature = "uart")]
static UART: UartPort<Ns16550> = UartPort::new(unsafe { Ns16550::new(0x1000_0000) }, &RING);
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
// SAFETY: as above.
static TIMER: Mtime = unsafe { Mtime::new(0x0200_bff8, 0x0200_4000, 10_000_000) };
// SAFETY: as above.
static PLIC: Plic = unsafe { Plic::new(0x0c00_0000) };
// SAFETY: as above.
static FINISHER: SifiveTest = unsafe { SifiveTest::new(0x0010_0000) };
static OUTPUT: Output = Output::new(&PORTS, Mode::Ansi);

llext_shell::exports!(EXPORTS);

const MEMORY: Memory = Memory {
    null: 0..0x1000,
    image: 0x8000_0000..0x8010_0000,
    rom: 0x1000..0x2000,
    code: 0x8020_0000..0x8040_0000,
    heap: 0x8040_0000..0x8080_0000,
    stack: stack_in(0x8080_0000..0x8090_0000),
    rtt: 0x8010_0000..0x8010_1000,
    files: 0x8090_0000..0x8100_0000,
    storage: 0x2200_0000..0x2400_0000,
};

static BOARD: Board = Board {
    name: "rv32-virt",
    terminal: &PORTS,
    output: &OUTPUT,
    clock: &TIMER,
    alarm: &TIMER,
    exports: &EXPORTS,
    memory: MEMORY,
    protection: Areas::of(&MEMORY),
    restore: start_terminal,
    reset: || FINISHER.reset(),
    exit: semihosting::exit,
    options: semihosting::command_line,
};

#[entry]
fn main() -> ! {
    start_terminal();
    #[cfg(feature = "rtt")]
    RTT.start();
    // SAFETY: once; the flash's second bank lies there, and the RAM above 0x8020_0000 is not in memory.x.
    unsafe { llext_shell::run(&BOARD, CfiFlash::<Cfi32M>::new(0x2200_0000)) }
}

fn start_terminal() {
    #[cfg(feature = "uart")]
    {
        PLIC.enable(UART0);
        UART.start();
    }
}

#[core_interrupt(Interrupt::MachineExternal)]
fn external() {
    // No other source is enabled.
    PLIC.serve(|_source| {
        #[cfg(feature = "uart")]
        UART.interrupt();
    });
}
