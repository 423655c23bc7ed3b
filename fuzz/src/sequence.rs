//! Loads and unloads in any order, against a model; some fail on the way.

use crate::heap::CheckedHeap;
use crate::load::{BASE, exports, machine_of, options, walk};
use crate::source::Stream;
use llext::{Llext, LoadError, UnloadError};

/// What there is to load, for each machine. `visitor` calls what [`EXPORTERS`] export.
const MACHINES: [[(&str, &[u8]); 4]; 2] = [
    [
        ("greeter", include_bytes!("../corpus/arm-greeter.o")),
        ("visitor", include_bytes!("../corpus/arm-visitor.o")),
        ("again", include_bytes!("../corpus/arm-greeter.o")),
        ("common", include_bytes!("../corpus/arm-common.o")),
    ],
    [
        ("greeter", include_bytes!("../corpus/riscv-greeter.o")),
        ("visitor", include_bytes!("../corpus/riscv-visitor.o")),
        ("again", include_bytes!("../corpus/riscv-greeter.o")),
        ("common", include_bytes!("../corpus/riscv-common.o")),
    ],
];

/// Both export the same function: the one that was loaded first is called.
const EXPORTERS: [&str; 2] = ["greeter", "again"];

/// What the model knows of an extension that is loaded.
#[derive(Debug)]
struct Known {
    name: &'static str,
    count: u16,
    /// Whose export it uses.
    uses: Option<&'static str>,
}

/// Runs a script: the first byte chooses the machine, and every two of the rest say what is done to which extension, and at which
/// request for memory or bytes it fails.
pub fn sequence(script: &[u8]) {
    let Some((&first, steps)) = script.split_first() else {
        return;
    };
    let files = MACHINES[usize::from(first) % MACHINES.len()];
    let heap = CheckedHeap::new(BASE, first >= 128);
    let mut llext = Llext::new(&heap, exports(), machine_of(files[0].1));
    let mut model: Vec<Known> = Vec::new();
    for step in steps.chunks_exact(2).take(200) {
        let (name, file) = files[usize::from(step[0] >> 2) % files.len()];
        let before = heap.in_use();
        let failed = match step[0] % 4 {
            0 => !unload(&mut llext, &mut model, name),
            way => {
                let mut source = Stream::new(file);
                match way {
                    1 => heap.fail_after(step[1].into()),
                    2 => source = Stream::failing(file, step[1].into()),
                    _ => {}
                }
                !load(&mut llext, &mut model, &mut source, name)
            }
        };
        heap.fail_after(usize::MAX);
        assert!(
            !failed || heap.in_use() == before,
            "what failed has changed nothing"
        );
        let names: Vec<_> = llext.iter().map(|x| (x.name(), x.use_count())).collect();
        let expected: Vec<_> = model
            .iter()
            .map(|known| (known.name, known.count))
            .collect();
        assert_eq!(names, expected);
    }
    drop(llext);
    assert!(heap.in_use().is_empty());
}

/// Loads, and says whether that was possible.
fn load(
    llext: &mut Llext<'_>,
    model: &mut Vec<Known>,
    source: &mut Stream<'_>,
    name: &'static str,
) -> bool {
    let exporter = model.iter().find(|known| EXPORTERS.contains(&known.name));
    let exporter = exporter.map(|known| known.name);
    let known = model.iter_mut().find(|known| known.name == name);
    match (llext.load(source, name, &options(), &mut ()), known) {
        (Ok(x), None) => {
            walk(x);
            assert_eq!(x.use_count(), 1);
            let uses = exporter.filter(|_| name == "visitor");
            assert_eq!(x.dependencies().count(), uses.iter().count());
            model.push(Known {
                name,
                count: 1,
                uses,
            });
            true
        }
        (Ok(x), Some(known)) => {
            known.count += 1;
            assert_eq!(x.use_count(), known.count);
            true
        }
        (Err(error), None) => {
            match error {
                LoadError::Undefined(1) => assert_eq!((name, exporter), ("visitor", None)),
                LoadError::OutOfMemory { .. } | LoadError::Source(_) => {}
                other => panic!("{other}"),
            }
            false
        }
        (Err(error), Some(_)) => panic!("it is loaded already: {error}"),
    }
}

/// Unloads, and says whether that was possible.
fn unload(llext: &mut Llext<'_>, model: &mut Vec<Known>, name: &str) -> bool {
    let at = model.iter().position(|known| known.name == name);
    let is_used = model.iter().any(|known| known.uses == Some(name));
    match (llext.unload(name), at) {
        (Err(UnloadError::NotLoaded), None) => false,
        (Ok(unloaded), Some(at)) if model[at].count > 1 => {
            model[at].count -= 1;
            assert_eq!(unloaded.uses_left, model[at].count);
            true
        }
        (Err(UnloadError::InUse), Some(_)) if is_used => false,
        (Ok(unloaded), Some(at)) if !is_used => {
            assert_eq!(unloaded.uses_left, 0);
            model.remove(at);
            true
        }
        (other, _) => panic!("{name}: {other:?}"),
    }
}
