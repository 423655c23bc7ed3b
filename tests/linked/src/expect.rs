//! What a linked file is in memory: computed a second time.

use object::LittleEndian as LE;
use object::elf;
use object::pod::slice_from_all_bytes;
use object::read::elf::{Dyn, FileHeader, ProgramHeader, Rel, Rela, Sym};
use std::collections::BTreeMap;

/// A linked file in memory at an address.
#[derive(Debug, Default)]
pub struct Expected {
    /// All of its bytes.
    pub image: Vec<u8>,
    /// Names and addresses of what it defines for others.
    pub exports: BTreeMap<String, usize>,
    /// Addresses of the functions to call first, in order.
    pub init: Vec<usize>,
    /// Addresses of the functions to call last, in order.
    pub fini: Vec<usize>,
    /// Libraries that it asks for.
    pub needed: Vec<String>,
    /// How many relocations there were of each type.
    pub types: BTreeMap<u32, usize>,
}

/// What a relocation of a linked file computes (psABI letters).
enum Formula {
    /// B + A
    Relative,
    /// S
    Symbol,
    /// S + A
    Absolute,
    /// S + A − P
    Distance,
    /// Nothing.
    None,
}

/// By machine and type; each writes one word.
fn formula(machine: u16, r_type: u32) -> Formula {
    use Formula::{Absolute, Distance, Relative, Symbol};
    match (machine, r_type) {
        (elf::EM_ARM, elf::R_ARM_RELATIVE)
        | (elf::EM_RISCV, elf::R_RISCV_RELATIVE)
        | (elf::EM_AARCH64, elf::R_AARCH64_RELATIVE)
        | (elf::EM_386, elf::R_386_RELATIVE)
        | (elf::EM_X86_64, elf::R_X86_64_RELATIVE) => Relative,
        (elf::EM_ARM, elf::R_ARM_GLOB_DAT | elf::R_ARM_JUMP_SLOT)
        | (elf::EM_RISCV, elf::R_RISCV_JUMP_SLOT)
        | (elf::EM_386, elf::R_386_GLOB_DAT | elf::R_386_JMP_SLOT)
        | (elf::EM_X86_64, elf::R_X86_64_GLOB_DAT | elf::R_X86_64_JUMP_SLOT) => Symbol,
        (elf::EM_ARM, elf::R_ARM_ABS32)
        | (elf::EM_RISCV, elf::R_RISCV_32 | elf::R_RISCV_64)
        | (elf::EM_386, elf::R_386_32)
        | (elf::EM_X86_64, elf::R_X86_64_64)
        // With the addend, unlike the others' (AAELF64, 5.7.14).
        | (
            elf::EM_AARCH64,
            elf::R_AARCH64_ABS64 | elf::R_AARCH64_GLOB_DAT | elf::R_AARCH64_JUMP_SLOT,
        ) => Absolute,
        (elf::EM_ARM, elf::R_ARM_REL32) | (elf::EM_386, elf::R_386_PC32) => Distance,
        (elf::EM_ARM, elf::R_ARM_NONE) => Formula::None,
        other => panic!("no formula for {other:?}"),
    }
}

/// The bytes of the file from a virtual address on.
fn at<'d, H: FileHeader<Endian = LE>>(header: &H, data: &'d [u8], address: u64) -> &'d [u8] {
    for segment in header.program_headers(LE, data).unwrap() {
        let start: u64 = segment.p_vaddr(LE).into();
        let (offset, size): (u64, u64) = (segment.p_offset(LE).into(), segment.p_filesz(LE).into());
        if segment.p_type(LE) == elf::PT_LOAD && (start..start + size).contains(&address) {
            return &data[(offset + address - start) as usize..(offset + size) as usize];
        }
    }
    panic!("{address:#x} is not in the file")
}

