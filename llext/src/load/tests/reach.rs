//! What code reaches by more than a distance: entries of the GOT, thread-local variables, the other state.

use super::*;
use crate::machine::{ARM_A, Machine, RISCV32};
use crate::{Extension, Llext, LoadOptions, RegionKind};

const STT_TLS: u8 = 6;
const TP: usize = 0x2000_0100;

/// Loads a file where `far` is a function of the firmware, and looks at it.
fn with_loaded(machine: &'static Machine, elf: &Elf, look: impl FnOnce(&Extension)) {
    let arena = Arena::new();
    let exports = exports(&[("far", 0x101), ("far_arm", 0x200)]);
    let mut llext = Llext::new(&arena.heap, exports, machine).with_thread_pointer(TP);
    let options = LoadOptions::default();
    let image = elf.build();
    let loaded = llext.load(&mut image.source(), "x", &options, &mut ());
    look(loaded.unwrap_or_else(|error| panic!("{error}")));
}

fn address(x: &Extension, kind: RegionKind) -> usize {
    let mut regions = x.regions();
    regions.find(|region| region.kind == kind).unwrap().address
}

/// The target of a branch at `offset` of the text region.
fn target(x: &Extension, machine: &Machine, offset: usize, r_type: u32) -> usize {
    let row = machine.row(r_type).unwrap();
    let code = contents(x, RegionKind::Text);
    let place = address(x, RegionKind::Text) + offset;
    place.wrapping_add_signed(row.addend(&code[offset..]) - row.branch_bias())
}

#[test]
fn the_word_of_a_stub_is_the_entry_of_the_got() {
    const GOT_BREL: u32 = 26;
    const BASE_PREL: u32 = 25;
    const GOT_PREL: u32 = 96;
    let mut elf = Elf::new(&ARM);
    let text = elf.section(".text", SHT_PROGBITS, A | X, 4, &[0; 20]);
    let far = elf.symbol("far", GLOBAL, 0, 0, 0);
    let own = elf.symbol("own", GLOBAL | OBJECT, text, 16, 4);
    // Nobody defines it, and nobody has to.
    let origin = elf.symbol("_GLOBAL_OFFSET_TABLE_", GLOBAL, 0, 0, 0);
    elf.relocate(text, 0, far, GOT_BREL, None);
    elf.relocate(text, 4, own, GOT_PREL, None);
    elf.relocate(text, 8, origin, BASE_PREL, None);
    elf.relocate(text, 12, far, GOT_PREL, None);
    with_loaded(&ARM, &elf, |x| {
        let (code, start) = (contents(x, RegionKind::Text), address(x, RegionKind::Text));
        let at = |offset: usize| word(&code, offset) as i32 as usize;
        let entry = |address: usize| word(&code, address.wrapping_sub(start));
        let got = (start + 8).wrapping_add(at(8));
        assert_eq!(entry(got.wrapping_add(at(0))), 0x101);
        assert_eq!(entry((start + 12).wrapping_add(at(12))), 0x101);
        let own = entry((start + 4).wrapping_add(at(4))) as usize;
        assert_eq!(own, (start + 16) as u32 as usize);
        assert_eq!(code.len(), 20 + 2 * ARM.stub.size(), "one stub a symbol");
    });
}

#[test]
fn a_low_part_of_a_got_entry_completes_its_high_part() {
    let mut elf = Elf::new(&RISCV32);
    let code = [0x17, 0x05, 0, 0, 0x03, 0x25, 0x05, 0];
    let text = elf.section(".text", SHT_PROGBITS, A | X, 4, &code);
    let far = elf.symbol("far", GLOBAL, 0, 0, 0);
    let label = elf.symbol("label", LOCAL, text, 0, 0);
    elf.relocate(text, 0, far, 20, Some(0));
    elf.relocate(text, 4, label, 24, Some(0));
    with_loaded(&RISCV32, &elf, |x| {
        // auipc a0, 0; lw a0, 8(a0); the word
        let words = [0x0000_0517, 0x0085_2503, 0x0000_0101_u32];
        let code: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
        assert_eq!(contents(x, RegionKind::Text), code);
    });
}

