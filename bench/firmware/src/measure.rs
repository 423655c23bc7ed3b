//! The measurements.

use core::hint::black_box;
use core::ptr::NonNull;

use llext::{Heap, Llext, LoadOptions, Source, TlsfHeap, machine};

use crate::count::{Costs, counted, of_ticks};
use crate::cpu;
use crate::exports;
use crate::meter::Meter;
use crate::paint::Paint;
use crate::print::figure;
use crate::source::{self, Watched};

static HEAP: TlsfHeap = TlsfHeap::new();

/// What the command line asks for.
struct Task<'t> {
    /// How many names the firmware exports.
    names: usize,
    /// Where the file comes from: a word of [`source::open`].
    kind: &'t str,
    /// The file there: its length, or its name.
    file: &'t str,
    /// The export to call.
    entry: &'t str,
}

/// Does what the command line says, and ends the run.
pub fn run() -> ! {
    let mut buffer = [0; 256];
    let line = cpu::command_line(&mut buffer);
    let heap = core::ptr::with_exposed_provenance_mut(cpu::HEAP.start);
    if let Some(start) = NonNull::new(heap) {
        // SAFETY: nothing else uses this memory. A heap without memory fails the first load.
        _ = unsafe { HEAP.init(start, cpu::HEAP.len()) };
    }
    let done = perform(line.split_ascii_whitespace().skip(1));
    cpu::exit(usize::from(done.is_none()))
}

fn perform<'w>(mut words: impl Iterator<Item = &'w str>) -> Option<()> {
    let what = words.next()?;
    let names = words.next()?.parse().ok()?;
    match what {
        "find" => find(names),
        "load" => load(&Task {
            names,
            kind: words.next()?,
            file: words.next()?,
            entry: words.next()?,
        }),
        _ => None,
    }
}

/// Loads the file, calls its entry, unloads it; then once more with a heap that notes requests, a painted stack and a
/// source that notes reads.
fn load(task: &Task<'_>) -> Option<()> {
    let mut llext = Llext::new(&HEAP, exports::table(task.names), machine::NATIVE);
    let (cost, loaded) = source::open(task.kind, task.file, &mut |source| {
        counted(|| load_from(&mut llext, source))
    })?;
    loaded?;
    figure("load", cost);
    figure("returned", call(&llext, task.entry)?);
    figure("greetings", exports::greetings());
    let (cost, unloaded) = counted(|| unload_from(&mut llext));
    figure("unload", cost);
    figure("left", HEAP.stats().used);

    let meter = Meter::new(&HEAP);
    let mut llext = Llext::new(&meter, exports::table(task.names), machine::NATIVE);
    source::open(task.kind, task.file, &mut |source| {
        let mut source = Watched::new(task.kind, source);
        let stack = Paint::all();
        load_from(&mut llext, &mut source)?;
        figure("stack", stack.used());
        figure("reads", source.reads);
        figure("bytes_read", source.bytes);
        figure("reading", of_ticks(source.ticks));
        if let Some(times) = source.times {
            figure("again", times.iter().filter(|&&times| times > 1).count());
            figure("most", times.iter().copied().max().unwrap_or_default());
        }
        Some(())
    })??;
    figure("peak", meter.peak());
    figure("held", meter.held());
    let regions = llext.by_name("ext")?.regions();
    figure("regions", regions.map(|region| region.size).sum::<usize>());
    unloaded.then_some(())
}

/// One place that loads from any source, as in a firmware that has several.
#[inline(never)]
fn load_from(llext: &mut Llext<'_>, source: &mut dyn Source) -> Option<()> {
    match llext.load(source, black_box("ext"), &LoadOptions::default(), &mut ()) {
        Ok(_) => Some(()),
        Err(error) => {
            figure("error", error);
            None
        }
    }
}

/// Likewise.
#[inline(never)]
fn unload_from(llext: &mut Llext<'_>) -> bool {
    llext.unload(black_box("ext")).is_ok()
}

/// Calls the export `entry` and gives what it returned.
fn call(llext: &Llext<'_>, entry: &str) -> Option<u32> {
    let at = llext.by_name("ext")?.find(entry)?;
    let at = core::ptr::with_exposed_provenance::<()>(at);
    // SAFETY: the workloads' entries have this type, or return nothing.
    let entry: extern "C" fn() -> u32 = unsafe { core::mem::transmute(at) };
    Some(entry())
}

/// Looks up every name, and as many that are not there.
fn find(names: usize) -> Option<()> {
    let exports = exports::table(names);
    let mut found = Costs::new();
    let mut missed = Costs::new();
    let find = |text: &[u8]| exports.address(exports.look_up(text).1?);
    for (name, address) in exports.iter() {
        // As in a string table: behind the name and its NUL come others.
        let mut text = [b'_'; 80];
        text.get_mut(..name.len())?.copy_from_slice(name.as_bytes());
        *text.get_mut(name.len())? = 0;
        let (cost, result) = counted(|| find(black_box(&text)));
        found.add(cost);
        text.get_mut(..=name.len())?.rotate_right(1);
        *text.get_mut(0)? = b'_';
        *text.get_mut(name.len() + 1)? = 0;
        let (cost, missing) = counted(|| find(black_box(&text)));
        missed.add(cost);
        if result != Some(address) || missing.is_some() {
            return None;
        }
    }
    found.report(["found", "found_least", "found_most"]);
    missed.report(["missed", "missed_least", "missed_most"]);
    Some(())
}
