//! Loads to every kind of heap, and with regions that can be protected.

use super::*;
use crate::memory::{BlockHeap, MemoryKind, Protection, SplitHeap};
use crate::{Llext, LoadError, LoadOptions, RegionKind};
use std::ptr::NonNull;

/// Bytes of a stretch of memory.
const SIZE: usize = 64 * 1024;
/// Where the target sees the stretches.
const CODE: usize = 0x1000_0000;
const VARIABLES: usize = 0x2000_0000;

#[repr(align(4096))]
struct Memory([u8; SIZE]);

/// Memory that is returned to nobody, and is not zero.
fn memory() -> NonNull<[u8]> {
    NonNull::from(&mut Box::leak(Box::new(Memory([0xa5; SIZE]))).0)
}

fn split(heap: SplitHeap) -> SplitHeap {
    // SAFETY: the memory is leaked.
    #[allow(unsafe_code)]
    let taken = unsafe { heap.init_split_mapped((memory(), CODE), (memory(), VARIABLES)) };
    taken.expect("a heap");
    heap
}

fn fixed(block_size: usize) -> BlockHeap<16> {
    let heap = BlockHeap::new();
    // SAFETY: the memory is leaked.
    #[allow(unsafe_code)]
    let taken = unsafe { heap.init_mapped((memory(), CODE), block_size, (memory(), VARIABLES)) };
    taken.expect("a heap");
    heap
}

/// Four regions, one of them with a stub.
fn all_regions() -> Elf {
    let mut elf = small();
    elf.section(".rodata", SHT_PROGBITS, A, 8, b"constant");
    elf
}

/// Loads the file twice with memory from `heap` and checks the regions: filled, aligned, in the heap's bounds, apart from each
/// other, and such as `protection` makes them.
fn check(heap: &dyn Heap, protection: Protection) {
    let image = all_regions().build();
    let mut llext = Llext::new(heap, exports(&[("far", 0x101)]), &ARM).with_protection(protection);
    let options = LoadOptions::default();
    let used = heap.stats().used;
    let (mut all, mut regions) = (Vec::new(), Vec::new());
    for name in ["x", "y"] {
        let dry = llext.dry_run(&mut image.source(), name, &options, &mut ());
        let x = llext.load(&mut image.source(), name, &options, &mut ());
        let x = x.expect("an extension");
        assert_eq!(dry.expect("a plan").held(), x.size());
        let mut written = [16, 8, 8, 24].into_iter();
        for region in x.regions() {
            let (size, written) = (region.size, written.next().expect("four regions"));
            let kind = region.kind.memory();
            let (rounded, align) = protection.round_of(kind, written, 4).expect("a region");
            assert_eq!(
                (size, region.address % align),
                (rounded, 0),
                "{protection:?}"
            );
            let bounds = heap.bounds(kind);
            assert!(bounds.start <= region.address && region.address + size <= bounds.end);
            let bytes = contents(x, region.kind);
            assert_eq!(
                bytes[written..],
                vec![0; size - written],
                "behind what was loaded"
            );
            all.push(region.address..region.address + size);
            regions.push(region);
        }
        assert_eq!(contents(x, RegionKind::Rodata)[..8], *b"constant");
        assert_eq!(
            word(&contents(x, RegionKind::Text), 12),
            0x101,
            "the stub's target"
        );
        let data = contents(x, RegionKind::Data);
        let text = x.region(RegionKind::Text).expect("text").address;
        assert_eq!(word(&data, 0) as usize, text + 1);
    }
    for region in regions {
        let text = Some(region).filter(|region| region.kind == RegionKind::Text);
        let last = region.address + region.size - 1;
        assert_eq!(
            [region.address, last].map(|at| llext.text_at(at)),
            [text; 2]
        );
        assert_ne!(llext.text_at(last + 1), Some(region));
        assert_ne!(llext.text_at(region.address - 1), Some(region));
    }
    all.sort_by_key(|range| range.start);
    assert!(all.windows(2).all(|pair| pair[0].end <= pair[1].start));
    for name in ["x", "y"] {
        llext.unload(name).expect("it is loaded");
    }
    assert_eq!(heap.stats().used, used);
}

const POLICIES: [Protection; 6] = [
    Protection::NONE,
    Protection::PMSAV7,
    Protection::PMSAV8,
    Protection::PMP,
    Protection::PMP_NAPOT,
    Protection::PMSAV7.only(MemoryKind::Instruction),
];

#[test]
fn regions_can_be_protected_whatever_the_heap() {
    for protection in POLICIES {
        check(&Arena::new().heap, protection);
        check(&split(SplitHeap::new()), protection);
        check(&split(SplitHeap::new_sealed()), protection);
        check(&fixed(128), protection);
        check(&fixed(1024), protection);
    }
}

#[test]
fn code_lies_apart_from_data() {
    let heap = split(SplitHeap::new());
    let mut llext = Llext::new(&heap, exports(&[("far", 0x101)]), &ARM);
    let image = all_regions().build();
    let x = llext.load(&mut image.source(), "x", &LoadOptions::default(), &mut ());
    for region in x.expect("an extension").regions() {
        let start = if region.kind == RegionKind::Text {
            CODE
        } else {
            VARIABLES
        };
        assert!(
            (start..start + SIZE).contains(&region.address),
            "{region:?}"
        );
    }
}

#[test]
fn a_linked_image_lies_where_its_data_may_be_written() {
    for protection in POLICIES {
        let heap = split(SplitHeap::new_sealed());
        let mut llext =
            Llext::new(&heap, exports(&[("far", 0x101)]), &ARM).with_protection(protection);
        let (image, options) = (super::linked::library(), LoadOptions::default());
        let dry = llext.dry_run(&mut image.source(), "x", &options, &mut ());
        let x = llext.load(&mut image.source(), "x", &options, &mut ());
        let x = x.expect("an extension");
        assert_eq!(dry.expect("a plan").held(), x.size());
        for region in x.regions() {
            assert!(
                (VARIABLES..VARIABLES + SIZE).contains(&region.address),
                "{region:?}"
            );
        }
        llext.unload("x").expect("it is loaded");
        assert_eq!(heap.stats().used, 0);
    }
}

#[test]
fn a_region_that_cannot_be_protected_is_too_large() {
    let mut elf = Elf::new(&ARM);
    elf.section(".bss", SHT_NOBITS, A | W, 4, &[0; 8]);
    let limit = 1 << 27;
    let image = elf.build().section(1, 5, limit - 8);
    let arena = Arena::new();
    let error = |protection| {
        let mut llext = Llext::new(&arena.heap, exports(&[]), &ARM).with_protection(protection);
        let loaded = llext.load(&mut image.source(), "x", &LoadOptions::default(), &mut ());
        loaded.map(|_| ()).expect_err("too large")
    };
    assert!(matches!(
        error(Protection::NONE),
        LoadError::OutOfMemory { .. }
    ));
    assert!(matches!(
        error(Protection::PMSAV7),
        LoadError::TooLarge { what: "bss", .. }
    ));
}
