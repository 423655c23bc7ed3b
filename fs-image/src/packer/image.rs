//! An image: a host file with a littlefs in it.

use std::fs::{File, OpenOptions};
use std::path::{Path as HostPath, PathBuf as HostPathBuf};

use anyhow::{Context, Result, anyhow, bail};
use fs_image::{GEOMETRIES, Geometry};
use littlefs2::io::Error;
use littlefs2::object_safe::DynFilesystem;
use littlefs2::path::{Path, PathBuf};

use crate::device;
use crate::superblock::Superblock;

/// An image that can be mounted.
pub struct Image {
    file: File,
    path: HostPathBuf,
    geometry: &'static Geometry,
}

/// A file or directory on an image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Absolute path.
    pub path: String,
    /// Bytes; 0 for a directory.
    pub size: usize,
    /// Whether it is a directory.
    pub is_dir: bool,
}

impl Image {
    /// Makes an empty image at `path`. A file that is there is overwritten in place, so that a
    /// lock on it holds.
    ///
    /// # Errors
    /// The host's file cannot be written.
    pub fn create(path: &HostPath, geometry: &'static Geometry) -> Result<Image> {
        let shown = path.display();
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(true)
            .open(path)
            .with_context(|| shown.to_string())?;
        file.set_len(geometry.bytes() as u64)
            .with_context(|| shown.to_string())?;
        device::format(&file, geometry).map_err(|error| anyhow!("{shown}: {}", words(error)))?;
        Ok(Image {
            file,
            path: path.to_owned(),
            geometry,
        })
    }

    /// Opens the image at `path`, which must have the geometry `expected`, if one is given.
    ///
    /// # Errors
    /// The file holds no littlefs, or one of another geometry; the message has both.
    pub fn open(path: &HostPath, expected: Option<&'static Geometry>) -> Result<Image> {
        let file = OpenOptions::new().read(true).write(true).open(path);
        let file = file.with_context(|| path.display().to_string())?;
        let geometry = recognise(&file, expected).with_context(|| path.display().to_string())?;
        let image = Image {
            file,
            path: path.to_owned(),
            geometry,
        };
        image.mount("mounting", &mut |_| Ok(()))?;
        Ok(image)
    }

    /// The geometry.
    pub fn geometry(&self) -> &'static Geometry {
        self.geometry
    }

    /// Writes files, with the directories above them, in one mount. A file that has these contents
    /// already is left alone.
    ///
    /// # Errors
    /// A path is not one of littlefs, or the image is full.
    pub fn write(&self, files: &[(&str, Vec<u8>)]) -> Result<()> {
        for (path, contents) in files {
            let target = littlefs_path(path)?;
            if self.exists(&target) && self.read(path).is_ok_and(|old| old == *contents) {
                continue;
            }
            self.mount(path, &mut |fs| {
                create_parents(fs, &target)?;
                let written = fs.write(&target, contents);
                if written == Err(Error::NO_SPACE) {
                    // Less than half a file is worse than none.
                    fs.remove(&target)?;
                }
                written
            })?;
        }
        Ok(())
    }

    /// The contents of a file.
    ///
    /// # Errors
    /// There is no such file, or it is damaged.
    pub fn read(&self, path: &str) -> Result<Vec<u8>> {
        let target = littlefs_path(path)?;
        let mut contents = Vec::new();
        self.mount(path, &mut |fs| {
            fs.open_file_and_then_unit(&target, &mut |file| {
                contents.resize(file.len()?, 0);
                let count = file.read(&mut contents)?;
                contents.truncate(count);
                Ok(())
            })
        })?;
        Ok(contents)
    }

    /// Everything below the directory `path`, a directory before what it holds.
    ///
    /// # Errors
    /// There is no such directory, or it is damaged.
    pub fn entries(&self, path: &str) -> Result<Vec<Entry>> {
        let top = littlefs_path(path)?;
        let mut entries = Vec::new();
        self.mount(path, &mut |fs| collect(fs, &top, &mut entries))?;
        Ok(entries)
    }

    /// Blocks not in use.
    ///
    /// # Errors
    /// The image is damaged.
    pub fn free_blocks(&self) -> Result<usize> {
        let mut free = 0;
        self.mount("counting blocks", &mut |fs| {
            free = fs.available_blocks()?;
            Ok(())
        })?;
        Ok(free)
    }

    fn exists(&self, path: &Path) -> bool {
        device::mount(&self.file, self.geometry, &mut |fs| {
            fs.metadata(path).map(|_| ())
        })
        .is_ok()
    }

    fn mount(
        &self,
        what: &str,
        body: &mut dyn FnMut(&dyn DynFilesystem) -> littlefs2::io::Result<()>,
    ) -> Result<()> {
        device::mount(&self.file, self.geometry, body)
            .map_err(|error| anyhow!("{}: {what}: {}", self.path.display(), words(error)))
    }
}

