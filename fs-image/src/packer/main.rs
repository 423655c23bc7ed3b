//! The host's packer of littlefs images.
//!
//! ```text
//! $ fs-image create board.img --geometry psram-8m hello.elf:/ext/hello.elf
//! $ fs-image ls board.img
//!        0 /ext/
//!     1324 /ext/hello.elf
//! $ fs-image cat board.img /gdb/hello.gdb
//! $ fs-image check board.img
//! psram-8m: 1 file with 1324 bytes, 2043 of 2048 blocks free
//! ```
#![forbid(unsafe_code)]

mod device;
mod image;
mod superblock;

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::str::FromStr;

use anyhow::{Context, Result, bail};
use clap::Parser;
use fs_image::{GEOMETRIES, Geometry};

use crate::image::Image;

/// Makes, fills and reads littlefs images
#[derive(Parser)]
#[command(version)]
enum Command {
    /// Make an image, empty but for these files; replaces what the file held
    Create {
        /// The image
        image: PathBuf,
        /// Its geometry, by name
        #[arg(long, value_parser = named)]
        geometry: &'static Geometry,
        /// Host files and where they go
        #[arg(value_name = "HOST:TARGET")]
        files: Vec<Copy>,
    },
    /// Copy files to an image; a file that is there with the same contents is left alone
    Add {
        /// The image
        image: PathBuf,
        /// The geometry that the image must have
        #[arg(long, value_parser = named)]
        geometry: Option<&'static Geometry>,
        /// Host files and where they go
        #[arg(value_name = "HOST:TARGET")]
        files: Vec<Copy>,
    },
    /// List all files below a directory, with their sizes in bytes
    Ls {
        /// The image
        image: PathBuf,
        /// Where to begin
        #[arg(default_value = "/")]
        path: String,
    },
    /// Write a file's contents to stdout
    Cat {
        /// The image
        image: PathBuf,
        /// The file
        path: String,
    },
    /// Read everything and say how full the image is
    Check {
        /// The image
        image: PathBuf,
        /// The geometry that the image must have
        #[arg(long, value_parser = named)]
        geometry: Option<&'static Geometry>,
    },
}

/// A host file and where it goes on the image.
#[derive(Clone, Debug)]
struct Copy {
    host: PathBuf,
    target: String,
}

impl FromStr for Copy {
    type Err = String;

    fn from_str(text: &str) -> Result<Copy, String> {
        // The host's path may have colons, the target's begins with a slash.
        let (host, target) = text
            .rsplit_once(":/")
            .ok_or_else(|| format!("`{text}` is not HOST:TARGET with an absolute TARGET"))?;
        Ok(Copy {
            host: host.into(),
            target: format!("/{target}"),
        })
    }
}

fn named(name: &str) -> Result<&'static Geometry, String> {
    fs_image::geometry(name).ok_or_else(|| {
        let known: Vec<_> = GEOMETRIES.iter().map(|row| row.name).collect();
        format!("there are {}", known.join(", "))
    })
}

fn main() -> ExitCode {
    match run(Command::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command) -> Result<()> {
    match command {
        Command::Create {
            image,
            geometry,
            files,
        } => copy(&Image::create(&image, geometry)?, &files),
        Command::Add {
            image,
            geometry,
            files,
        } => copy(&Image::open(&image, geometry)?, &files),
        Command::Ls { image, path } => list(&image, &path),
        Command::Cat { image, path } => {
            let contents = Image::open(&image, None)?.read(&path)?;
            io::stdout().write_all(&contents).context("stdout")
        }
        Command::Check { image, geometry } => check(&image, geometry),
    }
}

fn copy(image: &Image, files: &[Copy]) -> Result<()> {
    let mut contents = Vec::with_capacity(files.len());
    for file in files {
        // All are read before the first is written: a missing one leaves the image as it was.
        let bytes = fs::read(&file.host).with_context(|| file.host.display().to_string())?;
        contents.push((file.target.as_str(), bytes));
    }
    image.write(&contents)
}

fn list(image: &Path, path: &str) -> Result<()> {
    let mut text = String::new();
    for entry in Image::open(image, None)?.entries(path)? {
        let slash = if entry.is_dir { "/" } else { "" };
        text.push_str(&format!("{:8} {}{slash}\n", entry.size, entry.path));
    }
    io::stdout().write_all(text.as_bytes()).context("stdout")
}

fn check(file: &Path, geometry: Option<&'static Geometry>) -> Result<()> {
    let image = Image::open(file, geometry)?;
    let mut files = 0;
    let mut bytes = 0;
    for entry in image.entries("/")?.iter().filter(|entry| !entry.is_dir) {
        let contents = image.read(&entry.path)?;
        if contents.len() != entry.size {
            bail!(
                "{}: {} bytes of {} can be read",
                entry.path,
                contents.len(),
                entry.size
            );
        }
        files += 1;
        bytes += contents.len();
    }
    let s = if files == 1 { "" } else { "s" };
    println!(
        "{}: {files} file{s} with {bytes} bytes, {} of {} blocks free",
        image.geometry().name,
        image.free_blocks()?,
        image.geometry().block_count
    );
    Ok(())
}
