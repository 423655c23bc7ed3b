//! What debuggers are told: every extension, before its first instruction.
//!
//! gdb/llext.py reads the loader's own list, by [`llext_debug_root`]. With no script at all, GDB knows extensions by its JIT
//! interface: GDB (its manual, "JIT Compilation Interface") looks for the two symbols below, stops whenever
//! `__jit_debug_register_code` is called, and reads the [`Descriptor`]. Each [`Entry`] of its list says where in memory an
//! object file lies: here a [`JitObject`], which leads GDB to the extension's file on the host.
//!
//! # Over a reset
//! The firmware starts afresh, but GDB goes on with what it was told. So [`forget_all`] takes back what is still in the
//! list from before: [`LIST`] and the entries lie in memory that start-up leaves alone. Where there has been no run
//! before, that memory holds anything, hence the checks.
//!
//! # Faults
//! A fault of an extension ends its call, so a debugger that wants to see it has to be asked first: [`stops_at`] calls
//! [`llext_fault_stop`], where gdb/llext.py has a breakpoint. Nothing depends on a debug unit that an emulator may lack.
//!
//! Costs a hardware breakpoint while a debugger is attached; without one, a call of an empty function. Without the feature
//! `gdb-jit` nothing of it is linked, and debuggers are told nothing.

use core::{
    mem::{align_of, offset_of, size_of},
    ops::Range,
    ptr::{self, NonNull},
    sync::atomic::{
        AtomicPtr, AtomicU32, AtomicUsize,
        Ordering::{Relaxed, SeqCst},
    },
};

use llext::{
    Extension, ExtensionId, Heap, Llext, MemoryKind,
    debug::{JIT_LIMIT, JitObject, Layout},
    machine::NATIVE,
};
use shell_cmds::context::{Announced, Fault};

/// Whether debuggers are told anything.
const ON: bool = cfg!(feature = "gdb-jit");

/// Where gdb/llext.py begins to look at a target that is stopped: the loader, null before there is one.
#[unsafe(no_mangle)]
#[used]
static llext_debug_root: AtomicPtr<Llext<'static>> = AtomicPtr::new(ptr::null_mut());

/// And how to go on from there.
#[unsafe(no_mangle)]
#[used]
static llext_debug_layout: Layout = Layout::THIS;

/// Tells debuggers where the loader is, which stays there.
pub fn show(llext: &mut Llext<'static>) {
    llext_debug_root.store(llext, SeqCst);
}

/// GDB's `struct jit_descriptor`.
#[repr(C)]
struct Descriptor {
    version: u32,
    action: AtomicU32,
    relevant: AtomicPtr<Entry>,
    first: AtomicPtr<Entry>,
}

/// GDB's `struct jit_code_entry`, and behind it the object file, in one block of the heap.
#[repr(C)]
struct Entry {
    next: *mut Entry,
    prev: *mut Entry,
    file: *const u8,
    /// Whose it is; C has a hole here.
    extension: u32,
    size: u64,
}

const _: () = assert!(offset_of!(Entry, size) == 16 && size_of::<Entry>() == 24);

/// GDB's `jit_actions_t`.
const REGISTER: u32 = 1;
const UNREGISTER: u32 = 2;

#[unsafe(no_mangle)]
static __jit_debug_descriptor: Descriptor = Descriptor {
    version: 1,
    action: AtomicU32::new(0),
    relevant: AtomicPtr::new(ptr::null_mut()),
    first: AtomicPtr::new(ptr::null_mut()),
};

/// Where GDB stops to look.
#[unsafe(no_mangle)]
#[inline(never)]
extern "C" fn __jit_debug_register_code() {
    // Nobody may leave the call out, and all that GDB reads is in memory before it.
    // SAFETY: no instruction.
    unsafe { core::arch::asm!("") };
}

/// The first entry, as it was before a reset, if the word beside it fits.
#[repr(C)]
struct Retained {
    first: AtomicPtr<Entry>,
    check: AtomicU32,
}

#[unsafe(link_section = ".uninit.debugger")]
static LIST: Retained = Retained {
    first: AtomicPtr::new(ptr::null_mut()),
    check: AtomicU32::new(0),
};

/// What `check` holds beside this first entry.
fn check(first: *mut Entry) -> u32 {
    const MAGIC: u32 = 0x6a69_744c;
    (first.addr() as u32).rotate_left(7) ^ MAGIC
}

/// Makes `entry` the first of the list.
fn set_first(entry: *mut Entry) {
    __jit_debug_descriptor.first.store(entry, SeqCst);
    LIST.first.store(entry, SeqCst);
    LIST.check.store(check(entry), SeqCst);
}

/// Calls GDB's attention to `entry`.
fn act(action: u32, entry: *mut Entry) {
    __jit_debug_descriptor.action.store(action, SeqCst);
    __jit_debug_descriptor.relevant.store(entry, SeqCst);
    __jit_debug_register_code();
}

