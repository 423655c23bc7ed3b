//! `mem write`: changes memory.
//!
//! ```text
//! llext> mem write 0x1000 0x12345678
//! llext> mem write 0x1004 -1 --width 1
//! llext> mem read 0x1000 6
//! 00001000  78 56 34 12 ff 05                                 |xV4...|
//! llext> mem write 0x1000 256 --width 1
//! error: write: 0x100: does not fit 1 byte
//! llext> mem write 0xe0000000 0
//! error: write: 0xe0000000: bus error
//! ```

use super::{faulted, width};
use crate::{
    Run, Status,
    args::Number,
    context::Context,
    text::{Hex, fail, plural},
};
use embedded_cli::Command;

/// `mem write`.
#[derive(Command)]
pub enum Write {
    /// Write one word to memory
    Write {
        /// Address of its first byte
        address: Number,
        /// What to write
        value: Number,
        /// Bytes of the word; 4 unless given
        #[arg(short, long, value_name = "1|2|4")]
        width: Option<Number>,
    },
}

impl Run for Write {
    fn run(self, ctx: &mut Context<'_>) -> Status {
        let Self::Write {
            address: Number(address),
            value: Number(value),
            width: wanted,
        } = self;
        let address = address as usize;
        let width = width(ctx, "write", address, wanted, 4)?;
        let spare = 32 - 8 * width as u32;
        let fits = (value << spare) >> spare == value
            || ((value as i32) << spare) >> spare == value as i32;
        if !fits {
            return Err(fail!(
                ctx,
                "write",
                "{}: does not fit {} {}",
                Hex(value as usize, 1),
                width,
                plural(width, "byte", "bytes")
            ));
        }
        ctx.cpu
            .poke(address, width, value)
            .map_err(|fault| faulted(ctx, "write", address, fault))
    }
}
