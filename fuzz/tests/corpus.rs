//! All that is kept, and mutations of it, through the targets: what `cargo test` can do without libFuzzer.

use llext_fuzz::mutate::{Focus, mutate};
use llext_fuzz::{Random, TARGETS, load};
use std::fs;
use std::path::{Path, PathBuf};

fn files(folder: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let mut files: Vec<PathBuf> = match fs::read_dir(&folder) {
        Ok(entries) => entries
            .map(|entry| entry.expect("an entry").path())
            .collect(),
        Err(_) => Vec::new(),
    };
    files.sort();
    files.retain(|file| file.is_file());
    files
}

#[test]
fn the_corpus_keeps_every_promise() {
    let files = files("corpus");
    assert!(files.len() > 20, "the corpus is there");
    for file in files {
        eprintln!("{}", file.display());
        load::load(&fs::read(&file).expect("a file"));
    }
}

#[test]
fn what_was_found_once_is_not_found_again() {
    for (target, run) in TARGETS {
        for file in files(&format!("findings/{target}")) {
            eprintln!("{}", file.display());
            run(&fs::read(&file).expect("a file"));
        }
    }
}

#[test]
fn mutants_of_the_corpus_keep_every_promise() {
    let mut seed = 0;
    for file in files("corpus") {
        let object = fs::read(&file).expect("a file");
        for focus in [
            Focus::Headers,
            Focus::Tables,
            Focus::Contents,
            Focus::Everything,
        ] {
            let mut mutant = object.clone();
            for _ in 0..50 {
                seed += 1;
                let size = mutant.len();
                mutate(&mut mutant, size, focus, seed, |_, size| size);
                load::load(&mutant);
                if seed % 5 == 0 {
                    mutant.clone_from(&object);
                }
            }
        }
    }
}

#[test]
fn scripts_and_fields_at_random_keep_every_promise() {
    let mut random = Random::new(1);
    for (name, run) in TARGETS {
        if !["sequence", "fields"].contains(&name) {
            continue;
        }
        for _ in 0..500 {
            let script: Vec<u8> = (0..random.below(200))
                .map(|_| random.word() as u8)
                .collect();
            run(&script);
        }
    }
}
