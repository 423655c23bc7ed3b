//! Paths as people type them.

use crate::context::FileError;

/// The longest path, in bytes.
const LONGEST: usize = 255;

/// An absolute path without `.`, `..` and doubled slashes.
///
/// There is no working directory: a path that does not begin with `/` is taken from there.
#[derive(Clone)]
pub struct Path {
    bytes: [u8; LONGEST],
    length: usize,
}

impl Path {
    /// The path that `typed` means. Too long a path, or one that is not ASCII, is an error.
    pub fn new(typed: &str) -> Result<Self, FileError> {
        let mut path = Self {
            bytes: [0; LONGEST],
            length: 0,
        };
        path.push(typed)?;
        Ok(path)
    }

    /// Goes on from here along `typed`.
    pub fn push(&mut self, typed: &str) -> Result<(), FileError> {
        for part in typed.split('/') {
            match part {
                "" | "." => {}
                ".." => self.pop(),
                _ => {
                    self.append("/")?;
                    self.append(part)?;
                }
            }
        }
        Ok(())
    }

    /// Adds `ending` to the last part.
    pub fn extend(&mut self, ending: &str) -> Result<(), FileError> {
        self.append(ending)
    }

    /// The path as text: `/` for the root.
    pub fn as_str(&self) -> &str {
        match self.bytes.get(..self.length).map(core::str::from_utf8) {
            Some(Ok(path)) if !path.is_empty() => path,
            _ => "/",
        }
    }

    /// The last part: `hello.elf` of `/ext/hello.elf`; nothing of `/`.
    pub fn name(&self) -> &str {
        self.as_str().rsplit('/').next().unwrap_or_default()
    }

    /// The last part without what follows its last dot: `hello` of `/ext/hello.elf`.
    pub fn stem(&self) -> &str {
        let name = self.name();
        name.rsplit_once('.')
            .map_or(name, |(stem, _)| if stem.is_empty() { name } else { stem })
    }

    /// The directory that holds it.
    pub fn parent(&self) -> Self {
        let mut parent = self.clone();
        parent.pop();
        parent
    }

    /// Whether it lies below `directory`, or is it.
    pub fn is_within(&self, directory: &Self) -> bool {
        let rest = self.as_str().strip_prefix(directory.as_str());
        directory.length == 0 || rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }

    fn append(&mut self, text: &str) -> Result<(), FileError> {
        let end = self.length + text.len();
        let place = self
            .bytes
            .get_mut(self.length..end)
            .filter(|_| text.is_ascii());
        place
            .ok_or(FileError::BadPath)?
            .copy_from_slice(text.as_bytes());
        self.length = end;
        Ok(())
    }

    fn pop(&mut self) {
        self.length = self.as_str().rfind('/').unwrap_or(0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(typed: &str) -> Path {
        Path::new(typed).unwrap()
    }

    #[test]
    fn paths_are_made_absolute_and_plain() {
        for (typed, expected) in [
            ("", "/"),
            ("/", "/"),
            ("..", "/"),
            ("ext", "/ext"),
            ("/ext/", "/ext"),
            ("//ext/./a/../b", "/ext/b"),
            ("/a/../..", "/"),
        ] {
            assert_eq!(path(typed).as_str(), expected, "{typed}");
        }
    }

    #[test]
    fn parts() {
        assert_eq!(path("/ext/hello.elf").name(), "hello.elf");
        assert_eq!(path("/ext/hello.elf").stem(), "hello");
        assert_eq!(path("/ext/a.b.elf").stem(), "a.b");
        assert_eq!(path("/.hidden").stem(), ".hidden");
        assert_eq!(path("/ext/hello.elf").parent().as_str(), "/ext");
        assert_eq!(path("/ext").parent().as_str(), "/");
        assert_eq!(path("/").name(), "");
        assert!(path("/ext/a").is_within(&path("/ext")));
        assert!(path("/ext").is_within(&path("/ext")));
        assert!(path("/ext").is_within(&path("/")));
        assert!(!path("/extra").is_within(&path("/ext")));
    }

    #[test]
    fn too_long_and_not_ascii() {
        assert!(Path::new(&"x".repeat(254)).is_ok());
        assert_eq!(Path::new(&"x".repeat(255)).err(), Some(FileError::BadPath));
        assert_eq!(Path::new("/äh").err(), Some(FileError::BadPath));
    }
}
