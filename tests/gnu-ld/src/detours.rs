//! Where the loader and a linker write different bytes that mean the same: branches through veneers, and what
//! is looked up in the GOT, which each of them has at its own place.

use crate::heap::HostHeap;
use crate::image::Image;
use crate::object_file::{ObjectFile, Place};
use llext::machine::{Formula, Machine, Operands, Row};
use std::collections::HashMap;

/// A section, as both have it.
pub struct Detours<'s> {
    /// The machine.
    pub machine: &'static Machine,
    /// Whether addends lie in the places.
    pub in_place: bool,
    /// The file.
    pub file: &'s ObjectFile,
    /// The section's relocations.
    pub places: &'s [Place],
    /// The section's address, the same for both.
    pub address: usize,
    /// Addresses of all sections, by their index in the file.
    pub sections: &'s HashMap<usize, usize>,
    /// What the linker made.
    pub image: &'s Image,
    /// What the loader made.
    pub heap: &'s HostHeap,
    /// Whether branches may go through veneers.
    pub veneers: bool,
}

impl Detours<'_> {
    /// Where both mean the same, lets the linker's bytes stand for ours. An error says where they do not.
    pub fn settle(&self, ours: &mut [u8], theirs: &[u8]) -> Result<(), String> {
        for place in self.places {
            let Some(row) = self.machine.row(place.r_type) else {
                continue;
            };
            // x86: the opcode in front, which a linker may change where an entry of the GOT is looked up.
            let front = if row.needs_stub_word() { 2 } else { 0 };
            let start = place.offset.saturating_sub(front);
            let end = place.offset + row.width();
            let (Some(our), Some(their)) = (ours.get(start..end), theirs.get(start..end)) else {
                return Err(format!(" {place:?} is outside"));
            };
            if our == their {
                continue;
            }
            let skipped = place.offset - start;
            let (our_place, their_place) = (&our[skipped..], &their[skipped..]);
            let same = self.mean_the_same(row, place, (our_place, their_place))
                || self.looking_up(row, place).is_some() && self.is_converted(place, their);
            if !same {
                let (at, our, their) = (place.offset, our.to_vec(), their.to_vec());
                return Err(format!(
                    "+{at:#x}: {} {}: {our:02x?}, GNU ld {their:02x?}",
                    row.name, place.symbol
                ));
            }
            let their = their.to_vec();
            ours[start..end].copy_from_slice(&their);
        }
        Ok(())
    }

    /// Whether both places mean the same.
    fn mean_the_same(&self, row: &Row, place: &Place, (our, their): (&[u8], &[u8])) -> bool {
        if row.branch_reach().is_some() && (self.veneers || self.is_absent(place)) {
            return self.meet(row, place, (our, their));
        }
        if let Some(high) = self.looking_up(row, place) {
            return self.is_entry(row, high, place, our, self.our_words(high))
                && (self.is_absent(high)
                    || self.is_entry(row, high, place, their, self.their_words(high)));
        }
        let at = (place, self.address_of(place));
        counts_from_origin(row)
            && Some(self.origin(row, at, our)) == self.our_origin()
            && Some(self.origin(row, at, their)) == self.image.symbol(ORIGIN)
    }

    /// P of a place.
    fn address_of(&self, place: &Place) -> usize {
        self.address + place.offset
    }

    /// A of a place.
    fn addend(&self, row: &Row, place: &Place) -> isize {
        if self.in_place {
            row.addend(&place.before)
        } else {
            place.addend
        }
    }

    /// Where a branch goes.
    fn target(&self, row: &Row, place: &Place, insn: &[u8]) -> usize {
        let distance = row.addend(insn) - row.branch_bias();
        self.address_of(place).wrapping_add_signed(distance)
    }

    /// Whether both branches end at the same target, be it behind a veneer. On ARM a veneer's word has the
    /// Thumb bit, a distance has not.
    fn meet(&self, row: &Row, place: &Place, (our, their): (&[u8], &[u8])) -> bool {
        // No call of a weak symbol that nothing defines is ever run.
        if self.is_absent(place) {
            return true;
        }
        let thumb = usize::from(row.enters_thumb());
        let [our, their] = [our, their].map(|insn| self.target(row, place, insn));
        let stub = self.machine.stub;
        let word_at = usize::from(stub.word_at);
        let bytes = self.heap.bytes(our, stub.size());
        let ours = bytes.filter(|bytes| bytes[..word_at] == stub.bytes[..word_at]);
        let our_end = ours.map_or(our, |stub_bytes| stub.target(stub_bytes));
        // Veneers of several sections may lie over each other.
        let mut their_ends = self.image.veneer_targets(their).chain([their]);
        their_ends.any(|end| end | thumb == our_end | thumb)
    }

    /// The place whose row names an entry of the GOT: this one, or the high part that it completes.
    fn looking_up<'p>(&'p self, row: &Row, place: &'p Place) -> Option<&'p Place> {
        if row.needs_stub_word() {
            return Some(place);
        }
        let is_high = |high: &&Place| {
            let row = self.machine.row(high.r_type);
            high.offset == place.value && row.is_some_and(|row| row.needs_stub_word())
        };
        self.places
            .iter()
            .find(|high| row.completes_high_part() && is_high(high))
    }

    /// Whether the bytes of a place look up one of these entries.
    fn is_entry(
        &self,
        row: &Row,
        high: &Place,
        place: &Place,
        bytes: &[u8],
        entries: impl IntoIterator<Item = usize>,
    ) -> bool {
        let Some(high_row) = self.machine.row(high.r_type) else {
            return false;
        };
        let origins = [self.image.symbol(ORIGIN), self.our_origin()];
        entries.into_iter().any(|g| {
            origins.iter().any(|got| {
                let operands = Operands {
                    a: self.addend(high_row, high),
                    p: self.address_of(high),
                    g,
                    got: got.unwrap_or_default(),
                    ..Operands::default()
                };
                let mut written = place.before.clone();
                let value = high_row.value(&high.before, &operands);
                row.put(&mut written, value).is_ok() && written[..bytes.len()] == *bytes
            })
        })
    }

    /// S of a place: 0 for what nothing defines.
    fn symbol(&self, place: &Place) -> usize {
        match self.sections.get(&place.section) {
            Some(section) => section + place.value,
            None => self.image.symbol(&place.symbol).unwrap_or_default(),
        }
    }

    fn is_absent(&self, place: &Place) -> bool {
        place.section == 0
            && self
                .image
                .symbol(&place.symbol)
                .is_none_or(|value| value == 0)
    }

    /// Addresses in the heap of words with the symbol's value.
    fn our_words(&self, place: &Place) -> Vec<usize> {
        let word = usize::from(self.machine.stub.word_size);
        let wanted = self.symbol(place).to_le_bytes();
        let (base, bytes) = self.heap.all();
        let starts = (0..bytes.len().saturating_sub(word)).step_by(word);
        starts
            .filter(|at| bytes[*at..*at + word] == wanted[..word])
            .map(|at| base + at)
            .collect()
    }

    fn their_words(&self, place: &Place) -> Vec<usize> {
        let word = usize::from(self.machine.stub.word_size);
        self.image.words(self.symbol(place), word).collect()
    }

    /// x86: whether the linker made of an instruction that looks up the symbol one that has its address. The
    /// two bytes in front of the place are given too.
    fn is_converted(&self, place: &Place, their: &[u8]) -> bool {
        let [first, second, rest @ ..] = their else {
            return false;
        };
        let [a, b, c, d] = rest else { return false };
        let number = |bytes| i32::from_le_bytes(bytes) as isize;
        let s = self.symbol(place);
        let p = self.address_of(place);
        let reached = match (first, second) {
            // lea symbol(%rip), register; addr32 call symbol
            (0x8d, modrm) if modrm & 0xc7 == 5 => {
                p.wrapping_add_signed(number([*a, *b, *c, *d]) + 4)
            }
            (0x67, 0xe8) => p.wrapping_add_signed(number([*a, *b, *c, *d]) + 4),
            // jmp symbol; nop
            (0xe9, _) => p.wrapping_add_signed(number([*second, *a, *b, *c]) + 3),
            // lea symbol@GOTOFF(register), register
            (0x8d, _) => {
                let origin = self.image.symbol(ORIGIN).unwrap_or_default();
                (origin as u32).wrapping_add_signed(number([*a, *b, *c, *d]) as i32) as usize
            }
            // mov $symbol, register; an operation with $symbol
            (0xc7 | 0x81 | 0xf7, _) => number([*a, *b, *c, *d]) as usize,
            _ => return false,
        };
        reached == s
    }

    /// GOT, by a place that counts from it.
    fn origin(&self, row: &Row, (place, p): (&Place, usize), bytes: &[u8]) -> usize {
        let a = self.addend(row, place);
        let value = row.addend(bytes);
        let origin = match row.formula {
            // GOT + A − P
            Formula::OriginRel => value.wrapping_add(p as isize - a),
            // S + A − GOT
            _ => (self.symbol(place) as isize + a).wrapping_sub(value),
        };
        match self.machine.class.is_64() {
            true => origin as usize,
            false => origin as u32 as usize,
        }
    }

    /// Our GOT, by the file's first place that says where it is.
    fn our_origin(&self) -> Option<usize> {
        self.sections.iter().find_map(|(index, address)| {
            self.file.places(*index).iter().find_map(|place| {
                let row = self.machine.row(place.r_type)?;
                let p = address + place.offset;
                let bytes = self.heap.bytes(p, row.width())?;
                let is_origin = row.formula == Formula::OriginRel;
                is_origin.then(|| self.origin(row, (place, p), bytes))
            })
        })
    }
}

/// What linkers call the origin of the GOT.
const ORIGIN: &str = "_GLOBAL_OFFSET_TABLE_";

fn counts_from_origin(row: &Row) -> bool {
    matches!(row.formula, Formula::OriginRel | Formula::SymOrigin)
}
