//! A tarball whose bytes depend on nothing but what is in it: files are sorted by name, and belong to nobody and no time.

use std::collections::BTreeMap;

use anyhow::Result;
use flate2::{Compression, GzBuilder};
use tar::{Builder, Header};

/// The time of all files, in seconds since 1970. It is tar's own for archives that are to repeat: some programs take 0 for an
/// unknown time.
const TIME: u64 = 1_153_704_088;

/// Files by their path.
pub struct Archive {
    folder: String,
    files: BTreeMap<String, (Vec<u8>, bool)>,
}

impl Archive {
    /// An archive in which everything lies below `folder`.
    pub fn new(folder: &str) -> Self {
        Self {
            folder: folder.to_owned(),
            files: BTreeMap::new(),
        }
    }

    /// Adds a text.
    pub fn text(&mut self, path: &str, text: String) {
        self.file(path, text.into_bytes(), false);
    }

    /// Adds a file.
    pub fn file(&mut self, path: &str, bytes: Vec<u8>, is_program: bool) {
        self.files.insert(path.to_owned(), (bytes, is_program));
    }

    /// The bytes of the archive.
    ///
    /// # Errors
    /// A path is too long for a tarball.
    pub fn finish(self) -> Result<Vec<u8>> {
        let gzip = GzBuilder::new()
            .mtime(0)
            .write(Vec::new(), Compression::best());
        let mut tar = Builder::new(gzip);
        for (path, (bytes, is_program)) in &self.files {
            let mut header = Header::new_ustar();
            header.set_size(bytes.len() as u64);
            header.set_mode(if *is_program { 0o755 } else { 0o644 });
            header.set_mtime(TIME);
            tar.append_data(
                &mut header,
                format!("{}/{path}", self.folder),
                bytes.as_slice(),
            )?;
        }
        Ok(tar.into_inner()?.finish()?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_of_adding_does_not_show() {
        let pack = |names: [&str; 3]| {
            let mut archive = Archive::new("kit");
            for name in names {
                archive.file(name, name.as_bytes().to_vec(), name == "b");
            }
            archive.finish().expect("short paths")
        };
        let bytes = pack(["a", "b", "d/c"]);
        assert_eq!(bytes, pack(["d/c", "b", "a"]));
        assert_eq!(bytes[..4], [0x1f, 0x8b, 8, 0]);
    }
}
