//! Every byte of a loaded image is what an independent computation says, for each machine and linker.

use linked::expect::{Expected, expect};
use linked::make::{Recipe, make};
use llext::machine::{self, Class, Machine};
use llext::{
    Export, Exports, Extension, Heap, Llext, LoadOptions, Report, SliceSource, Source, SourceError,
    SplitHeap, TlsfHeap,
};
use object::LittleEndian;
use object::elf::{FileHeader32, FileHeader64};
use std::collections::BTreeMap;
use std::ffi::CString;
use std::path::{Path, PathBuf};
use std::ptr::NonNull;

const CORTEX_M3: &[&str] = &["arm-none-eabi-gcc", "-mcpu=cortex-m3", "-mthumb"];
const RV32: &[&str] = &["riscv64-unknown-elf-gcc", "-march=rv32imac", "-mabi=ilp32"];

const RECIPES: &[Recipe<'static>] = &[
    Recipe {
        name: "arm-ld-shared",
        machine: &machine::ARM,
        compiler: CORTEX_M3,
        code: &["-fPIC"],
        linker: &["arm-none-eabi-ld", "-shared", "-z", "text"],
    },
    Recipe {
        name: "arm-ld-pie",
        machine: &machine::ARM,
        compiler: CORTEX_M3,
        code: &["-fPIE"],
        linker: &[
            "arm-none-eabi-ld",
            "-pie",
            "-z",
            "max-page-size=4",
            "--export-dynamic",
            "--unresolved-symbols=ignore-all",
            "-e0",
        ],
    },
    Recipe {
        name: "arm-ld-notext",
        machine: &machine::ARM,
        compiler: CORTEX_M3,
        code: &["-mlong-calls"],
        linker: &["arm-none-eabi-ld", "-shared", "-z", "notext"],
    },
    Recipe {
        name: "arm-lld-shared",
        machine: &machine::ARM,
        compiler: CORTEX_M3,
        code: &["-fPIC"],
        linker: &["ld.lld", "-shared", "--hash-style=gnu"],
    },
    Recipe {
        name: "riscv-lld-shared",
        machine: &machine::RISCV32,
        compiler: RV32,
        code: &["-fPIC"],
        linker: &["ld.lld", "-shared", "-z", "max-page-size=4096"],
    },
    Recipe {
        name: "riscv-lld-pie",
        machine: &machine::RISCV32,
        compiler: RV32,
        code: &["-fPIE"],
        linker: &[
            "ld.lld",
            "-pie",
            "--export-dynamic",
            "--unresolved-symbols=ignore-all",
            "-e0",
        ],
    },
    Recipe {
        name: "x86-64-ld-shared",
        machine: &machine::X86_64,
        compiler: &["gcc"],
        code: &["-fPIC"],
        linker: &["ld", "-shared"],
    },
    Recipe {
        name: "x86-64-ld-pie",
        machine: &machine::X86_64,
        compiler: &["gcc"],
        code: &["-fPIC"],
        linker: &[
            "ld",
            "-pie",
            "--export-dynamic",
            "--unresolved-symbols=ignore-all",
            "-z",
            "noseparate-code",
            "-e0",
        ],
    },
    // With the C library that it asks for, and the functions of crti.o.
    Recipe {
        name: "x86-64-gcc-shared",
        machine: &machine::X86_64,
        compiler: &["gcc"],
        code: &["-fPIC"],
        linker: &["gcc", "-shared", "-Wl,--no-as-needed"],
    },
    Recipe {
        name: "x86-64-lld-shared",
        machine: &machine::X86_64,
        compiler: &["gcc"],
        code: &["-fPIC"],
        linker: &["ld.lld", "-shared"],
    },
    Recipe {
        name: "i386-ld-shared",
        machine: &machine::I386,
        compiler: &["i686-linux-gnu-gcc"],
        code: &["-fPIC"],
        linker: &["i686-linux-gnu-ld", "-shared"],
    },
    Recipe {
        name: "i386-ld-notext",
        machine: &machine::I386,
        compiler: &["i686-linux-gnu-gcc"],
        code: &["-fno-pic"],
        linker: &["i686-linux-gnu-ld", "-shared", "-z", "notext"],
    },
    Recipe {
        name: "aarch64-ld-shared",
        machine: &machine::AARCH64,
        compiler: &["aarch64-linux-gnu-gcc"],
        code: &["-fPIC"],
        linker: &["aarch64-linux-gnu-ld", "-shared"],
    },
    Recipe {
        name: "aarch64-lld-pie",
        machine: &machine::AARCH64,
        compiler: &["aarch64-linux-gnu-gcc"],
        code: &["-fPIC"],
        linker: &[
            "ld.lld",
            "-pie",
            "--export-dynamic",
            "--unresolved-symbols=ignore-all",
            "-e0",
        ],
    },
    Recipe {
        name: "riscv64-lld-shared",
        machine: &machine::RISCV64,
        compiler: &["riscv64-unknown-elf-gcc", "-march=rv64imac", "-mabi=lp64"],
        code: &["-fPIC"],
        linker: &["ld.lld", "-shared"],
    },
];

