//! The C library, which is picolibc's: what extensions may use of it, and what it needs of the firmware.

use core::{convert::Infallible, ffi::c_void};

use ufmt::uWrite;

use crate::{board, exec::protected};

/// The console as extensions see it.
pub(super) struct Stdout;

impl Stdout {
    /// Writes `bytes`; a Ctrl-C that comes meanwhile ends the call when they are out.
    pub(super) fn write(&mut self, bytes: &[u8]) {
        if let Some(board) = board::current() {
            protected(|| board.output.write_output(bytes));
        }
    }

    /// Lets what was written be seen that waits for the end of its line.
    pub(super) fn flush(&mut self) {
        if let Some(board) = board::current() {
            protected(|| board.output.flush());
        }
    }
}

impl uWrite for Stdout {
    type Error = Infallible;

    fn write_str(&mut self, text: &str) -> Result<(), Infallible> {
        self.write(text.as_bytes());
        Ok(())
    }
}

/// Where `stdio.c` sends every character.
#[unsafe(no_mangle)]
extern "C" fn llext_console_put(byte: u8) {
    Stdout.write(&[byte]);
}

/// Thread-local storage of the one thread: errno.
static mut THREAD_LOCAL: [u64; 2] = [0; 2];

/// Tells the C library where its thread-local storage is.
///
/// # Safety
/// Called once, before any of its functions.
pub(super) unsafe fn start() {
    unsafe extern "C" {
        fn _set_tls(block: *mut c_void);
    }
    // SAFETY: only the C library uses the block, which is as large as the link script checks.
    unsafe { _set_tls((&raw mut THREAD_LOCAL).cast()) };
}

/// What compilers take for the thread pointer, here and in extensions.
pub(super) fn thread_pointer() -> usize {
    let pointer;
    #[cfg(target_arch = "arm")]
    // SAFETY: RTABI32, section 5.3.5: it gives the pointer in r0, and leaves all other registers but these alone.
    unsafe {
        core::arch::asm!("bl __aeabi_read_tp", out("r0") pointer, out("r12") _, out("lr") _);
    }
    #[cfg(target_arch = "riscv32")]
    // SAFETY: reads a register.
    unsafe {
        core::arch::asm!("mv {}, tp", out(reg) pointer, options(nomem, nostack));
    }
    pointer
}

llext::export_group! {
    /// Functions declared by the C library's own headers, and `printk`, Zephyr's name for `printf`. `stdout` and `stderr` are
    /// variables: `printf` and its kin take their addresses from the caller, as does picolibc's `putchar` macro.
    pub LIBC:
    printf, vprintf, snprintf, vsnprintf, sprintf, fprintf, puts, putchar, fputs, fputc,
    printk => {
        unsafe extern "C" {
            fn printf();
        }
        printf
    },
    stdout, stderr,
    memchr, memcmp, memcpy, memmove, memset,
    strcat, strchr, strcmp, strcpy, strcspn, strlen, strncat, strncmp, strncpy, strnlen,
    strpbrk, strrchr, strspn, strstr, strtok_r,
    atoi, strtol, strtoul,
}
