//! What Tab offers.

use crate::context::Context;

/// A word that may stand at the cursor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Candidate<'c> {
    /// The whole word.
    pub text: &'c str,
    /// Whether the word is complete, so that a space may follow; a directory is not.
    pub done: bool,
}

/// Calls `each` for every word that may stand before `cursor` (a byte offset in `line`) and begins with
/// what is typed of it there. Returns the offset at which that word begins.
pub fn complete(
    line: &str,
    cursor: usize,
    ctx: &mut Context<'_>,
    each: &mut dyn FnMut(Candidate<'_>),
) -> usize {
    let _ = (ctx, each);
    line.get(..cursor)
        .and_then(|typed| typed.rfind(' '))
        .map_or(0, |space| space + 1)
}
