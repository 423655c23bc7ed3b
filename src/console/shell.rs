//! The shell's loop.

use llext::Llext;
use shell_cmds::context::{Cpu, Files, System};

use super::{Output, Port};

/// What the shell's commands work on: a [`shell_cmds::context::Context`] without its console.
pub struct World<'a> {
    /// The file system.
    pub files: &'a mut dyn Files,
    /// The loader and what it has loaded.
    pub llext: &'a mut Llext<'static>,
    /// The one door through which extension code is called.
    pub cpu: &'a mut dyn Cpu,
    /// The rest of the machine.
    pub system: &'a mut dyn System,
}

/// Prints the banner, then reads and runs commands until the user ends the session with Ctrl-D on an empty line.
///
/// `port` is where keys come from; what the shell prints goes through `output`, which the caller also
/// gives to extension code.
pub fn run_shell(port: &dyn Port, output: &Output, world: World<'_>) {
    let _ = (port, output, world);
    todo!()
}