/// What the firmware offers, at addresses that are far away.
const IMPORTS: [(&str, usize); 2] = [
    ("imported_function", 0x0001_2345),
    ("imported_variable", 0x2000_1230),
];

fn exports() -> Exports<'static> {
    let record = |&(name, address): &(&str, usize)| {
        let name = Box::leak(CString::new(name).unwrap().into_boxed_c_str());
        Export::new(name, std::ptr::without_provenance(address))
    };
    Exports::new(Box::leak(IMPORTS.iter().map(record).collect::<Box<[_]>>()))
}

const PAGE: usize = 4096;
const SIZE: usize = 2 << 20;

#[derive(Clone)]
#[repr(align(4096))]
struct Page(#[allow(dead_code, reason = "seen through the heap")] [u8; PAGE]);

/// Memory for a heap; it stays.
fn memory() -> NonNull<[u8]> {
    let pages = NonNull::from(Box::leak(
        vec![Page([0xa5; PAGE]); SIZE / PAGE].into_boxed_slice(),
    ));
    NonNull::slice_from_raw_parts(pages.cast(), SIZE)
}

/// A heap that gives everything from one block, or code from memory of its own.
fn heap(split: bool) -> Box<dyn Heap> {
    if split {
        let heap = SplitHeap::new();
        // SAFETY: memory that nothing else uses, and that stays.
        unsafe { heap.init_split_mapped((memory(), 0x2100_0000), (memory(), 0x2200_0000)) }
            .expect("a heap");
        Box::new(heap)
    } else {
        let heap = TlsfHeap::new();
        // SAFETY: as above.
        unsafe { heap.init_mapped(memory().cast(), SIZE, 0x2100_0000) }.expect("a heap");
        Box::new(heap)
    }
}

/// Keeps the libraries that a file asks for.
#[derive(Default)]
struct Needed(Vec<String>);

impl Report for Needed {
    fn needed(&mut self, library: &str) {
        self.0.push(library.to_string());
    }
}

fn expected(machine: &Machine, data: &[u8], base: usize) -> Expected {
    let imports = BTreeMap::from(IMPORTS);
    match machine.class {
        Class::Elf32 => expect::<FileHeader32<LittleEndian>>(data, base, &imports),
        Class::Elf64 => expect::<FileHeader64<LittleEndian>>(data, base, &imports),
    }
}

/// Compares a loaded extension with what it should be.
fn compare(recipe: &Recipe<'_>, extension: &Extension, data: &[u8]) -> Expected {
    let base = extension
        .regions()
        .map(|region| region.address)
        .min()
        .unwrap();
    let expected = expected(recipe.machine, data, base);
    let mut seen = vec![0xee; expected.image.len()];
    for region in extension.regions() {
        let at = region.address.wrapping_sub(base);
        if let Some(room) = seen.get_mut(at..) {
            let len = region.size.min(room.len());
            assert!(extension.read(region.address, &mut room[..len]));
        }
    }
    // The ELF header of a file that was stripped of its section headers differs.
    let wrong = (64..seen.len()).find(|&at| seen[at] != expected.image[at]);
    let wrong = wrong.map(|at| (at, &seen[at..at + 4], &expected.image[at..at + 4]));
    assert_eq!(wrong, None, "{}: the first wrong byte", recipe.name);
    let exports: BTreeMap<String, usize> = extension
        .exports()
        .map(|(name, address)| (name.to_string(), address))
        .collect();
    assert_eq!(exports, expected.exports, "{}", recipe.name);
    let init: Vec<usize> = extension.init_functions().collect();
    let fini: Vec<usize> = extension.fini_functions().collect();
    assert_eq!(
        (&init, &fini),
        (&expected.init, &expected.fini),
        "{}",
        recipe.name
    );
    expected
}

/// A folder for the test that asks: several run at once, and link the same.
fn folder() -> PathBuf {
    let test = std::thread::current();
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(test.name().unwrap_or("linked"));
    std::fs::create_dir_all(&folder).expect("a folder to write to");
    folder
}

#[test]
fn images_are_what_the_specifications_say() {
    for recipe in RECIPES {
        let data = std::fs::read(make(recipe, "library", &folder())).unwrap();
        let heap = heap(false);
        let mut llext = Llext::new(&*heap, exports(), recipe.machine);
        let options = LoadOptions {
            origin: "library.so",
            keep_sections: true,
            ..LoadOptions::default()
        };
        let mut needed = Needed::default();
        let result = llext.load(&mut SliceSource::new(&data), "x", &options, &mut needed);
        let extension = result.unwrap_or_else(|error| panic!("{}: {error}", recipe.name));
        let expected = compare(recipe, extension, &data);
        println!(
            "{}: {} bytes, relocations {:?}",
            recipe.name,
            expected.image.len(),
            expected.types
        );
        assert_eq!(needed.0, expected.needed);
    }
}

/// Loads `data` as `recipe` says into `heap`, and compares.
fn load(recipe: &Recipe<'_>, heap: &dyn Heap, source: &mut dyn Source, data: &[u8]) -> Expected {
    let mut llext = Llext::new(heap, exports(), recipe.machine);
    let options = LoadOptions::default();
    let result = llext.load(source, "x", &options, &mut ());
    let extension = result.unwrap_or_else(|error| panic!("{}: {error}", recipe.name));
    let expected = compare(recipe, extension, data);
    llext.unload("x").unwrap();
    assert_eq!(heap.stats().used, 0, "{}", recipe.name);
    expected
}

/// A source that does not show where its bytes lie.
struct Stream<'d>(SliceSource<'d>);