#[test]
fn thread_local_variables_are_found_from_the_thread_pointer() {
    const LE32: u32 = 108;
    const IE32: u32 = 107;
    let mut elf = Elf::new(&ARM);
    let text = elf.section(".text", SHT_PROGBITS, A | X, 4, &[0; 12]);
    let tdata = elf.section(".tdata", SHT_PROGBITS, A | W | TLS, 4, &[7; 8]);
    let tbss = elf.section(".tbss", SHT_NOBITS, A | W | TLS, 4, &[0; 8]);
    let filled = elf.symbol("filled", GLOBAL | STT_TLS, tdata, 4, 4);
    let empty = elf.symbol("empty", GLOBAL | STT_TLS, tbss, 0, 4);
    elf.relocate(text, 0, filled, LE32, None);
    elf.relocate(text, 4, empty, IE32, None);
    elf.relocate(text, 8, empty, LE32, None);
    with_loaded(&ARM, &elf, |x| {
        assert_eq!(contents(x, RegionKind::Data), [7; 8]);
        let (code, start) = (contents(x, RegionKind::Text), address(x, RegionKind::Text));
        let from_tp = |kind, offset: usize| (address(x, kind) + offset).wrapping_sub(TP) as u32;
        assert_eq!(word(&code, 0), from_tp(RegionKind::Data, 4));
        assert_eq!(word(&code, 8), from_tp(RegionKind::Bss, 0));
        let entry = (start + 4).wrapping_add(word(&code, 4) as i32 as usize);
        let in_entry = word(&code, entry.wrapping_sub(start));
        assert_eq!(in_entry, from_tp(RegionKind::Bss, 0));
    });
}

#[test]
fn what_cannot_change_its_state_goes_through_a_stub() {
    const CALL: u32 = 28;
    const JUMP24: u32 = 29;
    const THM_JUMP24: u32 = 30;
    let mut elf = Elf::new(&ARM_A);
    let [b, bl] = [[0xfe, 0xff, 0xff, 0xea], [0xfe, 0xff, 0xff, 0xeb]];
    let [b_w, bl_t] = [[0xff, 0xf7, 0xfe, 0xbf], BL];
    let code = [b, bl, b_w, bl_t, bl_t, b].concat();
    let text = elf.section(".text", SHT_PROGBITS, A | X, 4, &code);
    let arm = elf.symbol("arm", GLOBAL | FUNC, text, 0, 8);
    let thumb = elf.symbol("thumb", GLOBAL | FUNC, text, 8 + 1, 12);
    let label = elf.symbol("label", LOCAL, text, 12, 0);
    elf.relocate(text, 0, thumb, JUMP24, None);
    elf.relocate(text, 4, thumb, CALL, None);
    elf.relocate(text, 8, arm, THM_JUMP24, None);
    elf.relocate(text, 12, arm, R_ARM_THM_CALL, None);
    elf.relocate(text, 16, label, R_ARM_THM_CALL, None);
    elf.relocate(text, 20, arm, JUMP24, None);
    with_loaded(&ARM_A, &elf, |x| {
        let (code, start) = (contents(x, RegionKind::Text), address(x, RegionKind::Text));
        let [first, second] = [24, 24 + ARM_A.stub.size()];
        let word_at = usize::from(ARM_A.stub.word_at);
        // B to Thumb code and B.W to A32 code by stubs, each entered in the state of the branch.
        assert_eq!(target(x, &ARM_A, 0, JUMP24), start + second + 4);
        assert_eq!(word(&code, second + word_at) as usize, start + 9);
        assert_eq!(target(x, &ARM_A, 8, THM_JUMP24), start + first);
        assert_eq!(word(&code, first + word_at) as usize, start);
        // BL to Thumb code and back as BLX.
        assert_eq!(code[7], 0xfa);
        assert_eq!(target(x, &ARM_A, 4, CALL), start + 8);
        assert_eq!(code[15] & 0xd0, 0xc0);
        assert_eq!(target(x, &ARM_A, 12, R_ARM_THM_CALL), start);
        // A label without a type is in the state that the branch leads to, and A32 code in its own.
        assert_eq!(code[19] & 0xd0, 0xd0);
        assert_eq!(target(x, &ARM_A, 16, R_ARM_THM_CALL), start + 12);
        assert_eq!(target(x, &ARM_A, 20, JUMP24), start);
    });
}
