//! Compiles the C side of the firmware; a host build has none.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let target_os = std::env::var("CARGO_CFG_TARGET_OS").unwrap_or_default();
    if target_os != "none" {
        return;
    }
    let folder = std::env::var("CARGO_MANIFEST_DIR").unwrap_or_default();
    println!("cargo::rustc-link-search={folder}/src/link");
    println!("cargo::rerun-if-changed=src/link/llext.x");
    println!("cargo::rerun-if-changed=src/exports/stdio.c");
    cc::Build::new()
        .file("src/exports/stdio.c")
        .warnings_into_errors(true)
        .compile("llext-stdio");
}
