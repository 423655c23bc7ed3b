//! The commands' file system over littlefs.

use littlefs2::{
    driver::Storage,
    fs::{Allocation, File, FileType, Filesystem},
    io::{self, SeekFrom},
    path::PathBuf,
};
use llext::{Source, SourceError, SourceFault};
use shell_cmds::context::{FileError, Files, Metadata, Usage};

#[cfg(feature = "host-files")]
use super::host::{self, HostFile};
#[cfg(feature = "mapped-files")]
use super::mapped;
use super::{BlockDevice, lfs::Lfs};

/// What is being written lies here until it is complete, and then is renamed, which littlefs does at once
/// or not at all. A power cut leaves at most this one file, which the next mount removes.
const UNFINISHED: &str = "/.unfinished";

/// The attribute of files that [`Files::append`] made and [`Files::finish`] has not seen. littlefs keeps it beside the name.
const PART: u8 = b'p';

/// Bytes copied at a time.
const CHUNK: usize = 256;

/// Memory for a mounted file system: littlefs's state and buffers.
pub struct Buffers<D: BlockDevice> {
    allocation: Allocation<Lfs<D>>,
    device: Lfs<D>,
}

impl<D: BlockDevice> Buffers<D> {
    /// Buffers for `device`.
    pub fn new(device: D) -> Self {
        Self {
            allocation: Filesystem::allocate(),
            device: Lfs(device),
        }
    }
}

/// A file system on `D`, or the place for one.
pub struct Volume<'a, D: BlockDevice> {
    state: State<'a, Lfs<D>>,
}

enum State<'a, S: Storage> {
    Mounted(Filesystem<'a, S>),
    /// Blank or damaged.
    Unmounted(&'a mut Allocation<S>, &'a mut S),
    /// For the moment of a format.
    Changing,
}

impl<'a, D: BlockDevice> Volume<'a, D> {
    /// Mounts what is on the device. Without a file system there, the volume answers everything but
    /// `format` with [`FileError::Corrupt`].
    pub fn mount(buffers: &'a mut Buffers<D>) -> Self {
        let mut volume = Self {
            state: mount(&mut buffers.allocation, &mut buffers.device),
        };
        // Nothing to do about an error: it will come back when somebody writes.
        let _ = volume.remove(UNFINISHED);
        volume
    }

    /// Whether there is a file system.
    pub fn is_mounted(&self) -> bool {
        matches!(self.state, State::Mounted(_))
    }

    fn fs(&self) -> Result<&Filesystem<'a, Lfs<D>>, FileError> {
        match &self.state {
            State::Mounted(fs) => Ok(fs),
            _ => Err(FileError::Corrupt),
        }
    }

    /// Opens `path` for reading while `body` runs.
    fn open(&self, path: &str, body: &mut dyn FnMut(&mut dyn Source)) -> Result<(), FileError> {
        #[cfg(feature = "mapped-files")]
        if let Some(mut file) = mapped::open(path) {
            body(&mut file);
            return Ok(());
        }
        #[cfg(feature = "host-files")]
        if let Some(name) = host::name(path) {
            body(&mut HostFile::open(name)?);
            return Ok(());
        }
        self.fs()?
            .open_file_and_then(&self::path(path)?, |file| {
                body(&mut FileSource {
                    file,
                    len: file.len()?,
                    at: 0,
                });
                Ok(())
            })
            .map_err(refused)
    }

    /// Writes `body`'s bytes to the unfinished file.
    fn write_unfinished(&self, body: Body<'_>) -> Result<(), FileError> {
        self.fs()?
            .create_file_and_then(&path(UNFINISHED)?, |file| Ok(fill(file, body)))
            .map_err(refused)?
    }

    /// Gives the unfinished file its name.
    fn complete(&self, to: &str) -> Result<(), FileError> {
        self.fs()?
            .rename(&path(UNFINISHED)?, &path(to)?)
            .map_err(refused)
    }

    /// A write to `to` can succeed: its directory is there, and it is no directory itself.
    fn check_target(&mut self, to: &str) -> Result<(), FileError> {
        let (parent, name) = to.rsplit_once('/').ok_or(FileError::BadPath)?;
        if name.is_empty() {
            return Err(FileError::IsADirectory);
        }
        if self.metadata(parent)? != Metadata::Dir {
            return Err(FileError::NotADirectory);
        }
        match self.metadata(to) {
            Ok(Metadata::Dir) => Err(FileError::IsADirectory),
            Ok(Metadata::File(_)) | Err(FileError::NotFound) => Ok(()),
            Err(error) => Err(error),
        }
    }

    fn discard_on_error(&mut self, result: Result<(), FileError>) -> Result<(), FileError> {
        if result.is_err() {
            let _ = self.remove(UNFINISHED);
        }
        result
    }
}

