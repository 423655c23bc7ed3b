//! `llext heap`: the memory that extensions live in, in bytes.
//!
//! ```text
//! llext> llext load /ext/hello.elf
//! loaded hello: <...>
//! llext> llext heap
//! total <n>
//! used <n>
//! free <n>
//! largest <n>
//! peak <n>
//! hello: <n> bytes
//! map [#<...>]
//! ```
//!
//! Where memory protection keeps apart what extensions must not write, the figures are those of both heaps together, and there
//! are two maps: `code` of text, constants and the loader's records, and `data` of variables and what is allocated.
//!
//! What an extension writes past its blocks may hit the headers that the heap keeps between them. The walk over the
//! blocks ends there, and the command says where.

use super::extent;
use crate::{
    Failed, Status,
    context::{Context, Layout},
    parse::Parsed,
    table::{Action, Command},
    text::{Hex, end_record, fail, field, hint, plural, print, record},
};
use core::num::NonZeroUsize;
use llext::MemoryKind;

/// Letters of the map.
const COLUMNS: usize = 64;

/// The command.
pub const HEAP: Command = Command {
    name: "heap",
    about: "Tell how full the heap of the extensions is, in bytes",
    arguments: &[],
    options: &[],
    action: Action::Run(run),
};

fn run(ctx: &mut Context<'_>, _: &Parsed<'_>) -> Status {
    let stats = ctx.llext.heap().stats();
    for (name, bytes) in [
        ("total", stats.total),
        ("used", stats.used),
        ("free", stats.free),
        ("largest", stats.largest),
        ("peak", stats.peak),
    ] {
        print!(ctx.console, "{} {}\n", name, bytes);
        field!(ctx.console, name, bytes);
    }
    end_record(ctx.console);
    for extension in ctx.llext.iter() {
        print!(
            ctx.console,
            "{}: {} bytes",
            extension.name(),
            extent(extension).0
        );
        let allocated = ctx.system.allocated(extension.id());
        if allocated.blocks > 0 {
            let word = plural(allocated.blocks, "block", "blocks");
            print!(
                ctx.console,
                ", {} bytes in {} {} allocated", allocated.bytes, allocated.blocks, word
            );
        }
        ctx.console.write(b"\n");
        record!(
            ctx.console,
            "extension": extension.name(),
            "bytes": extent(extension).0,
            "allocated-blocks": allocated.blocks,
            "allocated-bytes": allocated.bytes
        );
    }
    areas(ctx);
    let heap = ctx.llext.heap();
    if heap.is_one() {
        return map(ctx, "map", MemoryKind::Data);
    }
    map(ctx, "code", MemoryKind::Instruction)?;
    map(ctx, "data", MemoryKind::Data)
}

/// Tells machines where everything else lies.
fn areas(ctx: &mut Context<'_>) {
    let Layout {
        null,
        code,
        constants,
        data,
        heap: _,
        files: [system, mapped],
        stack,
        guard,
        door: _,
        rtt,
    } = ctx.cpu.layout();
    for (name, area) in [
        ("null", null),
        ("firmware code", code),
        ("firmware constants", constants),
        ("firmware data", data),
        ("file system", system),
        ("mapped files", mapped),
        ("stack", stack),
        ("guard", guard),
        ("rtt", rtt),
    ] {
        let (start, end) = (Hex(area.start, 8), Hex(area.end, 8));
        record!(ctx.console, "area": name, "start": start, "end": end);
    }
}

/// Draws the memory that serves `kind` from its first address to its last: `#` where something is used.
fn map(ctx: &mut Context<'_>, name: &str, kind: MemoryKind) -> Status {
    let (heap, console) = (ctx.llext.heap(), &mut *ctx.console);
    let bounds = heap.bounds(kind);
    record!(console, "heap": name, "start": Hex(bounds.start, 8), "end": Hex(bounds.end, 8));
    let share = NonZeroUsize::new(bounds.len().div_ceil(COLUMNS)).unwrap_or(NonZeroUsize::MIN);
    let mut columns = [b'.'; COLUMNS];
    let mut walked = 0;
    heap.blocks(&mut |block| {
        if !bounds.contains(&block.address) {
            return;
        }
        walked += block.size;
        let (state, address) = (
            if block.used { "used" } else { "free" },
            Hex(block.address, 8),
        );
        record!(console, "block": state, "address": address, "size": block.size);
        if block.used && block.size > 0 {
            let start = block.address.saturating_sub(bounds.start);
            let (first, last) = (start / share, (start + block.size - 1) / share);
            columns
                .iter_mut()
                .take(last + 1)
                .skip(first)
                .for_each(|column| *column = b'#');
        }
    });
    print!(ctx.console, "{} [", name);
    ctx.console.write(&columns);
    ctx.console.write(b"]\n");
    if walked == heap.stats_of(kind).total {
        return Ok(());
    }
    let at = Hex(bounds.start.saturating_add(walked), 8);
    fail!(ctx, "heap", "{}: the heap's own data is overwritten", at);
    hint!(ctx, "save what you need and `reboot`");
    Err(Failed)
}
