//! The shell's loop.

use llext::Llext;
use shell_cmds::{
    Candidate,
    context::{Context, Cpu, Files, Mode, System},
};

use super::{
    Output, Port,
    ansi::AnsiReader,
    commands::Commands,
    input::Input,
    line::{Entered, LINE_BYTES, Line},
    plain,
};

/// Bytes for the lines before, each with one more between them.
const HISTORY_BYTES: usize = 1024;

/// What the shell's commands work on: a [`Context`] without its console.
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

/// The commands of `shell_cmds`.
struct ShellCommands<'o, 'w> {
    console: &'o Output,
    world: World<'w>,
}

impl ShellCommands<'_, '_> {
    fn context<R>(&mut self, body: impl FnOnce(&mut Context<'_>) -> R) -> R {
        let World {
            files,
            llext,
            cpu,
            system,
        } = &mut self.world;
        body(&mut Context {
            console: &mut self.console,
            files: *files,
            llext,
            cpu: *cpu,
            system: *system,
        })
    }
}

impl Commands for ShellCommands<'_, '_> {
    fn execute(&mut self, line: &str) {
        // A command that failed has said so; the shell goes on either way.
        let _ = self.context(|context| shell_cmds::execute(line, context));
    }

    fn complete(
        &mut self,
        line: &str,
        cursor: usize,
        each: &mut dyn FnMut(Candidate<'_>),
    ) -> usize {
        self.context(|context| shell_cmds::complete(line, cursor, context, each))
    }
}

/// Prints the banner, then reads and runs commands until the user ends the session with Ctrl-D on an empty line.
///
/// `port` is where keys come from; what the shell prints goes through `output`, which the caller also
/// gives to extension code. Takes about 3 KiB of stack, besides what a command needs.
pub fn run_shell(port: &dyn Port, output: &Output, world: World<'_>) {
    // The banner is in the mode of the first prompt.
    output.switch_mode();
    let mut out = output;
    let Ok(()) = ufmt::uwrite!(
        out,
        "llext-shell {} on {}; `help` lists the commands\n",
        env!("CARGO_PKG_VERSION"),
        world.system.board()
    );
    run(
        port,
        output,
        &mut ShellCommands {
            console: output,
            world,
        },
    );
}

/// Reads lines and gives them to `commands` until the session ends.
pub(super) fn run(port: &dyn Port, output: &Output, commands: &mut dyn Commands) {
    let (mut buffer, mut history) = ([0; LINE_BYTES], [0; HISTORY_BYTES]);
    let Some(mut ansi) = AnsiReader::new(&mut buffer, &mut history) else {
        return;
    };
    let mut input = Input::new(port);
    let mut line = Line::new();
    loop {
        let entered = match output.switch_mode() {
            Mode::Ansi => ansi.read(&mut input, output, &mut line, commands),
            Mode::Plain => plain::read(&mut input, output, &mut line, commands),
        };
        match entered {
            Entered::Line => {
                let command = line.text().trim_ascii();
                if !command.is_empty() && !command.starts_with('#') {
                    commands.execute(command);
                }
            }
            Entered::TooLong => {
                let mut out = output;
                let Ok(()) = ufmt::uwrite!(out, "error: line: longer than {} bytes\n", LINE_BYTES);
                if line.text().starts_with("llext load_hex ") {
                    output.write(
                        b"hint: `llext load_hex NAME -` takes digits in lines of their own\n",
                    );
                }
            }
            Entered::Interrupted => {}
            Entered::End => return,
        }
    }
}