/// What a write's body is: it gets the function that takes the bytes.
type Body<'b> =
    &'b mut dyn FnMut(&mut dyn FnMut(&[u8]) -> Result<(), FileError>) -> Result<(), FileError>;

/// Has `body` write to the end of `file`.
fn fill<S: Storage>(file: &File<'_, '_, S>, body: Body<'_>) -> Result<(), FileError> {
    body(&mut |bytes| match file.write(bytes) {
        Ok(written) if written == bytes.len() => Ok(()),
        Ok(_) => Err(FileError::Full),
        Err(error) => Err(refused(error)),
    })
}

fn mount<'a, S: Storage>(allocation: &'a mut Allocation<S>, device: &'a mut S) -> State<'a, S> {
    // `mount` keeps what it borrows even when it fails: so look first.
    if Filesystem::mount(&mut *allocation, &mut *device).is_err() {
        return State::Unmounted(allocation, device);
    }
    *allocation = Filesystem::allocate();
    remount(allocation, device)
}

fn remount<'a, S: Storage>(allocation: &'a mut Allocation<S>, device: &'a mut S) -> State<'a, S> {
    match Filesystem::mount(allocation, device) {
        Ok(fs) => State::Mounted(fs),
        Err(_) => State::Changing,
    }
}

impl<D: BlockDevice> Files for Volume<'_, D> {
    fn metadata(&mut self, path: &str) -> Result<Metadata, FileError> {
        #[cfg(feature = "mapped-files")]
        if let Some(file) = mapped::open(path) {
            return Ok(Metadata::File(file.len()));
        }
        #[cfg(feature = "host-files")]
        if let Some(name) = host::name(path) {
            return Ok(Metadata::File(HostFile::open(name)?.len()));
        }
        let found = self.fs()?.metadata(&self::path(path)?).map_err(refused)?;
        Ok(metadata(found.file_type(), found.len()))
    }

    fn read(&mut self, path: &str, body: &mut dyn FnMut(&mut dyn Source)) -> Result<(), FileError> {
        self.open(path, body)
    }

    fn write(&mut self, path: &str, body: Body<'_>) -> Result<(), FileError> {
        self.check_target(path)?;
        let result = self
            .write_unfinished(body)
            .and_then(|()| self.complete(path));
        self.discard_on_error(result)
    }

    fn append(&mut self, path: &str, body: Body<'_>) -> Result<(), FileError> {
        self.check_target(path)?;
        let is_new = self.metadata(path).is_err();
        let (fs, path) = (self.fs()?, self::path(path)?);
        fs.open_file_with_options_and_then(
            |options| options.write(true).create(true).append(true),
            &path,
            |file| {
                if is_new {
                    fs.set_attribute(&path, PART, &[1])?;
                }
                Ok(fill(file, body))
            },
        )
        .map_err(refused)?
    }

    fn is_unfinished(&mut self, path: &str) -> Result<bool, FileError> {
        let path = self::path(path)?;
        let found = self.fs()?.attribute(&path, PART, &mut []);
        found.map(|mark| mark.is_some()).map_err(refused)
    }

    fn finish(&mut self, from: &str, to: &str) -> Result<(), FileError> {
        self.rename(from, to)?;
        // The file is whole, whatever becomes of the mark.
        let _ = self.fs()?.remove_attribute(&self::path(to)?, PART);
        Ok(())
    }

    fn copy(
        &mut self,
        from: &str,
        to: &str,
        go_on: &mut dyn FnMut() -> bool,
    ) -> Result<(), FileError> {
        self.check_target(to)?;
        let mut written = Ok(());
        let result = self
            .open(from, &mut |file| {
                written = self.write_unfinished(&mut |sink| copy_chunks(file, sink, go_on));
            })
            .and(written)
            .and_then(|()| self.complete(to));
        self.discard_on_error(result)
    }

    fn list(&mut self, path: &str, each: &mut dyn FnMut(&str, Metadata)) -> Result<(), FileError> {
        let root = path.trim_matches('/').is_empty();
        self.fs()?
            .read_dir_and_then(&self::path(path)?, |entries| {
                for entry in entries {
                    let entry = entry?;
                    let name = entry.file_name().as_str();
                    let hidden = matches!(name, "." | "..") || (root && name == &UNFINISHED[1..]);
                    if !hidden {
                        each(name, metadata(entry.file_type(), entry.metadata().len()));
                    }
                }
                Ok(())
            })
            .map_err(refused)
    }

    fn remove(&mut self, path: &str) -> Result<(), FileError> {
        self.fs()?.remove(&self::path(path)?).map_err(refused)
    }

    fn rename(&mut self, from: &str, to: &str) -> Result<(), FileError> {
        // littlefs would make a directory its own ancestor, and never find it again.
        let inside = to
            .strip_prefix(from.trim_end_matches('/'))
            .is_some_and(|rest| rest.starts_with('/'));
        if inside {
            return Err(FileError::BadPath);
        }
        self.fs()?.rename(&path(from)?, &path(to)?).map_err(refused)
    }

    fn create_dir(&mut self, path: &str) -> Result<(), FileError> {
        self.fs()?.create_dir(&self::path(path)?).map_err(refused)
    }

    fn usage(&mut self) -> Result<Usage, FileError> {
        let free = self.fs()?.available_blocks().map_err(refused)?;
        Ok(Usage {
            block_size: D::GEOMETRY.block_size,
            blocks: D::GEOMETRY.block_count,
            free,
        })
    }

    fn format(&mut self) -> Result<(), FileError> {
        let (allocation, device) = match core::mem::replace(&mut self.state, State::Changing) {
            State::Mounted(fs) => fs.into_inner(),
            State::Unmounted(allocation, device) => (allocation, device),
            State::Changing => return Err(FileError::Device),
        };
        let formatted = Filesystem::format(device).map_err(refused);
        *allocation = Filesystem::allocate();
        self.state = mount(allocation, device);
        formatted?;
        self.fs().map(|_| ())
    }
}

