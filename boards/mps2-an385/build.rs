//! Lets the linker find the board's link scripts.

fn main() {
    let folder = std::env::var("CARGO_MANIFEST_DIR").unwrap_or_default();
    println!("cargo::rustc-link-search={folder}");
    println!("cargo::rerun-if-changed=memory.x");
    println!("cargo::rerun-if-changed=device.x");
    // Before compiler_builtins in the linker's order: what both have, the C toolchain has in less flash.
    println!("cargo::rustc-link-lib=c");
    println!("cargo::rustc-link-lib=gcc");
}