/// Makes a debugger that has seen the run before the reset forget its extensions.
///
/// # Safety
/// Called once, before anything is announced. `heap` is memory, whose contents nobody has changed since the reset.
pub unsafe fn forget_all(heap: &Range<usize>) {
    if !ON {
        return;
    }
    let mut entry = LIST.first.load(Relaxed);
    if LIST.check.load(Relaxed) == check(entry) {
        let mut before = ptr::null_mut();
        while is_inside(entry, heap) {
            // SAFETY: it lies in memory, aligned, and any bytes are an entry.
            let Entry { next, prev, .. } = unsafe { entry.read() };
            if prev != before {
                break;
            }
            act(UNREGISTER, entry);
            (before, entry) = (entry, next);
        }
    }
    set_first(ptr::null_mut());
}

fn is_inside(entry: *mut Entry, heap: &Range<usize>) -> bool {
    let end = entry.addr().saturating_add(size_of::<Entry>());
    entry.is_aligned() && heap.contains(&entry.addr()) && end <= heap.end
}

/// Tells a debugger of `extension`, which lies in memory and has not run, with memory of `heap`.
pub fn announce(extension: &Extension, heap: &dyn Heap) -> Announced {
    let object = ON.then(|| JitObject::of(extension, NATIVE)).flatten();
    let Some(object) = object else {
        return Announced::Nothing;
    };
    let Some(block) = heap.allocate(MemoryKind::Metadata, size(object.size()), ALIGN) else {
        return Announced::NoMemory;
    };
    let entry = block.as_ptr().cast::<Entry>();
    let first = __jit_debug_descriptor.first.load(SeqCst);
    // SAFETY: a fresh block of the heap, initialised as `Heap` demands, large enough for the entry and the file behind it;
    // `first` is null or an entry that only this module knows (see `withdraw`).
    unsafe {
        let file = entry.add(1).cast::<u8>();
        object.write(core::slice::from_raw_parts_mut(file, object.size()));
        entry.write(Entry {
            next: first,
            prev: ptr::null_mut(),
            file,
            extension: extension.id().0,
            size: object.size() as u64,
        });
        if !first.is_null() {
            (*first).prev = entry;
        }
    }
    set_first(entry);
    act(REGISTER, entry);
    match object.left_out() {
        0 => Announced::Whole,
        sections => Announced::Partly(sections),
    }
}

/// Makes a debugger forget the extension `id`, which will not run any more, and gives `heap` its memory back.
pub fn withdraw(id: ExtensionId, heap: &dyn Heap) {
    if !ON {
        return;
    }
    let mut entry = __jit_debug_descriptor.first.load(SeqCst);
    // SAFETY: all entries of the list are blocks that `announce` took of this heap with this size, filled in and linked.
    unsafe {
        while let Some(block) = NonNull::new(entry) {
            let Entry {
                next,
                prev,
                extension,
                size: file,
                ..
            } = entry.read();
            if extension != id.0 {
                entry = next;
                continue;
            }
            match prev.is_null() {
                true => set_first(next),
                false => (*prev).next = next,
            }
            if !next.is_null() {
                (*next).prev = prev;
            }
            act(UNREGISTER, entry);
            heap.free(
                MemoryKind::Metadata,
                block.cast(),
                size(file as usize),
                ALIGN,
            );
            return;
        }
    }
}

const ALIGN: usize = align_of::<Entry>();

/// Bytes of the block for a file of so many bytes.
fn size(file: usize) -> usize {
    size_of::<Entry>().saturating_add(file)
}

// With the eight bytes that the heap takes for a block.
const _: () = assert!(size_of::<Entry>() + JIT_LIMIT + 8 <= 400);

/// What a debugger wants of the next fault: an even number but 0, and the call goes back to where it faulted, so that a
/// breakpoint there stops it with all registers as they were. Then this is that address, made odd, until it faults again.
#[unsafe(no_mangle)]
static llext_fault_again: AtomicUsize = AtomicUsize::new(0);

/// Where a debugger that waits for faults of extensions plants a breakpoint: the instruction's address, the kind in words
/// (where the text begins, and its bytes), and the address that was accessed; [`UNKNOWN`] for what is not known.
#[unsafe(no_mangle)]
#[inline(never)]
extern "C" fn llext_fault_stop(pc: usize, kind: *const u8, length: usize, address: usize) {
    // SAFETY: no instruction; it makes sure that all of them are passed.
    unsafe {
        core::arch::asm!(
            "/* {0} {1} {2} {3} */",
            in(reg) pc,
            in(reg) kind,
            in(reg) length,
            in(reg) address,
            options(readonly, nostack, preserves_flags)
        );
    }
}

/// No address.
const UNKNOWN: usize = usize::MAX;

/// Whether a debugger waits at `pc`, whose instruction an extension is to try once more. What came at an instruction that is
/// not known (the CPU could not write it down) has nowhere to go back to.
pub fn stops_at(pc: Option<u32>, fault: &Fault) -> bool {
    let (at, kind) = (pc.map_or(UNKNOWN, |pc| pc as usize), fault.kind.name());
    let back = at | 1;
    if llext_fault_again.swap(0, SeqCst) == back {
        return false;
    }
    let address = fault.address.unwrap_or(UNKNOWN);
    llext_fault_stop(at, kind.as_ptr(), kind.len(), address);
    let stops = pc.is_some() && llext_fault_again.load(SeqCst) != 0;
    llext_fault_again.store(if stops { back } else { 0 }, SeqCst);
    stops
}
