//! Loads, calls, unloads.
#![cfg(all(target_os = "linux", target_arch = "x86_64"))]

use host::{Memory, Where, counter, exports, notes};
use llext::{Extension, Llext, LoadError, LoadOptions, SliceSource, UnloadError, machine};
use std::convert::Infallible;
use std::ffi::c_int;
use std::sync::{Mutex, MutexGuard};

/// Ways to compile, and where what comes of it may lie.
const WAYS: [(Where, &[&str]); 8] = [
    (Where::Low, &["-O0", "-fno-pic"]),
    (Where::Low, &["-O2", "-fno-pic"]),
    (Where::Low, &["-O2", "-fPIC"]),
    (Where::Anywhere, &["-O0", "-fPIC"]),
    (
        Where::Anywhere,
        &["-O2", "-fPIC", "-ffunction-sections", "-fdata-sections"],
    ),
    (Where::Anywhere, &["-Os", "-fPIE", "-fno-plt"]),
    (Where::Anywhere, &["-O2", "-fno-pic", "-mcmodel=large"]),
    (Where::Low, &["-O1", "-fno-pic", "-mcmodel=medium", "-g"]),
];
const C: [&str; 2] = ["gcc", "clang"];
const CPP: [&str; 2] = ["g++", "clang++"];

fn compile(compiler: &str, name: &str, flags: &[&str]) -> Vec<u8> {
    host::compile(env!("CARGO_TARGET_TMPDIR"), compiler, name, flags)
}

/// The host's notes and counter belong to one test at a time.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    let guard = ALONE
        .lock()
        .unwrap_or_else(|poisoned| poisoned.into_inner());
    notes();
    guard
}

