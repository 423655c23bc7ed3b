//! The measurements.

use core::hint::black_box;
use core::ptr::NonNull;
use core::sync::atomic::{Ordering::SeqCst, compiler_fence};

use llext::machine::Machine;
use llext::{Heap, Llext, LoadOptions, SliceSource, TlsfHeap, machine};

use crate::cpu;
use crate::exports;
use crate::meter::Meter;
use crate::print::figure;

static HEAP: TlsfHeap = TlsfHeap::new();

/// What the shell's firmware takes too: its own machine alone.
#[cfg(target_os = "none")]
const MACHINE: &Machine = &machine::NATIVE;
#[cfg(not(target_os = "none"))]
const MACHINE: &Machine = &machine::ARM;

/// What the command line asks for.
struct Task<'t> {
    /// How many names the firmware exports.
    names: usize,
    /// Length of the file, in bytes.
    length: usize,
    /// The export to call.
    entry: &'t str,
}

impl<'t> Task<'t> {
    fn parse(mut words: impl Iterator<Item = &'t str>) -> Option<Self> {
        Some(Task {
            names: words.next()?.parse().ok()?,
            length: words.next()?.parse().ok()?,
            entry: words.next()?,
        })
    }
}

/// Does what the command line says, and ends the run.
pub fn run() -> ! {
    let mut buffer = [0; 256];
    let mut words = cpu::command_line(&mut buffer)
        .split_ascii_whitespace()
        .skip(1);
    let heap = core::ptr::with_exposed_provenance_mut(cpu::HEAP.start);
    if let Some(start) = NonNull::new(heap) {
        // SAFETY: nothing else uses this memory. A heap without memory fails the first load.
        _ = unsafe { HEAP.init(start, cpu::HEAP.len()) };
    }
    let kind = words.next().unwrap_or_default();
    let done = match (kind, Task::parse(words)) {
        ("load", Some(task)) => load(&task),
        ("find", Some(task)) => find(&task),
        _ => None,
    };
    cpu::exit(usize::from(done.is_none()))
}

/// Loads the file, calls its entry, unloads it; then once more with a heap that notes requests and a painted stack.
fn load(task: &Task<'_>) -> Option<()> {
    let file = file(task.length)?;
    let mut llext = Llext::new(&HEAP, exports::table(task.names), MACHINE);
    let (cost, loaded) = counted(|| load_from(&mut llext, file));
    loaded?;
    figure("load", cost);
    figure("returned", call(&llext, task.entry)?);
    figure("greetings", exports::greetings());
    let (cost, unloaded) = counted(|| black_box(&mut llext).unload("ext").is_ok());
    figure("unload", cost);
    figure("left", HEAP.stats().used);

    let meter = Meter::new(&HEAP);
    let mut llext = Llext::new(&meter, exports::table(task.names), MACHINE);
    let stack = Paint::all();
    load_from(&mut llext, file)?;
    figure("stack", stack.used());
    figure("peak", meter.peak());
    figure("held", meter.held());
    let regions = llext.by_name("ext")?.regions();
    figure("regions", regions.map(|region| region.size).sum::<usize>());
    unloaded.then_some(())
}

#[inline(never)]
fn load_from(llext: &mut Llext<'_>, file: &[u8]) -> Option<()> {
    let mut source = SliceSource::new(file);
    let options = LoadOptions::default();
    match llext.load(&mut source, "ext", &options, &mut ()) {
        Ok(_) => Some(()),
        Err(error) => {
            figure("error", error);
            None
        }
    }
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
fn find(task: &Task<'_>) -> Option<()> {
    let exports = exports::table(task.names);
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

/// What something cost, over all of its cases.
struct Costs {
    sum: u32,
    count: u32,
    least: u32,
    most: u32,
}

impl Costs {
    fn new() -> Self {
        Costs {
            sum: 0,
            count: 0,
            least: u32::MAX,
            most: 0,
        }
    }

    fn add(&mut self, cost: u32) {
        self.sum += cost;
        self.count += 1;
        self.least = self.least.min(cost);
        self.most = self.most.max(cost);
    }

    /// Average, least and most, under these names.
    fn report(&self, names: [&str; 3]) {
        let average = self.sum / self.count.max(1);
        for (name, value) in names.into_iter().zip([average, self.least, self.most]) {
            figure(name, value);
        }
    }
}

/// The file to load: copied into RAM, as a firmware gets it from somewhere.
fn file(length: usize) -> Option<&'static [u8]> {
    if length > cpu::BUFFER.len() {
        return None;
    }
    let from = core::ptr::with_exposed_provenance::<u32>(cpu::STORAGE);
    let into = core::ptr::with_exposed_provenance_mut::<u32>(cpu::BUFFER.start);
    // SAFETY: the board has both, they hold `length` bytes and more, and nobody else uses the buffer.
    unsafe {
        into.copy_from_nonoverlapping(from, length.div_ceil(4));
        Some(core::slice::from_raw_parts(into.cast(), length))
    }
}

/// Instructions that `work` takes, and its result.
#[inline(never)]
fn counted<R>(work: impl FnOnce() -> R) -> (u32, R) {
    let empty = instructions(|| ()).0;
    let (cost, result) = instructions(work);
    (cost - empty, result)
}

/// Instructions from one reading of the timer to the next.
#[inline(always)]
fn instructions<R>(work: impl FnOnce() -> R) -> (u32, R) {
    /// Of the board's time, that one instruction takes.
    const NANOSECONDS: u64 = 1 << 10;
    compiler_fence(SeqCst);
    let start = cpu::ticks();
    compiler_fence(SeqCst);
    let result = black_box(work());
    compiler_fence(SeqCst);
    let ticks = cpu::ticks().wrapping_sub(start);
    let nanoseconds = u64::from(ticks) * 1_000_000_000 / cpu::RATE;
    let count = (nanoseconds + NANOSECONDS / 2) / NANOSECONDS;
    (count as u32, result)
}

/// The stack below this frame, filled with a pattern: all but the nearest bytes, where the painter's own frames are.
struct Paint {
    top: usize,
}

impl Paint {
    /// More than a load takes. In words.
    const WORDS: usize = 4096;
    const PATTERN: u32 = 0xa5c3_96f0;
    /// In bytes; less than a load takes.
    const NEAREST: usize = 256;

    #[inline(always)]
    fn all() -> Self {
        let top = cpu::stack_pointer();
        let paint = Paint { top };
        for word in paint.words() {
            // SAFETY: below the stack pointer nothing lives, and the stack is larger than this; no interrupt comes.
            unsafe { word.write_volatile(Self::PATTERN) };
        }
        paint
    }

    /// Bytes that were written since.
    fn used(&self) -> usize {
        // SAFETY: as above.
        let is_clean = |word: &*mut u32| unsafe { word.read_volatile() } == Self::PATTERN;
        let clean = self.words().take_while(is_clean).count();
        (Self::WORDS - clean) * size_of::<u32>() + Self::NEAREST
    }

    /// From the lowest to the one below the nearest bytes.
    fn words(&self) -> impl Iterator<Item = *mut u32> {
        let lowest = self.top - Self::NEAREST - Self::WORDS * size_of::<u32>();
        (0..Self::WORDS).map(move |word| {
            core::ptr::with_exposed_provenance_mut::<u32>(lowest).wrapping_add(word)
        })
    }
}
