//! Files of the host, through its debugger or emulator: `host:PATH`, to read only.
//!
//! Commands make `/host:PATH` of it. A PATH that does not begin with `/` is taken from where the debugger was started.

use llext::{Source, SourceError, SourceFault};
use shell_cmds::context::FileError;

use crate::drivers::host_files as host;

/// The part of `path` that names a file of the host, if it does.
pub(super) fn name(path: &str) -> Option<&str> {
    path.strip_prefix("/host:")
}

/// A file of the host, open for reading.
pub(super) struct HostFile {
    handle: usize,
    len: usize,
    at: usize,
}

impl HostFile {
    /// Opens the file `name`. Why it does not open, the host does not say.
    pub(super) fn open(name: &str) -> Result<Self, FileError> {
        let handle = host::open(name).ok_or(FileError::NotFound)?;
        let mut file = Self {
            handle,
            len: 0,
            at: 0,
        };
        file.len = host::len(handle).ok_or(FileError::Device)?;
        Ok(file)
    }
}

impl Drop for HostFile {
    fn drop(&mut self) {
        host::close(self.handle);
    }
}

impl Source for HostFile {
    fn len(&self) -> usize {
        self.len
    }

    fn read_at(&mut self, offset: usize, into: &mut [u8]) -> Result<(), SourceError> {
        let wanted = into.len();
        let short = SourceError::short(offset, wanted);
        if offset.checked_add(wanted).is_none_or(|end| end > self.len) {
            return Err(short);
        }
        if self.at != offset && !host::seek(self.handle, offset) {
            return Err(SourceError {
                reason: SourceFault::Device(-1),
                ..short
            });
        }
        let read = host::read(self.handle, into);
        self.at = offset + read;
        // The file may be shorter than it was when it was opened.
        if read == wanted { Ok(()) } else { Err(short) }
    }
}