impl Source for Stream<'_> {
    fn len(&self) -> usize {
        self.0.len()
    }

    fn read_at(&mut self, offset: usize, into: &mut [u8]) -> Result<(), SourceError> {
        self.0.read_at(offset, into)
    }
}

#[test]
fn heaps_sources_and_section_headers_make_no_difference() {
    for recipe in RECIPES {
        let mut data = std::fs::read(make(recipe, "library", &folder())).unwrap();
        load(recipe, &*heap(true), &mut SliceSource::new(&data), &data);
        load(
            recipe,
            &*heap(false),
            &mut Stream(SliceSource::new(&data)),
            &data,
        );
        // Stripped of the section headers, which the other reader wants to count symbols: it gets the whole file.
        let whole = data.clone();
        let (e_shoff, e_shnum) = match recipe.machine.class {
            Class::Elf32 => (0x20..0x24, 0x30..0x34),
            Class::Elf64 => (0x28..0x30, 0x3c..0x40),
        };
        data[e_shoff].fill(0);
        data[e_shnum].fill(0);
        load(recipe, &*heap(false), &mut SliceSource::new(&data), &whole);
    }
}

#[test]
fn an_image_may_be_linked_for_any_address() {
    // GNU ld makes no position-independent executable that begins elsewhere.
    let is_ld_pie =
        |recipe: &&Recipe<'_>| recipe.name.ends_with("ld-pie") && recipe.linker[0] != "ld.lld";
    for recipe in RECIPES.iter().filter(|recipe| !is_ld_pie(recipe)) {
        let mut options = recipe.linker.to_vec();
        options.extend(if recipe.linker[0] == "ld.lld" {
            ["--image-base=0x40000"]
        } else {
            match recipe.linker[0] {
                "gcc" => ["-Wl,-Ttext-segment=0x40000"],
                _ => ["-Ttext-segment=0x40000"],
            }
        });
        let elsewhere = Recipe {
            linker: &options,
            ..*recipe
        };
        let data = std::fs::read(make(&elsewhere, "library", &folder())).unwrap();
        load(
            &elsewhere,
            &*heap(false),
            &mut SliceSource::new(&data),
            &data,
        );
    }
}

