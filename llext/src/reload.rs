//! A new version of an extension in the place of the one that runs.
//!
//! Both are loaded for a while, under one name: [`Llext::load_beside`] adds the new one, whoever owns the loader lets its code
//! run (constructors, and what hands state over), and [`Llext::replace`] takes the old one out, or [`Llext::forsake`] the
//! new one. Until then [`Llext::by_name`] finds the old one. Nothing links the new one to the old one.

use crate::{
    Extension, ExtensionId, HeapBlock, Llext, LoadError, LoadOptions, Report, Requirements, Source,
    UnloadError, Unloaded, load, loaded::Registry, memory::check_fit,
};
use core::ptr::NonNull;

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
        self.without(name, |llext| {
            load::load(llext, source, name, options, report).map(Extension::id)
        })
    }

    /// What [`load_beside`](Self::load_beside) would need; changes nothing. Unlike [`dry_run`](Self::dry_run) it is as strict as
    /// the load.
    ///
    /// # Errors
    /// Those of a load that can be known before memory is taken.
    pub fn rehearse_beside(
        &mut self,
        source: &mut dyn Source,
        name: &str,
        options: &LoadOptions<'_>,
        report: &mut dyn Report,
    ) -> Result<Requirements, LoadError> {
        self.without(name, |llext| {
            load::dry_run(llext, source, name, options, report, true)
        })
    }

    /// Does `work` as if nothing of this name were loaded.
    fn without<T>(&mut self, name: &str, work: impl FnOnce(&mut Self) -> T) -> T {
        let old = self.by_name(name).map(Extension::id);
        let aside = old.and_then(|old| self.registry.set_aside(old));
        let done = work(self);
        if let Some(aside) = aside {
            self.registry.put_back(aside);
        }
        done
    }

    /// Whether a load that needs `needs` will find memory once `old` is unloaded, with what it allocated, and nothing else
    /// changes: if this is `Ok`, it will. It is an error, too, where only luck could decide: the heap is trusted to find all of it
    /// in its longest free stretch ([`Heap::rest_of`](crate::Heap::rest_of)).
    ///
    /// # Errors
    /// [`LoadError::OutOfMemory`], with what there will be then.
    pub fn check_room(&self, old: ExtensionId, needs: &Requirements) -> Result<(), LoadError> {
        let old = self.by_id(old);
        let is_gone = |block: &HeapBlock| old.is_some_and(|old| self.is_of(old, block));
        let fits = check_fit(self.heap, &is_gone, &needs.requests());
        fits.map_err(|short| LoadError::OutOfMemory {
            needed: short.needed,
            available: short.available,
            free: short.free,
        })
    }

    /// Whether a block of the heap goes back when `extension` is unloaded.
    fn is_of(&self, extension: &Extension, block: &HeapBlock) -> bool {
        let end = block.address.saturating_add(block.size);
        let meets = |start: usize, size: usize| {
            size != 0 && start < end && block.address < start.saturating_add(size)
        };
        let own = self.heap.address(NonNull::from(extension).cast());
        meets(own, 1)
            || extension
                .regions()
                .any(|region| meets(region.address, region.size))
            || self
                .owned
                .is_some_and(|owned| owned.holds(self.heap, extension.id(), &(block.address..end)))
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
    use crate::OwnedBlocks;
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
    fn what_is_said_to_fit_is_loaded_once_the_old_one_is_gone() {
        const SIZE: usize = 8192;
        let sized = |size: u32, align| {
            let mut elf = Elf::new(&ARM);
            elf.section(".text", SHT_PROGBITS, A | X, 4, &[0; 32]);
            elf.section(".bss", SHT_NOBITS, A | W, align, &vec![0; size as usize]);
            elf.build()
        };
        let mut random = 1u32;
        let mut next = |limit: u32| {
            random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (random >> 8) % limit
        };
        let (mut fits, mut beside_fits) = (0, 0);
        for _ in 0..if cfg!(miri) { 4 } else { 300 } {
            let (arena, owned) = (Arena::of(SIZE), OwnedBlocks::new());
            let heap = &arena.heap;
            let mut llext = Llext::new(heap, exports(&[]), &ARM).with_allocations(&owned);
            let tries = ["a", "old", "b"].map(|name| {
                let image = sized(1 + next(SIZE as u32 / 2), 1 << next(6));
                let loaded = llext.load(&mut image.source(), name, &LoadOptions::DEFAULT, &mut ());
                let id = loaded.ok()?.id();
                let _ = owned.malloc(heap, id, next(500) as usize);
                Some(id)
            });
            let [_, Some(old), _] = tries else {
                continue;
            };
            let _ = llext.unload(["a", "b", "none"][next(3) as usize]);
            let image = sized(1 + next(SIZE as u32), 1 << next(6));
            let (options, before) = (LoadOptions::DEFAULT, arena.blocks());
            let needs = llext.rehearse_beside(&mut image.source(), "old", &options, &mut ());
            let Ok(needs) = needs else {
                continue;
            };
            let answer = llext.check_room(old, &needs);
            assert_eq!(arena.blocks(), before);
            if let Ok(new) = beside(&mut llext, "old", &image) {
                llext.forsake(new).unwrap();
                beside_fits += 1;
            }
            llext.forsake(old).unwrap();
            let loaded = llext.load(&mut image.source(), "old", &options, &mut ());
            if answer.is_ok() {
                loaded.unwrap();
                fits += 1;
            }
        }
        assert!(cfg!(miri) || fits > beside_fits, "{fits}, {beside_fits}");
    }

    #[test]
    fn a_rehearsal_is_as_strict_as_the_load_and_changes_nothing() {
        let arena = Arena::new();
        let mut llext = Llext::new(&arena.heap, exports(&[]), &ARM);
        load(&mut llext, "first", &file(&["a"], 1, &[]));
        load(&mut llext, "x", &file(&["f", "gone"], 1, &[]));
        let before = (arena.blocks(), listing(&llext));
        let mut rehearse = |name, image: Image| {
            llext.rehearse_beside(&mut image.source(), name, &LoadOptions::DEFAULT, &mut ())
        };
        let refused = rehearse("x", file(&["f"], 5, &["gone"]));
        assert_eq!(refused, Err(LoadError::Undefined(1)));
        let needs = rehearse("x", file(&["f"], 5, &["a"])).unwrap();
        let longer = rehearse("longer-by-ten", file(&["f"], 5, &["a"])).unwrap();
        assert!(longer.metadata > needs.metadata);
        assert_eq!((arena.blocks(), listing(&llext)), before);
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
