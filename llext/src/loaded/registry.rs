//! The list of loaded extensions, in the order they were loaded.
//!
//! Invariant *one owner*: every `NonNull<Extension>` in the list is a live block of the loader's heap that `push` has
//! filled in; the registry alone frees it, in `remove`, and lends it for no longer than itself is borrowed.

// The list's nodes are blocks of a heap that the crate's user chose, so Rust cannot own them for us.
#![allow(unsafe_code)]

use super::extension::{Extension, ExtensionId, Head, RegionKind};
use crate::memory::{Heap, Held, MemoryKind, align_up};
use core::mem::offset_of;
use core::ptr::{self, NonNull};

/// The list.
pub(crate) struct Registry {
    first: Option<NonNull<Extension>>,
    last_id: u32,
}

/// An extension that is in no list yet.
pub(crate) struct Described(NonNull<Extension>);

/// An extension that is out of the list for a moment, with as many before it as there were.
pub(crate) struct Aside {
    node: NonNull<Extension>,
    before: usize,
}

impl Registry {
    /// Where the address of the first extension is.
    pub(super) const FIRST: usize = offset_of!(Self, first);

    /// No extensions.
    pub(crate) const fn new() -> Self {
        Self {
            first: None,
            last_id: ExtensionId::FIRMWARE.0,
        }
    }

    /// Size and alignment of the block for an extension with `tail` bytes behind its head. What follows behind it in one
    /// block begins there.
    pub(crate) fn descriptor_layout(tail: usize) -> (usize, usize) {
        const { assert!(size_of::<Head>().is_multiple_of(align_of::<Head>())) };
        let align = align_of::<Head>();
        let size = size_of::<Head>().saturating_add(tail);
        (align_up(size, align).unwrap_or(usize::MAX), align)
    }

    /// Where the tail begins in such a block.
    pub(crate) const TAIL: usize = size_of::<Head>();

    /// Makes an extension of `front`, a block that begins with `descriptor_layout(tail)` and whose tail of `tail` bytes has been
    /// written: puts `head` before it, where it stays.
    #[inline(always)]
    pub(crate) fn describe(front: Held, tail: usize, mut head: Head) -> Described {
        head.block = front.layout();
        let slice = ptr::slice_from_raw_parts_mut(front.start().as_ptr(), tail);
        // SAFETY: the block was laid out by `descriptor_layout`: aligned for a head and large enough for head and tail,
        // whose bytes are initialised. The cast keeps the tail's length (`Extension` ends in `[u8]`).
        Described(unsafe {
            let node = slice as *mut Extension;
            ptr::addr_of_mut!((*node).head).write(head);
            NonNull::new_unchecked(node)
        })
    }

    /// Adds an extension, and gives it its id.
    pub(crate) fn push(&mut self, Described(mut node): Described) -> &Extension {
        self.last_id = self.last_id.wrapping_add(1).max(1);
        // SAFETY: *one owner*: its one owner until now has been moved here.
        unsafe { node.as_mut().head.id = ExtensionId(self.last_id) };
        self.append(node);
        // SAFETY: *one owner*.
        unsafe { node.as_ref() }
    }

    fn append(&mut self, node: NonNull<Extension>) {
        let mut link = &mut self.first;
        while let Some(mut at) = *link {
            // SAFETY: *one owner*, and the registry is borrowed for writing.
            link = unsafe { &mut at.as_mut().head.next };
        }
        *link = Some(node);
    }

