//! Files in memory, with the rules of littlefs.

use llext::SliceSource;
use llext::Source;
use shell_cmds::context::{Contents, FileError, Files, Metadata, Usage};
use std::collections::{BTreeMap, BTreeSet};

const BLOCK: usize = 64;

/// A file system; `None` is a directory.
pub struct Disk {
    entries: BTreeMap<String, Option<Vec<u8>>>,
    unfinished: BTreeSet<String>,
    /// Blocks in all.
    pub blocks: usize,
    /// Whether there is no file system to be found.
    pub damaged: bool,
}

impl Disk {
    /// What the tests begin with.
    pub fn new() -> Self {
        let mut disk = Self {
            entries: BTreeMap::new(),
            unfinished: BTreeSet::new(),
            blocks: 1024,
            damaged: false,
        };
        disk.entries.insert("/ext".into(), None);
        disk.put("/ext/guest.elf", include_bytes!("../extensions/guest.elf"));
        disk.put("/ext/hello.elf", include_bytes!("../extensions/hello.elf"));
        disk.put(
            "/ext/orphan.elf",
            include_bytes!("../extensions/orphan.elf"),
        );
        disk.put("/motd.txt", b"Hello, world\n");
        disk
    }

    /// Puts a file there.
    pub fn put(&mut self, path: &str, bytes: &[u8]) {
        self.entries.insert(path.into(), Some(bytes.to_vec()));
    }

    /// The contents of a file, if it is there.
    pub fn get(&self, path: &str) -> Option<&[u8]> {
        self.entries.get(path)?.as_deref()
    }

    fn used(&self) -> usize {
        let blocks = |entry: &Option<Vec<u8>>| {
            entry
                .as_ref()
                .map_or(2, |bytes| bytes.len().div_ceil(BLOCK))
        };
        2 + self.entries.values().map(blocks).sum::<usize>()
    }

    fn children<'a>(&'a self, path: &str) -> impl Iterator<Item = (&'a str, Metadata)> {
        let directory = format!("{}/", path.trim_end_matches('/'));
        self.entries.iter().filter_map(move |(path, entry)| {
            let name = path
                .strip_prefix(&directory)
                .filter(|name| !name.contains('/'))?;
            Some((
                name,
                entry
                    .as_ref()
                    .map_or(Metadata::Dir, |bytes| Metadata::File(bytes.len())),
            ))
        })
    }

    fn parent_of(&mut self, path: &str) -> Result<(), FileError> {
        let parent = &path[..path.rfind('/').unwrap_or(0)];
        match self.metadata(if parent.is_empty() { "/" } else { parent })? {
            Metadata::Dir => Ok(()),
            Metadata::File(_) => Err(FileError::NotADirectory),
        }
    }
}

impl Files for Disk {
    fn metadata(&mut self, path: &str) -> Result<Metadata, FileError> {
        assert!(
            path.starts_with('/') && path.is_ascii(),
            "{path} is no plain absolute path"
        );
        match self.entries.get(path) {
            _ if self.damaged => Err(FileError::Corrupt),
            Some(Some(bytes)) => Ok(Metadata::File(bytes.len())),
            Some(None) => Ok(Metadata::Dir),
            None if path == "/" => Ok(Metadata::Dir),
            None => Err(FileError::NotFound),
        }
    }

    fn read(&mut self, path: &str, body: &mut dyn FnMut(&mut dyn Source)) -> Result<(), FileError> {
        self.metadata(path)?;
        let bytes = self.get(path).ok_or(FileError::IsADirectory)?;
        body(&mut SliceSource::new(bytes));
        Ok(())
    }

    fn write(
        &mut self,
        path: &str,
        body: &mut dyn FnMut(Contents<'_>) -> Result<(), FileError>,
    ) -> Result<(), FileError> {
        self.parent_of(path)?;
        if self.metadata(path) == Ok(Metadata::Dir) {
            return Err(FileError::IsADirectory);
        }
        let mut contents = vec![];
        body(&mut |bytes| {
            contents.extend_from_slice(bytes);
            Ok(())
        })?;
        if self.used() + contents.len().div_ceil(BLOCK) > self.blocks {
            return Err(FileError::Full);
        }
        self.put(path, &contents);
        Ok(())
    }

    fn append(
        &mut self,
        path: &str,
        body: &mut dyn FnMut(Contents<'_>) -> Result<(), FileError>,
    ) -> Result<(), FileError> {
        self.parent_of(path)?;
        if self.metadata(path).is_err() {
            self.unfinished.insert(path.into());
        }
        let mut contents = self.get(path).unwrap_or_default().to_vec();
        let room = (self.blocks - self.used()) * BLOCK;
        let most = contents.len() + room;
        let written = body(&mut |bytes| {
            contents.extend_from_slice(bytes);
            match contents.len() > most {
                true => Err(FileError::Full),
                false => Ok(()),
            }
        });
        contents.truncate(most);
        self.put(path, &contents);
        written
    }

    fn is_unfinished(&mut self, path: &str) -> Result<bool, FileError> {
        self.metadata(path)?;
        Ok(self.unfinished.contains(path))
    }

    fn finish(&mut self, from: &str, to: &str) -> Result<(), FileError> {
        self.rename(from, to)?;
        self.unfinished.remove(from);
        Ok(())
    }

    fn copy(
        &mut self,
        from: &str,
        to: &str,
        go_on: &mut dyn FnMut() -> bool,
    ) -> Result<(), FileError> {
        let bytes = self
            .get(from)
            .map(<[u8]>::to_vec)
            .ok_or(FileError::NotFound)?;
        if !go_on() {
            return Err(FileError::Interrupted);
        }
        self.write(to, &mut |write| write(&bytes))
    }

    fn list(&mut self, path: &str, each: &mut dyn FnMut(&str, Metadata)) -> Result<(), FileError> {
        match self.metadata(path)? {
            Metadata::Dir => self
                .children(path)
                .for_each(|(name, metadata)| each(name, metadata)),
            Metadata::File(_) => return Err(FileError::NotADirectory),
        }
        Ok(())
    }

    fn remove(&mut self, path: &str) -> Result<(), FileError> {
        self.metadata(path)?;
        if self.children(path).next().is_some() {
            return Err(FileError::NotEmpty);
        }
        self.entries.remove(path);
        self.unfinished.remove(path);
        Ok(())
    }

    fn rename(&mut self, from: &str, to: &str) -> Result<(), FileError> {
        self.parent_of(to)?;
        let moved: Vec<String> = self
            .entries
            .keys()
            .filter(|path| path.starts_with(from))
            .cloned()
            .collect();
        for path in moved {
            let entry = self.entries.remove(&path).expect("listed");
            self.entries.insert(path.replacen(from, to, 1), entry);
        }
        Ok(())
    }

    fn create_dir(&mut self, path: &str) -> Result<(), FileError> {
        self.parent_of(path)?;
        match self.metadata(path) {
            Ok(_) => Err(FileError::Exists),
            Err(_) if self.used() + 2 > self.blocks => Err(FileError::Full),
            Err(_) => {
                self.entries.insert(path.into(), None);
                Ok(())
            }
        }
    }

    fn usage(&mut self) -> Result<Usage, FileError> {
        self.metadata("/")?;
        Ok(Usage {
            block_size: BLOCK,
            blocks: self.blocks,
            free: self.blocks - self.used(),
        })
    }

    fn format(&mut self) -> Result<(), FileError> {
        self.entries.clear();
        self.damaged = false;
        Ok(())
    }
}
