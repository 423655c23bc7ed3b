//! Tab: what may be inserted at the cursor, and the list of what there is to choose from.

use heapless::String;

use super::{
    Output,
    commands::Commands,
    line::{LINE_BYTES, Line, common},
    view::COLUMNS,
};

/// What Tab found at the cursor.
pub struct Completion {
    /// What all candidates have in common after what is typed.
    pub insert: String<LINE_BYTES>,
    /// There is one candidate, complete with `insert`: a space may follow.
    pub done: bool,
    /// There is more than one.
    pub ambiguous: bool,
    /// Columns of the widest name in the list.
    widest: usize,
}

impl Completion {
    /// Looks for what can stand at the cursor of `line`.
    pub fn find(line: &Line, commands: &mut dyn Commands) -> Self {
        let mut found = Self {
            insert: String::new(),
            done: false,
            ambiguous: false,
            widest: 0,
        };
        let mut any = false;
        let (typed, _) = line.halves();
        let start = commands.complete(line.text(), typed.len(), &mut |candidate| {
            found.widest = found.widest.max(name(candidate.text).chars().count());
            if any {
                found.merge(candidate.text, candidate.done);
            } else {
                // What is longer than a line cannot be inserted anyway.
                found.done = found.insert.push_str(candidate.text).is_ok() && candidate.done;
            }
            any = true;
        });
        let word = typed.get(start..).unwrap_or_default();
        let insert = found.insert.strip_prefix(word).unwrap_or_default();
        found.insert = String::try_from(insert).unwrap_or_default();
        found
    }

    /// Reduces `insert` to what it has in common with the next candidate.
    fn merge(&mut self, text: &str, done: bool) {
        let common = common(&self.insert, text).len();
        // The same candidate may be given twice.
        self.ambiguous |= common < self.insert.len() || common < text.len();
        self.done &= done && !self.ambiguous;
        self.insert.truncate(common);
    }
}

/// Prints the candidates that `found` was made of in columns, row by row, and ends the last row.
pub fn list(found: &Completion, line: &Line, commands: &mut dyn Commands, output: &Output) {
    let width = found.widest + 2;
    let per_row = (COLUMNS / width).max(1);
    let (mut column, mut pad) = (0, 0);
    let (typed, _) = line.halves();
    commands.complete(line.text(), typed.len(), &mut |candidate| {
        if column == per_row {
            output.write(b"\n");
            (column, pad) = (0, 0);
        }
        (0..pad).for_each(|_| output.write(b" "));
        let name = name(candidate.text);
        output.write(name.as_bytes());
        pad = width.saturating_sub(name.chars().count());
        column += 1;
    });
    output.fresh_line();
}

/// What a list shows of a candidate: of a path its last part.
fn name(text: &str) -> &str {
    let inner = text.strip_suffix('/').unwrap_or(text);
    let start = inner
        .bytes()
        .rposition(|byte| byte == b'/')
        .map_or(0, |slash| slash + 1);
    text.get(start..).unwrap_or(text)
}
