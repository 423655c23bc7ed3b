//! Reading a line in ansi mode: noline edits.

use core::convert::Infallible;

use embedded_io::{ErrorType, Read, Write};
use noline::{
    line_buffer::{LineBuffer, SliceBuffer},
    sync_editor::Editor,
};

use super::{
    Output,
    commands::Commands,
    history::Past,
    input::Input,
    line::{Entered, Line},
    shim::Shim,
    view::{PROMPT, View},
};

/// noline, and what it keeps from line to line.
pub struct AnsiReader<'b> {
    editor: Editor<SliceBuffer<'b>, Past<'b>>,
    /// Whether a line is in the history.
    has_past: bool,
}

impl<'b> AnsiReader<'b> {
    /// An editor of lines up to the length of `line`, which remembers as many as fit in `history`.
    pub fn new(line: &'b mut [u8], history: &'b mut [u8]) -> Option<Self> {
        let editor = Editor::new(
            LineBuffer::from_slice(line),
            Past::new(history),
            &mut Nowhere,
        )
        .ok()?;
        Some(Self {
            editor,
            has_past: false,
        })
    }

    /// Reads a line into `line`.
    pub fn read(
        &mut self,
        input: &mut Input<'_>,
        output: &Output,
        line: &mut Line,
        commands: &mut dyn Commands,
    ) -> Entered {
        line.clear();
        let mut shim = Shim::new(
            input,
            &mut *line,
            commands,
            View::new(output),
            self.has_past,
        );
        let edited = self.editor.readline(PROMPT, &mut shim).ok();
        let entered = shim.finish();
        debug_assert!(
            edited.is_none_or(|text| text == line.text()),
            "the line shown is the line edited"
        );
        self.has_past |= entered == Entered::Line && !line.text().trim_ascii().is_empty();
        entered
    }
}

/// noline wants a terminal when it is made, and then does not use it.
struct Nowhere;

impl ErrorType for Nowhere {
    type Error = Infallible;
}

impl Read for Nowhere {
    fn read(&mut self, _: &mut [u8]) -> Result<usize, Infallible> {
        Ok(0)
    }
}

impl Write for Nowhere {
    fn write(&mut self, bytes: &[u8]) -> Result<usize, Infallible> {
        Ok(bytes.len())
    }

    fn flush(&mut self) -> Result<(), Infallible> {
        Ok(())
    }
}
