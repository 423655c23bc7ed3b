//! The library on a bare target: it links into a C firmware, and nothing in it can panic.

use c_api::{STRICT, exports, include, library, root, run};
use std::path::Path;
use std::process::Command;

#[test]
fn a_c_firmware_links_the_library_and_nothing_panics() {
    let firmware = Path::new(env!("CARGO_TARGET_TMPDIR")).join("bare.elf");
    let mut cc = Command::new("arm-none-eabi-gcc");
    cc.args([
        "--specs=picolibc.specs",
        "-mcpu=cortex-m3",
        "-mthumb",
        "-Os",
    ]);
    cc.args(STRICT)
        .args(["-Wl,--gc-sections", &include(), "-o"]);
    cc.arg(&firmware).arg(root().join("tests/c-api/bare.c"));
    cc.arg(library(Some("thumbv7m-none-eabi")));
    cc.args([
        "-Wl,--defsym=__flash_size=256K",
        "-Wl,--defsym=__ram_size=128K",
    ]);
    run(cc.arg("-Tpicolibc.ld").args(exports("bare.ld")));
    let symbols = run(Command::new("arm-none-eabi-nm").arg("-C").arg(&firmware));
    let exports = [
        "__llext_exports_start",
        "__llext_exports_end",
        "answer",
        "llext_load",
    ];
    for name in exports {
        assert!(symbols.contains(name), "{name} is not linked");
    }
    for line in symbols.lines() {
        assert!(!line.contains("panic"), "{line}");
    }
}
