//! The loader and all that a firmware may want of it, and nothing else: `cargo xtask size` measures the code of this program,
//! and `cargo xtask test` looks in it for panics. It is built, never run.
//!
//! Everything goes through [`black_box`], so that the compiler leaves nothing of the loader out.
#![cfg_attr(target_os = "none", no_std, no_main)]
#![cfg_attr(
    not(target_os = "none"),
    allow(dead_code, reason = "built for a board")
)]

use core::convert::Infallible;
use core::hint::black_box;
use core::ptr::NonNull;

use llext::{
    Export, Exports, Extension, ExtensionId, Heap, Llext, LoadError, LoadOptions, OwnedBlocks,
    Report, SliceSource, TlsfHeap, debug, exports, machine,
};
use ufmt::{uDisplay, uWrite, uwrite};

static HEAP: TlsfHeap = TlsfHeap::new();
static BLOCKS: OwnedBlocks = OwnedBlocks::new();
const EXPORTS: &[Export] = &[Export::new(c"use", use_everything as *const ())];

/// Bytes that go nowhere, as far as the compiler knows somewhere.
struct Sink;

impl uWrite for Sink {
    type Error = Infallible;

    fn write_str(&mut self, text: &str) -> Result<(), Infallible> {
        black_box(text);
        Ok(())
    }
}

impl Report for Sink {
    fn undefined(&mut self, name: &str) {
        black_box(name);
    }
}

/// Calls all of the loader.
fn use_everything() {
    if let Some(start) = NonNull::new(black_box(0x2100_0000) as *mut u8) {
        // SAFETY: never run.
        _ = black_box(unsafe { HEAP.init(start, black_box(1 << 20)) });
    }
    let exports: Exports<'static> = black_box(exports![EXPORTS]);
    let mut llext =
        Llext::new(black_box(&HEAP), exports, machine::NATIVE).with_allocations(&BLOCKS);
    let file: &[u8] = black_box(b"");
    let source = &mut SliceSource::new(file);
    let options = LoadOptions {
        origin: black_box("/ext/a.elf"),
        keep_sections: black_box(true),
        ..LoadOptions::DEFAULT
    };
    let name = black_box("a");
    if let Err(error) = llext
        .load(source, name, &options, &mut Sink)
        .map(use_extension)
    {
        show(&error);
    }
    show_result(llext.dry_run(source, name, &options, &mut Sink));
    if let Some(extension) = llext.by_id(ExtensionId(black_box(1))) {
        black_box(llext.users_of(extension).count());
        let mut text = [0; 32];
        show_result(llext.symbol_at(source, extension, black_box(2), &mut text));
    }
    black_box(llext.locate(black_box(3)));
    black_box(llext.exports().find(black_box(b"x")));
    match llext.unload(name) {
        Ok(unloaded) => _ = black_box(unloaded),
        Err(error) => show(&error),
    }
    use_blocks();
}

fn use_extension(extension: &Extension) {
    black_box((extension.id(), extension.name(), extension.origin()));
    black_box((
        extension.build_id(),
        extension.size(),
        extension.use_count(),
    ));
    extension.regions().for_each(|region| _ = black_box(region));
    extension
        .sections()
        .for_each(|section| _ = black_box(section));
    extension.exports().for_each(|export| _ = black_box(export));
    extension.dependencies().for_each(|id| _ = black_box(id));
    black_box(extension.find(black_box("x")));
    let call = |address| {
        if black_box(address) == 0 {
            Err(())
        } else {
            Ok(())
        }
    };
    _ = black_box(extension.bringup(call));
    _ = black_box(extension.teardown(call));
    black_box(extension.read(black_box(4), &mut [0; 8]));
    let Ok(()) = debug::add_symbol_file(&mut Sink, &[black_box("a.elf")], extension);
    let Ok(()) = debug::remove_symbol_file(&mut Sink, extension);
    if let Some(object) = debug::JitObject::of(extension, machine::NATIVE) {
        let mut file = [0; debug::JIT_LIMIT];
        object.write(&mut file);
        black_box((file, object.size(), object.left_out()));
    }
}

fn use_blocks() {
    let owner = ExtensionId(black_box(1));
    let block = BLOCKS.malloc(&HEAP, owner, black_box(8));
    let block = BLOCKS.realloc(&HEAP, owner, block, black_box(16));
    black_box(BLOCKS.usage(owner));
    black_box(BLOCKS.free(&HEAP, block));
    black_box(HEAP.stats());
    HEAP.blocks(&mut |block| _ = black_box(block));
}

fn show_result<T>(result: Result<T, LoadError>) {
    match result {
        Ok(value) => _ = black_box(value),
        Err(error) => show(&error),
    }
}

fn show(error: &impl uDisplay) {
    let Ok(()) = uwrite!(Sink, "{}", error);
}

#[cfg(target_os = "none")]
#[cfg_attr(target_arch = "arm", cortex_m_rt::entry)]
#[cfg_attr(target_arch = "riscv32", riscv_rt::entry)]
fn main() -> ! {
    use_everything();
    #[cfg(feature = "panicking")]
    black_box(black_box(&[1, 2, 3])[black_box(4)]);
    loop {
        core::hint::spin_loop();
    }
}

#[cfg(not(target_os = "none"))]
fn main() {}

/// Where every panic ends. A program without panics does not have this function.
#[cfg(target_os = "none")]
#[inline(never)]
fn panicked() -> ! {
    loop {
        black_box(());
    }
}

#[cfg(target_os = "none")]
#[panic_handler]
fn panic(_info: &core::panic::PanicInfo<'_>) -> ! {
    panicked()
}
