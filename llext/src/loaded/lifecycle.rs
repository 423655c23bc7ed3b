//! How an extension comes to life and goes.
//!
//! The loader runs no line of an extension. What is here says which functions are called and in which order, and
//! hands each to its caller: the firmware's one door to extension code, or [`call`](crate::call) within one process.

use super::extension::Extension;

/// What an unload gave back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Unloaded {
    /// Uses that are left: the extension was loaded so many times more than it was unloaded. If there are any, it stays
    /// loaded, and the other figures are 0.
    pub uses_left: u16,
    /// Bytes of regions and metadata.
    pub bytes: usize,
    /// Blocks that the extension had allocated and not freed (reclaimed now).
    pub leaked_blocks: usize,
    /// Their bytes, as asked for.
    pub leaked_bytes: usize,
}

/// Where [`Extension::bootstrap`] ended early. `E` is what the caller's door says of a call that did not return.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BootstrapError<E> {
    /// The entry does not lie in the extension's text. Nothing has run.
    NotCode(usize),
    /// A constructor did not return. Entry and destructors have not run.
    Bringup(E),
    /// The entry did not return. Destructors have not run.
    Entry(E),
    /// A destructor did not return. Those after it have not run.
    Teardown(E),
}

impl Extension {
    /// Whether an instruction of the extension lies at `address` (with or without the Thumb bit). Of a file that sections
    /// have stayed in, every byte may be one.
    pub fn is_code(&self, address: usize) -> bool {
        self.place(address).is_some_and(|(kind, _)| kind.has_code())
    }

    /// The address of the exported function `name`; `None` if that is data, or no export.
    pub fn function(&self, name: &str) -> Option<usize> {
        self.find(name).filter(|&address| self.is_code(address))
    }

    /// Passes the constructors to `call`, in order: preinit_array, then init_array. Ends with the first that fails.
    pub fn bringup<E>(&self, call: impl FnMut(usize) -> Result<(), E>) -> Result<(), E> {
        self.init_functions().try_for_each(call)
    }

    /// Passes the destructors to `call`: fini_array in reverse, as the ELF specification says, so that what was
    /// constructed last goes first. Ends with the first that fails.
    pub fn teardown<E>(&self, call: impl FnMut(usize) -> Result<(), E>) -> Result<(), E> {
        self.fini_functions().try_for_each(call)
    }

    /// A whole life: constructors, `entry`, destructors.
    pub fn bootstrap<E>(
        &self,
        entry: usize,
        mut call: impl FnMut(usize) -> Result<(), E>,
    ) -> Result<(), BootstrapError<E>> {
        if !self.is_code(entry) {
            return Err(BootstrapError::NotCode(entry));
        }
        self.bringup(&mut call).map_err(BootstrapError::Bringup)?;
        call(entry).map_err(BootstrapError::Entry)?;
        self.teardown(call).map_err(BootstrapError::Teardown)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::RegionKind;
    use crate::machine::ARM;
    use crate::testing::*;
    use crate::{Llext, LoadError, LoadOptions, SliceSource};

    const R_ARM_ABS32: u32 = 2;
    const KEEP: LoadOptions<'static> = LoadOptions {
        origin: "",
        keep_sections: true,
        ..LoadOptions::DEFAULT
    };

    /// A file with an entry, something of each function array, and data.
    fn living() -> Image {
        let mut elf = Elf::new(&ARM);
        let text = elf.section(".text", SHT_PROGBITS, A | X, 4, &[0; 32]);
        let code = elf.symbol("", LOCAL | 3, text, 0, 0);
        let mut array = |name, kind, functions: &[u32]| {
            let bytes: Vec<u8> = functions.iter().flat_map(|at| at.to_le_bytes()).collect();
            let section = elf.section(name, kind, A | W, 4, &bytes);
            for index in 0..functions.len() as u32 {
                elf.relocate(section, index * 4, code, R_ARM_ABS32, None);
            }
        };
        array(".fini_array", SHT_FINI_ARRAY, &[0x11, 0x13]);
        array(".init_array", SHT_INIT_ARRAY, &[0x05, 0x07]);
        array(".preinit_array", SHT_PREINIT_ARRAY, &[0x03]);
        let data = elf.section(".data", SHT_PROGBITS, A | W, 4, &[0; 8]);
        elf.symbol("run", GLOBAL | FUNC, text, 0x09, 4);
        elf.symbol("state", GLOBAL | OBJECT, data, 4, 4);
        elf.build()
    }

