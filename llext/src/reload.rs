//! A new version of an extension in the place of the one that runs.
//!
//! Both are loaded for a while, under one name: [`Llext::load_beside`] adds the new one, whoever owns the loader lets its code
//! run (constructors, and what hands state over), and [`Llext::replace`] takes the old one out, or [`Llext::forsake`] the
//! new one. Until then [`Llext::by_name`] finds the old one. Nothing links the new one to the old one.

use crate::{
    Extension, ExtensionId, Llext, LoadError, LoadOptions, Report, Source, UnloadError, Unloaded,
    load, loaded::Registry,
};

impl Llext<'_> {
    /// Loads the ELF in `source` as another extension called `name`, beside the one that is loaded: as by
    /// [`load`](Self::load), but what the old one exports does not count, since it is to go. Without an old one it is a load.
    ///
    /// # Errors
    /// Those of a load; then the old one is all there is of this name, and everything taken has gone back.
    pub fn load_beside(
        &mut self,
        source: &mut dyn Source,
        name: &str,
        options: &LoadOptions<'_>,
        report: &mut dyn Report,
    ) -> Result<ExtensionId, LoadError> {
        let old = self.by_name(name).map(Extension::id);
        let aside = old.and_then(|old| self.registry.set_aside(old));
        let loaded = load::load(self, source, name, options, report).map(Extension::id);
        if let Some(aside) = aside {
            self.registry.put_back(aside);
        }
        loaded
    }

    /// Unloads `old`; `new`, which was loaded beside it, has its uses from now on.
    ///
    /// # Errors
    /// As of [`unload`](Self::unload): others use `old`, and hold addresses in it.
    pub fn replace(&mut self, old: ExtensionId, new: ExtensionId) -> Result<Unloaded, UnloadError> {
        let (Some(from), Some(to)) = (self.by_id(old), self.by_id(new)) else {
            return Err(UnloadError::NotLoaded);
        };
        if self.users_of(from).next().is_some() {
            return Err(UnloadError::InUse);
        }
        Registry::hand_uses(from, to);
        Ok(self.remove(old))
    }

    /// Unloads `new`, which was loaded beside another of its name and is not to take its place.
    ///
    /// # Errors
    /// As of [`unload`](Self::unload).
    pub fn forsake(&mut self, new: ExtensionId) -> Result<Unloaded, UnloadError> {
        let extension = self.by_id(new).ok_or(UnloadError::NotLoaded)?;
        if self.users_of(extension).next().is_some() {
            return Err(UnloadError::InUse);
        }
        Ok(self.remove(new))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::machine::ARM;
    use crate::testing::*;
    use core::cell::Cell;
    use std::string::String;
    use std::vec::Vec;

    const R_ARM_ABS32: u32 = 2;

    /// A file that exports `defined`, at `value` in its text, and holds the addresses of `used`.
    fn file(defined: &[&str], value: u32, used: &[&str]) -> Image {
        let mut elf = Elf::new(&ARM);
        let text = elf.section(".text", SHT_PROGBITS, A | X, 4, &[0; 32]);
        let size = vec![0; used.len().max(1) * 4];
        let data = elf.section(".data", SHT_PROGBITS, A | W, 4, &size);
        for name in defined {
            elf.symbol(name, GLOBAL | FUNC, text, value, 4);
        }
        for (offset, name) in (0..).step_by(4).zip(used) {
            let symbol = elf.symbol(name, GLOBAL, 0, 0, 0);
            elf.relocate(data, offset, symbol, R_ARM_ABS32, None);
        }
        elf.build()
    }

    fn load(llext: &mut Llext<'_>, name: &str, image: &Image) -> ExtensionId {
        let loaded = llext.load(&mut image.source(), name, &LoadOptions::DEFAULT, &mut ());
        loaded.unwrap().id()
    }

    fn beside(llext: &mut Llext<'_>, name: &str, image: &Image) -> Result<ExtensionId, LoadError> {
        llext.load_beside(&mut image.source(), name, &LoadOptions::DEFAULT, &mut ())
    }

    fn listing(llext: &Llext<'_>) -> Vec<(ExtensionId, String, u16)> {
        let line = |x: &Extension| (x.id(), x.name().into(), x.use_count());
        llext.iter().map(line).collect()
    }

    #[test]
    fn the_new_one_takes_the_name_and_the_uses_when_the_old_one_goes() {
        let arena = Arena::new();
        let empty = arena.blocks();
        let mut llext = Llext::new(&arena.heap, exports(&[]), &ARM);
        load(&mut llext, "first", &file(&["a"], 1, &[]));
        let old = load(&mut llext, "x", &file(&["f"], 1, &["a"]));
        load(&mut llext, "last", &file(&["b"], 1, &[]));
        load(&mut llext, "x", &file(&["f"], 1, &["a"]));
        let new = beside(&mut llext, "x", &file(&["f"], 5, &["a", "b"])).unwrap();
        let names: Vec<_> = listing(&llext)
            .into_iter()
            .map(|(_, name, _)| name)
            .collect();
        assert_eq!(names, ["first", "x", "last", "x"]);
        assert_eq!(llext.by_name("x").unwrap().id(), old);

        let unloaded = llext.replace(old, new).unwrap();
        assert!(unloaded.bytes > 0 && unloaded.uses_left == 0);
        let x = llext.by_name("x").unwrap();
        assert_eq!((x.id(), x.use_count()), (new, 2));
        assert_eq!(llext.replace(old, new), Err(UnloadError::NotLoaded));
        for name in ["x", "x", "last", "first"] {
            llext.unload(name).unwrap();
        }
        assert_eq!(arena.blocks(), empty);
    }

    #[test]
    fn a_new_one_that_is_not_wanted_leaves_all_as_it_was() {
        let arena = Arena::new();
        let mut llext = Llext::new(&arena.heap, exports(&[]), &ARM);
        for name in ["first", "x", "last"] {
            load(&mut llext, name, &file(&["f"], 1, &[]));
        }
        let before = (arena.blocks(), listing(&llext));
        for name in ["first", "x", "last", "none"] {
            let new = beside(&mut llext, name, &file(&["g"], 1, &[])).unwrap();
            llext.forsake(new).unwrap();
            assert_eq!(llext.forsake(new), Err(UnloadError::NotLoaded));
            assert_eq!((arena.blocks(), listing(&llext)), before, "{name}");
        }
    }

    #[test]
    fn the_new_one_is_not_linked_to_the_old_one() {
        let arena = Arena::new();
        let mut llext = Llext::new(&arena.heap, exports(&[]), &ARM);
        load(&mut llext, "x", &file(&["f", "gone"], 1, &[]));
        load(&mut llext, "y", &file(&["f"], 9, &[]));
        let before = (arena.blocks(), listing(&llext));
        let refused = beside(&mut llext, "x", &file(&["f"], 5, &["gone"]));
        assert_eq!(refused, Err(LoadError::Undefined(1)));
        assert_eq!((arena.blocks(), listing(&llext)), before);
        // What another one exports too comes from there, by the number that it has without the old one.
        let new = beside(&mut llext, "x", &file(&[], 0, &["f"])).unwrap();
        let y = llext.by_name("y").unwrap();
        assert!(llext.users_of(y).map(Extension::id).eq([new]));
        let data = llext.by_id(new).unwrap().region(crate::RegionKind::Data);
        let mut word = [0; 4];
        assert!(
            llext
                .by_id(new)
                .unwrap()
                .read(data.unwrap().address, &mut word)
        );
        assert_eq!(Some(u32::from_le_bytes(word) as usize), y.find("f"));
    }

    #[test]
    fn what_others_use_is_not_replaced() {
        let arena = Arena::new();
        let mut llext = Llext::new(&arena.heap, exports(&[]), &ARM);
        let old = load(&mut llext, "x", &file(&["f"], 1, &[]));
        let user = load(&mut llext, "user", &file(&[], 0, &["f"]));
        let new = beside(&mut llext, "x", &file(&["f"], 5, &[])).unwrap();
        let before = (arena.blocks(), listing(&llext));
        assert_eq!(llext.replace(old, new), Err(UnloadError::InUse));
        assert_eq!((arena.blocks(), listing(&llext)), before);
        assert!(
            llext
                .users_of(llext.by_id(old).unwrap())
                .map(Extension::id)
                .eq([user])
        );
    }

    #[test]
    fn whatever_fails_the_old_one_stays() {
        let arena = Arena::new();
        let heap = FailingHeap {
            heap: &arena.heap,
            fail_at: Cell::new(usize::MAX),
            one: false,
        };
        let mut llext = Llext::new(&heap, exports(&[]), &ARM);
        let first = file(&["a"], 1, &[]);
        load(&mut llext, "first", &first);
        load(&mut llext, "x", &file(&["f"], 1, &["a"]));
        load(&mut llext, "last", &first);
        let before = (arena.blocks(), listing(&llext));
        let image = file(&["f"], 5, &["a"]);
        let mut failures = 0;
        loop {
            heap.fail_at.set(failures);
            let Err(error) = beside(&mut llext, "x", &image) else {
                break;
            };
            assert!(matches!(error, LoadError::OutOfMemory { .. }), "{error}");
            assert_eq!((arena.blocks(), listing(&llext)), before, "{failures}");
            failures += 1;
        }
        assert!(failures > 3, "{failures}");
        let new = llext.iter().last().unwrap().id();
        llext.forsake(new).unwrap();
        heap.fail_at.set(usize::MAX);
        for fail_at in 0.. {
            let mut source = FailingSource {
                source: image.source(),
                fail_at,
            };
            let loaded = llext.load_beside(&mut source, "x", &LoadOptions::DEFAULT, &mut ());
            if let Ok(new) = loaded {
                llext.forsake(new).unwrap();
                break;
            }
            assert_eq!((arena.blocks(), listing(&llext)), before, "{fail_at}");
        }
        assert_eq!((arena.blocks(), listing(&llext)), before);
    }
}
