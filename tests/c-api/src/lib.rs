//! Compiles C against `llext.h` and the static library, with the host's compiler or a board's.

pub mod board;

use std::path::{Path, PathBuf};
use std::process::Command;

/// The workspace.
pub fn root() -> &'static Path {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors()
        .nth(2)
        .expect("tests/c-api of the workspace")
}

/// Builds the static library for `target` (the host if there is none) and says where it is. `cargo xtask test` has built those for
/// boards, for it knows more ways to compile.
pub fn library(target: Option<&str>) -> PathBuf {
    let built = target.and_then(|target| std::env::var_os(format!("LIBRARY_{target}")));
    if let Some(built) = built {
        return built.into();
    }
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["build", "--quiet", "--package", "llext-c"]);
    if let Some(target) = target {
        cargo.args(["--release", "--target", target]);
    }
    run(cargo.current_dir(root()));
    let folder = std::env::var_os("CARGO_TARGET_DIR").map_or(root().join("target"), PathBuf::from);
    let folder = match target {
        Some(target) => folder.join(target).join("release"),
        None => folder.join("debug"),
    };
    folder.join("libllext_c.a")
}

/// Runs `command`, which must succeed; its output.
pub fn run(command: &mut Command) -> String {
    let output = command
        .output()
        .unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let (out, err) = (text(&output.stdout), text(&output.stderr));
    assert!(output.status.success(), "{command:?}\n{out}{err}");
    out
}

/// Options that every C file here is compiled with.
pub const STRICT: [&str; 4] = ["-std=gnu11", "-Wall", "-Wextra", "-Werror"];

/// The program's files.
pub fn sources() -> [PathBuf; 3] {
    ["program.c", "refusals.c", "lives.c"].map(|name| root().join("tests/c-api").join(name))
}

/// `-I` and the folder of `llext.h`.
pub fn include() -> String {
    format!("-I{}", root().join("capi/include").display())
}

/// What has the linker sort the exports by `script`, which includes `llext.x`.
pub fn exports(script: &str) -> [String; 2] {
    let script = root().join("tests/c-api").join(script);
    [
        format!("-Wl,-T,{}", script.display()),
        format!("-L{}", root().join("capi").display()),
    ]
}