    #[test]
    fn a_life_is_preinit_init_entry_and_fini_in_reverse() {
        let (arena, image) = (Arena::new(), living());
        let mut llext = Llext::new(&arena.heap, exports(&[]), &ARM);
        let x = llext
            .load(&mut image.source(), "x", &KEEP, &mut ())
            .unwrap();
        let text = x.region(RegionKind::Text).unwrap().address;
        let mut ran = Vec::new();
        let mut live = |last| {
            ran.clear();
            let result = x.bootstrap(x.function("run").unwrap(), |address| {
                ran.push(address - text);
                if address - text == last {
                    Err(last)
                } else {
                    Ok(())
                }
            });
            (result, ran.clone())
        };
        let all = vec![0x03, 0x05, 0x07, 0x09, 0x13, 0x11];
        assert_eq!(live(0), (Ok(()), all.clone()));
        for (count, error) in [
            (1, BootstrapError::Bringup(0x03)),
            (3, BootstrapError::Bringup(0x07)),
            (4, BootstrapError::Entry(0x09)),
            (5, BootstrapError::Teardown(0x13)),
        ] {
            assert_eq!(live(all[count - 1]), (Err(error), all[..count].to_vec()));
        }
    }

    #[test]
    fn only_code_is_an_entry() {
        let (arena, image) = (Arena::new(), living());
        let mut llext = Llext::new(&arena.heap, exports(&[]), &ARM);
        let x = llext
            .load(&mut image.source(), "x", &KEEP, &mut ())
            .unwrap();
        let state = x.find("state").unwrap();
        assert_eq!(x.function("state"), None);
        assert_eq!(x.function("nothing"), None);
        let run = x.function("run").unwrap();
        assert!(x.is_code(run) && x.is_code(run - 1) && !x.is_code(state));
        for entry in [state, 0, usize::MAX] {
            let result = x.bootstrap(entry, |_| -> Result<(), ()> { panic!("a call") });
            assert_eq!(result, Err(BootstrapError::NotCode(entry)));
        }
        let section = x.section(".data").unwrap();
        assert_eq!((section.address + 4, section.size), (state, 8));
        assert_eq!(x.section(".nothing"), None);
        assert_eq!(x.region(RegionKind::Bss), None);
    }

    #[test]
    fn a_second_load_of_a_name_is_one_use_more_and_reads_nothing() {
        let (arena, image) = (Arena::new(), living());
        let empty = arena.blocks();
        let mut llext = Llext::new(&arena.heap, exports(&[]), &ARM);
        let x = llext
            .load(&mut image.source(), "x", &KEEP, &mut ())
            .unwrap();
        let (id, loaded) = (x.id(), arena.blocks());
        assert_eq!(x.use_count(), 1);
        let mut unread = FailingSource {
            source: SliceSource::new(&[]),
            fail_at: 0,
        };
        for count in 2..=u16::MAX {
            let again = llext.load(&mut unread, "x", &KEEP, &mut ()).unwrap();
            assert_eq!((again.id(), again.use_count()), (id, count));
        }
        let over = llext.load(&mut unread, "x", &KEEP, &mut ()).err();
        assert_eq!(
            over,
            Some(LoadError::TooLarge {
                what: "use count",
                limit: 65_535
            })
        );
        assert_eq!(
            llext.dry_run(&mut unread, "x", &KEEP, &mut ()),
            Err(LoadError::NameTaken)
        );
        for uses_left in (1..u16::MAX).rev() {
            let unloaded = llext.unload("x").unwrap();
            assert_eq!(
                unloaded,
                Unloaded {
                    uses_left,
                    ..Unloaded::default()
                }
            );
        }
        assert_eq!(arena.blocks(), loaded);
        assert_ne!(llext.unload("x").unwrap().bytes, 0);
        assert_eq!(arena.blocks(), empty);
    }
}
