//! What the line readers know of the commands.

use shell_cmds::Candidate;

/// What a line can be given to.
pub trait Commands {
    /// Runs the command in `line`; what it says, it has said when this returns.
    fn execute(&mut self, line: &str);
    /// Calls `each` for what can stand at byte `cursor` of `line`; returns where the word there begins.
    fn complete(&mut self, line: &str, cursor: usize, each: &mut dyn FnMut(Candidate<'_>))
    -> usize;
}