/// The geometry of the littlefs in `file`.
fn recognise(file: &File, expected: Option<&'static Geometry>) -> Result<&'static Geometry> {
    let Some(found) = Superblock::read(file)? else {
        bail!("holds no littlefs");
    };
    let fits = |row: &&Geometry| {
        row.block_size == found.block_size as usize && row.block_count == found.block_count as usize
    };
    let geometry = GEOMETRIES.iter().find(fits);
    let shape = format!("{} blocks of {} bytes", found.block_count, found.block_size);
    if let Some(expected) = expected.filter(|expected| Some(*expected) != geometry) {
        bail!(
            "found {shape}, expected {} of {} ({})",
            expected.block_count,
            expected.block_size,
            expected.name
        );
    }
    let geometry = geometry.ok_or_else(|| anyhow!("{shape}: no board has this geometry"))?;
    let known = u32::from(littlefs2::DISK_VERSION);
    if found.version != known {
        bail!(
            "found littlefs {}, expected {} (littlefs-python: disk_version={known:#x})",
            version(found.version),
            version(known)
        );
    }
    let len = file.metadata()?.len();
    if len < geometry.bytes() as u64 {
        bail!("{len} bytes of {}: the file was cut off", geometry.bytes());
    }
    Ok(geometry)
}

fn version(version: u32) -> String {
    format!("{}.{}", version >> 16, version & 0xffff)
}

fn littlefs_path(path: &str) -> Result<PathBuf> {
    PathBuf::try_from(path).map_err(|_| anyhow!("{path}: not ASCII, or too long"))
}

fn create_parents(fs: &dyn DynFilesystem, path: &Path) -> littlefs2::io::Result<()> {
    match path.parent() {
        Some(parent) if parent.as_ref() != "/" && !parent.as_ref().is_empty() => {
            fs.create_dir_all(&parent)
        }
        _ => Ok(()),
    }
}

fn collect(
    fs: &dyn DynFilesystem,
    dir: &Path,
    entries: &mut Vec<Entry>,
) -> littlefs2::io::Result<()> {
    let mut found = Vec::new();
    fs.read_dir_and_then_unit(dir, &mut |all| {
        for entry in all {
            let entry = entry?;
            if !matches!(entry.file_name().as_ref(), "." | "..") {
                found.push((PathBuf::from(entry.file_name()), entry.metadata()));
            }
        }
        Ok(())
    })?;
    for (name, metadata) in found {
        let path = dir.join(&name);
        entries.push(Entry {
            path: path.to_string(),
            size: if metadata.is_dir() { 0 } else { metadata.len() },
            is_dir: metadata.is_dir(),
        });
        if metadata.is_dir() {
            collect(fs, &path, entries)?;
        }
    }
    Ok(())
}

/// littlefs's error in words.
fn words(error: Error) -> &'static str {
    match error {
        Error::NO_SUCH_ENTRY => "no such file or directory",
        Error::ENTRY_ALREADY_EXISTED => "there is a file of that name",
        Error::PATH_NOT_DIR => "a file is where a directory is needed",
        Error::PATH_IS_DIR => "it is a directory",
        Error::NO_SPACE => "no space left on the image",
        Error::FILENAME_TOO_LONG => "the name is too long",
        Error::CORRUPTION => "the image is damaged",
        Error::INVALID => "the image cannot be mounted",
        _ => "input or output failed",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use fs_image::{CFI_32M, PSRAM_8M};

    struct Scratch {
        dir: tempfile::TempDir,
    }

    impl Scratch {
        fn new() -> Scratch {
            Scratch {
                dir: tempfile::tempdir().expect("a directory"),
            }
        }

        fn path(&self) -> HostPathBuf {
            self.dir.path().join("image")
        }
    }

    #[test]
    fn what_is_written_is_read_after_opening_again() {
        for geometry in GEOMETRIES {
            let scratch = Scratch::new();
            let long: Vec<u8> = (0..600_000_u32).map(|n| (n % 251) as u8).collect();
            let image = Image::create(&scratch.path(), geometry).expect("an image");
            image
                .write(&[("/a/b/c.txt", b"hello".to_vec()), ("/long", long.clone())])
                .expect("space");
            let image = Image::open(&scratch.path(), None).expect("the image");
            assert_eq!(image.geometry(), geometry);
            assert_eq!(image.read("/a/b/c.txt").expect("the file"), b"hello");
            assert_eq!(image.read("/long").expect("the file"), long);
            let paths: Vec<_> = image.entries("/").expect("a listing");
            let paths: Vec<_> = paths.iter().map(|entry| entry.path.as_str()).collect();
            assert_eq!(paths, ["/a", "/a/b", "/a/b/c.txt", "/long"]);
        }
    }

    #[test]
    fn a_file_with_the_same_contents_is_not_written_again() {
        let scratch = Scratch::new();
        let image = Image::create(&scratch.path(), &PSRAM_8M).expect("an image");
        let files = [("/ext/x.elf", vec![7; 5000])];
        image.write(&files).expect("space");
        let before = std::fs::read(scratch.path()).expect("the image");
        image.write(&files).expect("nothing to do");
        assert!(before == std::fs::read(scratch.path()).expect("the image"));
    }

    #[test]
    fn another_geometry_is_refused_with_both_shapes() {
        let scratch = Scratch::new();
        Image::create(&scratch.path(), &PSRAM_8M).expect("an image");
        let error = Image::open(&scratch.path(), Some(&CFI_32M))
            .err()
            .expect("a refusal");
        let text = format!("{error:#}");
        assert!(text.contains("found 2048 blocks of 4096 bytes"), "{text}");
        assert!(text.contains("expected 128 of 262144 (cfi-32m)"), "{text}");
    }

    #[test]
    fn blank_cut_and_full_images_each_have_their_message() {
        let scratch = Scratch::new();
        std::fs::write(scratch.path(), vec![0xff; 1 << 20]).expect("a file");
        let refused =
            |path: &HostPath| format!("{:#}", Image::open(path, None).err().expect("refused"));
        assert!(refused(&scratch.path()).contains("holds no littlefs"));

        let image = Image::create(&scratch.path(), &PSRAM_8M).expect("an image");
        let full = image.write(&[("/big", vec![1; PSRAM_8M.bytes()])]);
        assert!(
            full.expect_err("too big")
                .to_string()
                .contains("no space left")
        );
        assert_eq!(image.entries("/").expect("a listing"), []);

        image.file.set_len(1 << 20).expect("the file");
        assert!(refused(&scratch.path()).contains("the file was cut off"));
    }
}