/// An open file, for the loader.
struct FileSource<'f, 'a, 'b, S: Storage> {
    file: &'f File<'a, 'b, S>,
    len: usize,
    /// Where the file stands, so that reading on needs no seek.
    at: usize,
}

impl<S: Storage> Source for FileSource<'_, '_, '_, S> {
    fn len(&self) -> usize {
        self.len
    }

    fn read_at(&mut self, offset: usize, into: &mut [u8]) -> Result<(), SourceError> {
        let wanted = into.len();
        let fail = |reason| SourceError {
            offset,
            wanted,
            reason,
        };
        let device = |error: io::Error| fail(SourceFault::Device(error.code()));
        if offset.checked_add(wanted).is_none_or(|end| end > self.len) {
            return Err(fail(SourceFault::Short));
        }
        if self.at != offset {
            let start = u32::try_from(offset).map_err(|_| fail(SourceFault::Short))?;
            self.file.seek(SeekFrom::Start(start)).map_err(device)?;
            self.at = offset;
        }
        let read = self.file.read(into).map_err(device)?;
        self.at += read;
        if read == wanted {
            Ok(())
        } else {
            Err(fail(SourceFault::Short))
        }
    }
}

fn copy_chunks(
    file: &mut dyn Source,
    sink: &mut dyn FnMut(&[u8]) -> Result<(), FileError>,
    go_on: &mut dyn FnMut() -> bool,
) -> Result<(), FileError> {
    let mut chunk = [0; CHUNK];
    let mut at = 0;
    loop {
        if !go_on() {
            return Err(FileError::Interrupted);
        }
        let left = file.len() - at;
        let Some(piece) = chunk.get_mut(..left.min(CHUNK)).filter(|_| left > 0) else {
            return Ok(());
        };
        file.read_at(at, piece).map_err(unread)?;
        sink(piece)?;
        at += piece.len();
    }
}

fn metadata(kind: FileType, len: usize) -> Metadata {
    match kind {
        FileType::Dir => Metadata::Dir,
        FileType::File => Metadata::File(len),
    }
}

/// littlefs's path: ASCII, NUL-terminated, of limited length. The empty path is the root's.
fn path(path: &str) -> Result<PathBuf, FileError> {
    PathBuf::try_from(path).map_err(|_| FileError::BadPath)
}

/// Why a source could not be read, in the commands' words.
fn unread(error: SourceError) -> FileError {
    match error.reason {
        SourceFault::Device(code) => io::Error::new(code).map_or(FileError::Device, refused),
        _ => FileError::Device,
    }
}

/// littlefs's errors in the commands' words.
fn refused(error: io::Error) -> FileError {
    match error {
        io::Error::NO_SUCH_ENTRY => FileError::NotFound,
        io::Error::ENTRY_ALREADY_EXISTED => FileError::Exists,
        io::Error::PATH_NOT_DIR => FileError::NotADirectory,
        io::Error::PATH_IS_DIR => FileError::IsADirectory,
        io::Error::DIR_NOT_EMPTY => FileError::NotEmpty,
        io::Error::NO_SPACE | io::Error::FILE_TOO_BIG => FileError::Full,
        io::Error::FILENAME_TOO_LONG => FileError::BadPath,
        io::Error::CORRUPTION => FileError::Corrupt,
        io::Error::IO => FileError::Device,
        other => FileError::Other(other.code()),
    }
}