/// The file in memory with its first segment at `base`, and with what it does not define at the addresses of `imports` (0 if it is not there).
pub fn expect<H: FileHeader<Endian = LE>>(
    data: &[u8],
    base: usize,
    imports: &BTreeMap<&str, usize>,
) -> Expected {
    let header = H::parse(data).unwrap();
    let word = if header.is_type_64() { 8 } else { 4 };
    let mut all = Expected::default();
    let segments = header.program_headers(LE, data).unwrap();
    let loaded = || {
        segments
            .iter()
            .filter(|segment| segment.p_type(LE) == elf::PT_LOAD)
    };
    let low = loaded().map(|segment| segment.p_vaddr(LE).into()).min();
    let low: u64 = low.expect("a segment");
    let bias = base.wrapping_sub(low as usize);
    for segment in loaded() {
        let start: u64 = segment.p_vaddr(LE).into() - low;
        let size: u64 = segment.p_memsz(LE).into();
        let bytes = segment.data(LE, data).unwrap();
        all.image.resize((start + size) as usize, 0);
        all.image[start as usize..start as usize + bytes.len()].copy_from_slice(bytes);
    }
    let dynamic = segments
        .iter()
        .find_map(|segment| segment.dynamic(LE, data).unwrap())
        .expect("a dynamic section");
    let value = |tag: u32| -> u64 {
        let entry = dynamic.iter().find(|entry| {
            let found: u64 = entry.d_tag(LE).into();
            found == u64::from(tag)
        });
        entry.map_or(0, |entry| entry.d_val(LE).into())
    };
    let strings = match value(elf::DT_STRTAB) {
        0 => &[],
        address => at(header, data, address),
    };
    let name = |offset: u32| {
        let text = &strings[offset as usize..];
        let len = text.iter().position(|&byte| byte == 0).unwrap();
        String::from_utf8(text[..len].to_vec()).unwrap()
    };
    for entry in dynamic {
        let tag: u64 = entry.d_tag(LE).into();
        if tag == u64::from(elf::DT_NEEDED) {
            let offset: u64 = entry.d_val(LE).into();
            all.needed.push(name(offset as u32));
        }
    }
    // The section header knows how many symbols there are; the loader asks the hash table.
    let sections = header.sections(LE, data).unwrap();
    let symbols = sections.symbols(LE, data, elf::SHT_DYNSYM).unwrap();
    let address_of = |symbol: &H::Sym| -> usize {
        let value: u64 = symbol.st_value(LE).into();
        match symbol.st_shndx(LE) {
            elf::SHN_UNDEF => {
                let name = name(symbol.st_name(LE));
                imports.get(name.as_str()).copied().unwrap_or(0)
            }
            elf::SHN_ABS => value as usize,
            _ => bias.wrapping_add(value as usize),
        }
    };
    for symbol in symbols.iter() {
        if symbol.st_shndx(LE) != elf::SHN_UNDEF
            && symbol.st_bind() != elf::STB_LOCAL
            && symbol.st_visibility() == elf::STV_DEFAULT
            && matches!(symbol.st_type(), elf::STT_FUNC | elf::STT_OBJECT)
        {
            all.exports
                .insert(name(symbol.st_name(LE)), address_of(symbol));
        }
    }
    let machine = header.e_machine(LE);
    let mut apply = |offset: u64, index: usize, r_type: u32, addend: Option<i64>| {
        *all.types.entry(r_type).or_default() += 1;
        let offset = (offset - low) as usize;
        let place = &mut all.image[offset..offset + word];
        let mut old = [0; 8];
        old[..word].copy_from_slice(place);
        let a = addend.unwrap_or(i64::from_le_bytes(old)) as usize;
        let s = || {
            assert_ne!(index, 0, "a symbol");
            address_of(&symbols.symbols()[index])
        };
        let p = base + offset;
        let result = match formula(machine, r_type) {
            Formula::Relative => bias.wrapping_add(a),
            Formula::Symbol => s(),
            Formula::Absolute => s().wrapping_add(a),
            Formula::Distance => s().wrapping_add(a).wrapping_sub(p),
            Formula::None => return,
        };
        place.copy_from_slice(&result.to_le_bytes()[..word]);
    };
    let is_rela = value(elf::DT_PLTREL) == u64::from(elf::DT_RELA);
    for (table, size, is_rela) in [
        (elf::DT_RELA, elf::DT_RELASZ, true),
        (elf::DT_REL, elf::DT_RELSZ, false),
        (elf::DT_JMPREL, elf::DT_PLTRELSZ, is_rela),
    ] {
        let size = value(size) as usize;
        if size == 0 {
            continue;
        }
        let bytes = &at(header, data, value(table))[..size];
        if is_rela {
            let records = slice_from_all_bytes::<H::Rela>(bytes).unwrap();
            for record in records {
                let addend: i64 = record.r_addend(LE).into();
                let symbol = record.symbol(LE, false).map_or(0, |index| index.0);
                let offset: u64 = record.r_offset(LE).into();
                apply(offset, symbol, record.r_type(LE, false), Some(addend));
            }
        } else {
            let records = slice_from_all_bytes::<H::Rel>(bytes).unwrap();
            for record in records {
                let symbol = record.symbol(LE).map_or(0, |index| index.0);
                let offset: u64 = record.r_offset(LE).into();
                apply(offset, symbol, record.r_type(LE), None);
            }
        }
    }
    let functions = |at: u32, size: u32| -> Vec<usize> {
        let start = value(at).saturating_sub(low) as usize;
        let words = all.image[start..start + value(size) as usize].chunks(word);
        let number = |bytes: &[u8]| {
            let mut word = [0; 8];
            word[..bytes.len()].copy_from_slice(bytes);
            usize::from_le_bytes(word)
        };
        words.map(number).collect()
    };
    let one = |tag| (value(tag) != 0).then(|| bias.wrapping_add(value(tag) as usize));
    let init: Vec<usize> = functions(elf::DT_PREINIT_ARRAY, elf::DT_PREINIT_ARRAYSZ)
        .into_iter()
        .chain(one(elf::DT_INIT))
        .chain(functions(elf::DT_INIT_ARRAY, elf::DT_INIT_ARRAYSZ))
        .collect();
    let fini: Vec<usize> = functions(elf::DT_FINI_ARRAY, elf::DT_FINI_ARRAYSZ)
        .into_iter()
        .rev()
        .chain(one(elf::DT_FINI))
        .collect();
    (all.init, all.fini) = (init, fini);
    all
}