    /// All extensions, in the order they were loaded.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Extension> + '_ {
        self.from(self.first)
    }

    /// Those that were loaded after `extension`, which alone can use it.
    pub(crate) fn after<'r>(
        &'r self,
        extension: &'r Extension,
    ) -> impl Iterator<Item = &'r Extension> + 'r {
        self.from(extension.head.next)
    }

    fn from(&self, mut at: Option<NonNull<Extension>>) -> impl Iterator<Item = &Extension> + '_ {
        core::iter::from_fn(move || {
            // SAFETY: *one owner*: lent for as long as `self` is borrowed.
            let extension: &Extension = unsafe { at?.as_ref() };
            at = extension.head.next;
            Some(extension)
        })
    }

    /// Counts one more use of an extension; `None` if that is more than a count holds.
    pub(crate) fn add_use(extension: &Extension) -> Option<&Extension> {
        let uses = &extension.head.uses;
        uses.set(uses.get().checked_add(1)?);
        Some(extension)
    }

    /// Gives `heir` the uses of `extension`.
    pub(crate) fn hand_uses(extension: &Extension, heir: &Extension) {
        heir.head.uses.set(extension.head.uses.get());
    }

    /// Counts one use less; how many are left. At 0 the extension is to be removed.
    pub(crate) fn drop_use(extension: &Extension) -> u16 {
        let uses = &extension.head.uses;
        uses.set(uses.get().saturating_sub(1));
        uses.get()
    }

    /// Finds an export by name among all extensions and marks the one that has it. The result counts all exports
    /// in load order.
    pub(crate) fn find_export(&self, name: &[u8]) -> Option<usize> {
        let mut before = 0usize;
        for extension in self.iter() {
            if let Some(index) = extension.position(name) {
                extension.head.marked.set(true);
                return before.checked_add(index);
            }
            before = before.checked_add(extension.export_count())?;
        }
        None
    }

    /// The address of the export with this number.
    pub(crate) fn export_address(&self, mut number: usize) -> Option<usize> {
        for extension in self.iter() {
            match number.checked_sub(extension.export_count()) {
                Some(rest) => number = rest,
                None => return extension.export_address(number),
            }
        }
        None
    }

    /// Extensions that `find_export` has marked.
    pub(crate) fn marked(&self) -> impl Iterator<Item = &Extension> + '_ {
        self.iter().filter(|extension| extension.head.marked.get())
    }

    /// Takes all marks away.
    pub(crate) fn unmark(&self) {
        self.iter()
            .for_each(|extension| extension.head.marked.set(false));
    }

    /// The id of the extension that was loaded first.
    pub(crate) fn first(&self) -> Option<ExtensionId> {
        self.iter().next().map(Extension::id)
    }

    /// Takes the extension `id` out of the list and gives its memory back; how many bytes that was.
    pub(crate) fn remove(&mut self, heap: &dyn Heap, id: ExtensionId) -> Option<usize> {
        let node = self.unlink(id)?;
        // SAFETY: *one owner*: nobody else has the node now that it is out of the list. Its regions and its own block came
        // from `heap`, the loader's only one, with just these kinds, sizes and alignments.
        unsafe {
            let extension = node.as_ref();
            let block = Held::from_layout(node.cast(), extension.head.block);
            let mut bytes = block.size();
            if extension.is_one_block() {
                block.free(heap, MemoryKind::of_descriptor(true));
                return Some(bytes);
            }
            for (region, kind) in extension.head.regions.iter().zip(&RegionKind::ALL) {
                bytes = bytes.saturating_add(region.size());
                region.free(heap, kind.memory());
            }
            block.free(heap, MemoryKind::of_descriptor(false));
            Some(bytes)
        }
    }

    /// Takes the extension `id` out of the list, to be [`put back`](Self::put_back): nobody finds it meanwhile.
    pub(crate) fn set_aside(&mut self, id: ExtensionId) -> Option<Aside> {
        let before = self.iter().position(|extension| extension.id() == id)?;
        let node = self.unlink(id)?;
        Some(Aside { node, before })
    }

    /// Puts an extension back where it was in the list. What was added since then comes after it.
    pub(crate) fn put_back(&mut self, Aside { mut node, before }: Aside) {
        let mut link = &mut self.first;
        for _ in 0..before {
            match link {
                // SAFETY: *one owner*, and the registry is borrowed for writing.
                Some(at) => link = unsafe { &mut at.as_mut().head.next },
                None => break,
            }
        }
        // SAFETY: *one owner*: the node was in the list, and is in none now.
        unsafe { node.as_mut().head.next = *link };
        *link = Some(node);
    }

    fn unlink(&mut self, id: ExtensionId) -> Option<NonNull<Extension>> {
        let mut link = &mut self.first;
        loop {
            let mut node = (*link)?;
            // SAFETY: *one owner*, and the registry is borrowed for writing.
            let extension = unsafe { node.as_mut() };
            if extension.head.id == id {
                *link = extension.head.next;
                return Some(node);
            }
            link = &mut extension.head.next;
        }
    }
}

const _: () = assert!(offset_of!(Extension, head) == 0);
