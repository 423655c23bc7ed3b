//! The C program on this host: it loads what the host's compiler makes, and calls it.

use c_api::{STRICT, exports, include, library, root, run, sources};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// Compiles the program and the extensions, once, and says where the program is.
fn program() -> &'static Path {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
        let here = root().join("tests/c-api");
        for name in ["life", "user", "orphan", "placed"] {
            let source = here.join(format!("extensions/{name}.c"));
            let object = folder.join(format!("{name}.o"));
            let mut cc = Command::new("cc");
            cc.args(STRICT).args([
                "-Os",
                "-fPIC",
                "-DLL_EXTENSION_BUILD",
                "-c",
                &include(),
                "-o",
            ]);
            run(cc.arg(object).arg(source));
        }
        // With the C library and its start files: preinit functions are for executables alone.
        let mut cc = Command::new("cc");
        cc.args(STRICT).args([
            "-Os",
            "-fPIC",
            "-shared",
            "-DLL_EXTENSION_BUILD",
            "-DSHARED",
        ]);
        cc.args([&include(), "-o"]).arg(folder.join("shared.so"));
        run(cc.arg(here.join("extensions/life.c")));
        let program = folder.join("program");
        let mut cc = Command::new("cc");
        cc.args(STRICT).args(["-g", &include(), "-o"]).arg(&program);
        cc.args(sources()).arg(library(None));
        run(cc.args(exports("host.ld")));
        program
    })
}

/// Runs a part of the program.
fn part(name: &str) {
    let mut program = Command::new(program());
    let output = run(program.arg(name).arg(env!("CARGO_TARGET_TMPDIR")));
    assert_eq!(output, "ok\n");
}

#[test]
fn refusals_have_zephyrs_numbers() {
    part("refusals");
}

#[test]
fn what_a_loader_returns_is_passed_on() {
    part("loaders_that_fail");
}

#[test]
fn an_extension_lives_and_goes() {
    part("life");
}

#[test]
fn files_that_cannot_be_loaded_leave_nothing_behind() {
    part("refused_files");
}

#[test]
fn a_loader_needs_no_more_than_read_and_seek() {
    part("streams");
}

#[test]
fn sections_and_regions_can_be_looked_at() {
    part("inspection");
}

#[test]
fn a_shared_library_lives_and_goes() {
    part("shared");
}

#[test]
fn files_are_used_where_they_lie() {
    part("in_place");
}

#[test]
fn an_extension_may_lie_where_it_is_to_be() {
    part("pre_located");
}

#[test]
fn parameters_of_a_load_do_what_they_say() {
    part("parameters");
}
