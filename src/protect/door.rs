//! When areas are open and when they are closed.

use core::{
    cell::Cell,
    ops::Range,
    ptr,
    sync::atomic::{AtomicPtr, Ordering::SeqCst},
};

use critical_section::Mutex;
use llext::Protection;
use shell_cmds::context::{Call, FaultKind};

use super::{
    cpu,
    slots::{Piece, Slots},
};
use crate::{
    board::{self, Board},
    exec::is_memory,
};

/// Whether more than null page and guard is protected.
pub(super) const ENABLED: bool = cfg!(feature = "protect");

/// How the loader has to lay out what it loads.
pub const POLICY: Protection = if ENABLED {
    cpu::POLICY
} else {
    Protection::NONE
};

/// The protected call that runs, or null.
static CALL: AtomicPtr<Call<'static>> = AtomicPtr::new(ptr::null_mut());
/// The texts that may execute in it.
static TEXTS: Mutex<Cell<Texts>> = Mutex::new(Cell::new(Texts::EMPTY));

type Texts = Slots<{ cpu::SLOTS }>;

/// Bytes that execute around an instruction which is in no text, and the rest of one that begins at their end: a power of two.
const BLOCK: usize = 64;
/// The most bytes of an instruction, a power of two; it begins at half of it, too.
const INSTRUCTION: usize = 4;

/// Puts the areas of `board` up, as they are for the shell.
///
/// # Safety
/// Called once. They are those of the memory that the firmware runs in.
pub unsafe fn start(board: &Board) {
    // SAFETY: the caller's promise.
    unsafe { cpu::start(&board.protection) };
}

/// How much is protected in a call, in a word.
pub fn extent() -> &'static str {
    match (ENABLED, cpu::is_full()) {
        (false, _) => "off",
        (true, false) => "partial",
        (true, true) => "full",
    }
}

/// Runs `body`, which makes `call`, with the areas as the call is to have them.
pub fn around<R>(call: &Call<'_>, body: impl FnOnce() -> R) -> R {
    let Some(board) = board::current() else {
        return body();
    };
    if !ENABLED {
        let result = body();
        cpu::open(&board.protection);
        return result;
    }
    if call.limits.unprotected {
        cpu::lift(&board.protection);
    } else {
        cpu::close(&board.protection);
    }
    if cpu::NEEDS_SLOTS || !call.limits.unprotected {
        with_texts(|texts| *texts = Texts::EMPTY);
        CALL.store(ptr::from_ref(call).cast_mut().cast(), SeqCst);
        fill(call.entry);
    }
    let result = body();
    CALL.store(ptr::null_mut(), SeqCst);
    cpu::open(&board.protection);
    result
}

/// From the handler of a fault in the fetch of the instruction at `pc`: lets the text that it lies in execute, or in a call
/// without protection whatever lies there. False if there is none, or if it may execute already.
pub fn fill(pc: usize) -> bool {
    // SAFETY: `around` borrows the call for as long as the pointer is not null.
    let Some(call) = (unsafe { CALL.load(SeqCst).as_ref() }) else {
        return false;
    };
    // An instruction may begin in one piece of a text and end in the next.
    [pc, pc.wrapping_add(INSTRUCTION / 2)]
        .into_iter()
        .any(|at| fill_at(call, at))
}

fn fill_at(call: &Call<'_>, at: usize) -> bool {
    let piece = match call.llext.text_at(at) {
        Some(text) => cpu::piece(text.address..text.address + text.size, at),
        None if call.limits.unprotected && may_execute(at) => {
            let start = at & !(BLOCK - 1);
            Piece::of(start..start.saturating_add(BLOCK + INSTRUCTION))
        }
        None => return false,
    };
    let slot = with_texts(|texts| texts.take(piece.range.start));
    slot.is_some_and(|slot| cpu::fill(slot, &piece))
}

/// Whether what lies at `pc` may execute in a call without protection: not where handlers write, the firmware's variables and
/// devices, because what executes cannot be written. A handler's store that faults would be the end of the firmware.
fn may_execute(pc: usize) -> bool {
    board::current().is_some_and(|Board { memory, .. }| {
        [&memory.code, &memory.heap, &memory.stack, &memory.storage]
            .iter()
            .any(|range| range.contains(&pc))
    })
}

/// From the handler of a fault in a store by the instruction at `pc`: lets nothing else execute in a call without protection,
/// where memory that executes cannot be written. False if that is so already, or in any other call.
pub fn yield_to_store(pc: usize) -> bool {
    // SAFETY: as in `fill`.
    let call = unsafe { CALL.load(SeqCst).as_ref() };
    let Some(board) = board::current().filter(|_| call.is_some_and(|call| call.limits.unprotected))
    else {
        return false;
    };
    let start = pc & !(INSTRUCTION - 1);
    let code = start..start.saturating_add(2 * INSTRUCTION);
    // Odd, as no text or block begins: that the store is in its slot does not mean that they are.
    let slot = with_texts(|texts| texts.take_alone(start | 1));
    slot.is_some_and(|slot| {
        cpu::open(&board.protection);
        cpu::fill(slot, &Piece::of(code))
    })
}

/// The kind of a fault in an access to the data at `address`, if it was protection.
pub fn kind_of_access(address: usize) -> Option<FaultKind> {
    let memory = &board::current()?.memory;
    let is_in = |range: &Range<usize>| range.contains(&address);
    let kept = [&memory.image, &memory.files, &memory.code, &memory.storage];
    match () {
        _ if memory.guard().contains(&address) => Some(FaultKind::StackOverflow),
        _ if is_in(&memory.null) => Some(FaultKind::Null),
        _ if ENABLED && kept.into_iter().any(is_in) => Some(FaultKind::ReadOnly),
        _ => None,
    }
}

/// The kind of a fault in the fetch of the instruction at `pc`, if it was protection.
pub fn kind_of_fetch(pc: usize) -> Option<FaultKind> {
    let memory = &board::current()?.memory;
    match () {
        _ if memory.null.contains(&pc) => Some(FaultKind::Null),
        _ if ENABLED && is_memory(pc) => Some(FaultKind::Execution),
        _ => None,
    }
}

fn with_texts<R>(change: impl FnOnce(&mut Texts) -> R) -> R {
    critical_section::with(|cs| {
        let mut texts = TEXTS.borrow(cs).get();
        let result = change(&mut texts);
        TEXTS.borrow(cs).set(texts);
        result
    })
}
