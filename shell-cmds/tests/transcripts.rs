//! The transcripts that open the commands' files are true: each is typed in a fresh world and compared.
//!
//! In what is expected, `<n>` is a decimal number, `<hex>` one with `0x`, and `<...>` anything.

mod world;

use std::{fs, path::Path};
use world::World;

/// Every Rust file below `folder`.
fn sources(folder: &Path, found: &mut Vec<std::path::PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else {
            found.push(path);
        }
    }
    found.sort();
}

/// The lines of the `text` blocks in a file's module docs.
fn transcript(source: &str) -> Vec<&str> {
    let mut inside = false;
    let docs = source.lines().map_while(|line| line.strip_prefix("//!"));
    docs.map(|line| line.strip_prefix(' ').unwrap_or(line))
        .filter(|line| {
            let fence = line.starts_with("```");
            inside = if fence { *line == "```text" } else { inside };
            inside && !fence
        })
        .collect()
}

fn matches(pattern: &str, text: &str) -> bool {
    let Some(at) = pattern.find('<') else {
        return pattern == text;
    };
    let Some(rest) = text.strip_prefix(&pattern[..at]) else {
        return false;
    };
    let digits = |text: &str, hex| {
        text.bytes()
            .take_while(|byte| byte.is_ascii_digit() || (hex && byte.is_ascii_hexdigit()))
            .count()
    };
    let pattern = &pattern[at..];
    if let Some(after) = pattern.strip_prefix("<...>") {
        (0..=rest.len()).any(|end| rest.is_char_boundary(end) && matches(after, &rest[end..]))
    } else if let Some(after) = pattern.strip_prefix("<n>") {
        let end = digits(rest, false);
        end > 0 && matches(after, &rest[end..])
    } else if let Some(after) = pattern.strip_prefix("<hex>") {
        rest.strip_prefix("0x")
            .is_some_and(|rest| matches(after, &rest[digits(rest, true)..]))
    } else {
        rest.strip_prefix('<')
            .is_some_and(|rest| matches(&pattern[1..], rest))
    }
}

/// Plays `lines`; what differs is put into `wrong`.
fn play(file: &str, lines: &[&str], wrong: &mut String) {
    let mut world = World::new();
    let mut lines = lines.iter().peekable();
    while let Some(line) = lines.next() {
        let typed = line
            .strip_prefix("llext> ")
            .unwrap_or_else(|| panic!("{file}: no prompt before {line}"));
        let mut expected = vec![];
        while let Some(line) = lines.next_if(|line| !line.starts_with("llext> ")) {
            expected.push(*line);
        }
        let (text, _) = world.try_line(typed);
        let shown: Vec<&str> = text.lines().collect();
        if shown.len() != expected.len()
            || !expected
                .iter()
                .zip(&shown)
                .all(|(expected, shown)| matches(expected, shown))
        {
            *wrong += &format!(
                "{file}: llext> {typed}\nexpected:\n{}\nshown:\n{text}\n",
                expected.join("\n")
            );
        }
    }
}

#[test]
fn every_command_does_what_its_file_says() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = vec![];
    sources(&root, &mut files);
    let mut wrong = String::new();
    for path in files {
        let source = fs::read_to_string(&path).unwrap();
        let name = path.strip_prefix(&root).unwrap().display().to_string();
        let lines = transcript(&source);
        let is_command = source.contains("#[derive(Command)]") && !name.ends_with("mod.rs");
        if is_command && lines.is_empty() {
            wrong += &format!(
                "{name} opens with no transcript
"
            );
        }
        play(&name, &lines, &mut wrong);
    }
    assert!(wrong.is_empty(), "\n{wrong}");
}

#[test]
fn patterns() {
    for (pattern, text) in [
        ("a <n> b", "a 12 b"),
        ("at <hex>", "at 0x1f"),
        ("<...>x", "abcx"),
        ("<PATH>", "<PATH>"),
        ("up <n>.<n> s", "up 1.002 s"),
    ] {
        assert!(matches(pattern, text), "{pattern} {text}");
    }
    for (pattern, text) in [
        ("a <n> b", "a x b"),
        ("<n>", ""),
        ("at <hex>", "at 1f"),
        ("<...>x", "abc"),
        ("ab", "abc"),
    ] {
        assert!(!matches(pattern, text), "{pattern} {text}");
    }
}