/// A loader with one extension, `x`.
fn with<R>(
    place: Where,
    object: &[u8],
    run: impl FnOnce(&Memory, &mut Llext<'_>) -> R,
) -> Result<R, Box<LoadError>> {
    within(&Memory::new(place), object, run)
}

/// The same in this memory.
fn within<R>(
    memory: &Memory,
    object: &[u8],
    run: impl FnOnce(&Memory, &mut Llext<'_>) -> R,
) -> Result<R, Box<LoadError>> {
    let mut llext = Llext::new(memory.heap(), exports(), machine::NATIVE);
    let mut source = SliceSource::new(object);
    llext
        .load(&mut source, "x", &LoadOptions::default(), &mut ())
        .map_err(Box::new)?;
    let result = run(memory, &mut llext);
    llext.unload("x").expect("nobody uses it");
    assert_eq!(llext.heap().stats().used, 0, "all memory is back");
    Ok(result)
}

/// Calls `int name(int, int)`: a function that takes fewer arguments does not look at the others (x86-64 psABI, 3.2.3).
fn call(memory: &Memory, extension: &Extension, name: &str, a: c_int, b: c_int) -> c_int {
    let address = extension
        .find(name)
        .unwrap_or_else(|| panic!("{name} is exported"));
    // SAFETY: the sources of these extensions define such functions, for this processor.
    let function =
        unsafe { std::mem::transmute::<usize, extern "C" fn(c_int, c_int) -> c_int>(address) };
    memory.executable(|| function(a, b))
}

fn check(memory: &Memory, extension: &Extension, expected: &[(&str, c_int, c_int, c_int)]) {
    for &(name, a, b, result) in expected {
        assert_eq!(
            call(memory, extension, name, a, b),
            result,
            "{name}({a}, {b})"
        );
    }
}

/// What functions of `parts.c` give for these arguments.
const PARTS: [(&str, c_int, c_int, c_int); 16] = [
    ("call_host", 40, 2, 42),
    ("call_back", 0, 21, 42),
    ("call_back", 1, 9, 81),
    ("name_length", 2, 0, 3),
    ("name_length", 3, 0, 9),
    ("table", 0, 0, 17),
    ("table", 3, 0, 1234),
    ("table", 5, 0, 2),
    ("table", 9, 0, -1),
    ("count", 0, 0, 1),
    ("count", 0, 0, 2),
    ("sum", 0, 0, 13),
    ("top_of_wide", 0, 0, 0x0123_4567),
    ("scaled", 1, 10, 15),
    ("copied", 7, 0, 70),
    ("weak_is_null", 0, 0, 1),
];

#[test]
fn c_of_every_way_computes_what_it_says() {
    for compiler in C {
        for (place, flags) in WAYS {
            let object = compile(compiler, "parts.c", flags);
            let loaded = with(place, &object, |memory, llext| {
                check(memory, llext.by_name("x").expect("x"), &PARTS);
            });
            loaded.unwrap_or_else(|error| panic!("{compiler} {flags:?}: {error}"));
        }
    }
}

#[test]
fn shared_libraries_compute_the_same() {
    for compiler in C {
        for more in [
            &["-O2"][..],
            &["-O0", "-Wl,-z,now,-z,relro"],
            &["-Os", "-fno-plt", "-Wl,-Bsymbolic"],
        ] {
            let flags = [&["-shared", "-fPIC", "-nostdlib"], more].concat();
            let object = compile(compiler, "parts.c", &flags);
            let loaded = within(&Memory::open(Where::Anywhere), &object, |memory, llext| {
                check(memory, llext.by_name("x").expect("x"), &PARTS);
            });
            loaded.unwrap_or_else(|error| panic!("{compiler} {flags:?}: {error}"));
        }
    }
}

#[test]
fn cpp_of_every_way_dispatches_and_constructs() {
    let _alone = alone();
    let expected = [
        ("area", 5, 0, 54),
        ("through_second_base", 7, 0, 1011),
        ("stacked", 6, 0, 3 + 3 + 3 + 3 + 4 + 5),
        ("constructed", 0, 0, 118),
        ("constructed", 0, 0, 119),
    ];
    for compiler in CPP {
        for (place, flags) in WAYS {
            let object = compile(compiler, "shapes.cpp", flags);
            let loaded = with(place, &object, |memory, llext| {
                let shapes = llext.by_name("x").expect("x");
                bringup(memory, shapes);
                assert_eq!(notes(), [77]);
                check(memory, shapes, &expected);
            });
            loaded.unwrap_or_else(|error| panic!("{compiler} {flags:?}: {error}"));
        }
    }
}

fn run_void(memory: &Memory, address: usize) -> Result<(), Infallible> {
    // SAFETY: constructors, destructors and `run` of the sources here are such functions.
    memory.executable(|| unsafe { llext::call::function(address) });
    Ok(())
}

fn bringup(memory: &Memory, extension: &Extension) {
    let Ok(()) = extension.bringup(|address| run_void(memory, address));
}

#[test]
fn a_life_has_its_order() {
    let _alone = alone();
    for compiler in C {
        for (place, flags) in WAYS {
            let object = compile(compiler, "life.c", flags);
            let loaded = with(place, &object, |memory, llext| {
                let life = llext.by_name("x").expect("x");
                let run = life.find("run").expect("run");
                life.bootstrap(run, |address| run_void(memory, address))
                    .expect("nothing fails");
            });
            loaded.unwrap_or_else(|error| panic!("{compiler} {flags:?}: {error}"));
            assert_eq!(notes(), [1, 2, 3, 4, 5, 6], "{compiler} {flags:?}");
        }
    }
}

#[test]
fn a_variable_of_the_host_is_reached_through_the_table_of_addresses() {
    let _alone = alone();
    for compiler in C {
        for flags in [
            &["-O1", "-fPIC"][..],
            &["-O1", "-fno-pic", "-mcmodel=large"],
        ] {
            let object = compile(compiler, "variable.c", flags);
            let loaded = with(Where::Anywhere, &object, |memory, llext| {
                let before = counter();
                let bumped = call(memory, llext.by_name("x").expect("x"), "bump", 3, 0);
                assert_eq!((bumped, counter()), (before + 3, before + 3));
            });
            loaded.unwrap_or_else(|error| panic!("{compiler} {flags:?}: {error}"));
        }
    }
}

#[test]
fn code_that_reaches_too_far_is_refused() {
    for compiler in C {
        let object = compile(compiler, "variable.c", &["-O1", "-fno-pic"]);
        let refused = with(Where::Anywhere, &object, |_, _| ()).expect_err("it is out of reach");
        assert!(
            matches!(*refused, LoadError::OutOfRange { .. }),
            "{refused}"
        );
        let object = compile(compiler, "parts.c", &["-O1", "-fno-pic"]);
        let refused =
            with(Where::Anywhere, &object, |_, _| ()).expect_err("it wants to lie below 2 GiB");
        assert!(
            matches!(*refused, LoadError::OutOfRange { .. }),
            "{refused}"
        );
    }
}

#[test]
fn extensions_use_each_other() {
    for compiler in C {
        let [giver, taker] =
            ["giver.c", "taker.c"].map(|name| compile(compiler, name, &["-O2", "-fPIC"]));
        let loaded = with(Where::Anywhere, &giver, |memory, llext| {
            let options = LoadOptions::default();
            let taker = llext
                .load(&mut SliceSource::new(&taker), "taker", &options, &mut ())
                .expect("a giver");
            assert_eq!(call(memory, taker, "take", 10, 0), 30);
            assert_eq!(llext.unload("x"), Err(UnloadError::InUse));
            llext.unload("taker").expect("nobody uses it");
        });
        loaded.expect("it needs nobody");
    }
}