#[test]
fn a_table_of_exports_hides_all_else() {
    for recipe in RECIPES {
        let data = std::fs::read(make(recipe, "exported", &folder())).unwrap();
        for split in [false, true] {
            let heap = heap(split);
            let mut llext = Llext::new(&*heap, exports(), recipe.machine);
            let options = LoadOptions {
                keep_sections: true,
                ..LoadOptions::default()
            };
            let mut source = SliceSource::new(&data);
            let result = llext.load(&mut source, "x", &options, &mut ());
            let x = result.unwrap_or_else(|error| panic!("{}: {error}", recipe.name));
            let names: Vec<&str> = x.exports().map(|(name, _)| name).collect();
            assert_eq!(names, ["shown", "state"], "{}", recipe.name);
            assert!(x.function("shown").is_some());
            // Where code has memory of its own, all of an image lies in that.
            assert_eq!(x.function("state").is_some(), split, "{}", recipe.name);
            // Where sections are is where their symbols are.
            let data = x.section(".data").unwrap();
            let state = x.find("state").unwrap();
            assert!((data.address..data.address + data.size).contains(&state));
            let text = x.section(".text").unwrap();
            assert!((text.address..text.address + text.size).contains(&x.find("shown").unwrap()));
        }
    }
}

/// Loads a damaged file: whatever comes of it, nothing is left behind.
fn damage(recipe: &Recipe<'_>, heap: &dyn Heap, data: &[u8], refused: &mut usize) {
    let mut llext = Llext::new(heap, exports(), recipe.machine);
    let options = LoadOptions::default();
    if llext
        .load(&mut SliceSource::new(data), "x", &options, &mut ())
        .is_err()
    {
        *refused += 1;
    }
    drop(llext);
    assert_eq!(heap.stats().used, 0, "{}", recipe.name);
}

#[test]
fn program_headers_and_dynamic_sections_are_claims() {
    for recipe in [&RECIPES[0], &RECIPES[4]] {
        let data = std::fs::read(make(recipe, "library", &folder())).unwrap();
        let heap = heap(false);
        let word = |at: usize| u32::from_le_bytes(data[at..at + 4].try_into().unwrap()) as usize;
        let (phoff, phnum) = (word(0x1c), word(0x2c) & 0xffff);
        let dynamic = (0..phnum)
            .map(|index| phoff + index * 32)
            .find(|&header| word(header) == 2)
            .expect("PT_DYNAMIC");
        let dynamic = word(dynamic + 4)..word(dynamic + 4) + word(dynamic + 16);
        let hash = {
            let entry = dynamic
                .clone()
                .step_by(8)
                .find(|&entry| [4, 0x6fff_fef5].contains(&word(entry)));
            // In all of these files addresses of the first segment are offsets.
            word(entry.expect("a hash table") + 4)
        };
        let places = (phoff..phoff + phnum * 32)
            .chain(dynamic)
            .chain(hash..hash + 64);
        let (mut refused, mut tried) = (0, 0);
        for at in places.step_by(4) {
            for bits in [
                0,
                1,
                4,
                0x1001,
                0x7fff_ffff,
                0x8000_0000,
                0xffff_fffc,
                u32::MAX,
            ] {
                let mut damaged = data.clone();
                damaged[at..at + 4].copy_from_slice(&bits.to_le_bytes());
                tried += 1;
                damage(recipe, &*heap, &damaged, &mut refused);
            }
        }
        for len in (0..data.len()).step_by(61) {
            tried += 1;
            damage(recipe, &*heap, &data[..len], &mut refused);
        }
        assert!(refused > 300 && refused < tried, "{refused} of {tried}");
    }
}

#[test]
fn what_an_image_cannot_do_is_refused() {
    let arm = &RECIPES[0];
    let refusal = |linker: &[&str], code: &[&str], source| {
        let linker: Vec<&str> = arm.linker.iter().chain(linker).copied().collect();
        let recipe = Recipe {
            linker: &linker,
            code,
            ..*arm
        };
        let data = std::fs::read(make(&recipe, source, &folder())).unwrap();
        let heap = heap(false);
        let mut llext = Llext::new(&*heap, exports(), recipe.machine);
        let options = LoadOptions::default();
        let result = llext.load(&mut SliceSource::new(&data), "x", &options, &mut ());
        result.err().expect("a refusal").to_string()
    };
    assert_eq!(
        refusal(&[], &["-fPIC"], "thread"),
        "thread-local data in PT_TLS is not supported"
    );
}
