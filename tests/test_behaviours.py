"""What Zephyr's own tests of LLEXT ask of a loader, as far as it needs no threads, on the boards.

| Zephyr's case | here |
|---|---|
| hello, logging, printk exported | examples/hello, test_symbols and the list of exports in test_commands.py |
| syscalls, missing syscall is NULL | "functions of the firmware", test_a_name_that_the_firmware_lacks; `refusals` of tests/c-api |
| relative_jump | "relative jumps" |
| align | "alignment" |
| movwmovt | "halves of addresses" |
| object | "objects" |
| init_fini | examples/lifecycle; with an entry between them in `life` of tests/c-api |
| inspect | test_symbols_lie_in_the_sections_and_regions_that_are_told; `inspection` of tests/c-api |
| multi_file | "several files" |
| inter_ext | test_load_list_info_and_unload, test_libraries_use_each_other |
| pre_located, detached | `pre_located` and `parameters` of tests/c-api |
| find_section | test_a_section_is_found_by_name_with_its_contents; `inspection` of tests/c-api |
| fs_loader | test_a_file_that_the_target_wrote_loads |
| RISC-V compressed branch | "compressed branches"; and "branches in two bytes" of T32 |
| RISC-V LO12 far from its HI20 | "low parts far from high parts" |
| rodata_no_reloc | "constants without relocations"; in place in test_sources.py |
| veneer | "functions of the firmware"; with and without -mlong-calls in test_reach.py |
| tls | "thread-local variables" |
| (what its build leaves) | test_a_file_as_zephyr_s_build_leaves_it |
| weak undefined function and object | "weak and undefined" |
| C++ over several units, C++ dispatch, weak vtable | examples/shapes, "C++ across files" |

The tests of tests/c-api that are named run on the boards, too: the program there is Zephyr's kind of caller.
"""

import re

import pytest

from conftest import ROOT
from test_matrix import target  # noqa: F401 (a fixture)

FOLDER = ROOT / "tests" / "behaviours"

# What to build, with which flags, and what calls give.
CASES = {
    "relative jumps": ("jumps.c", [], {"there_and_back 5": 7, "through_a_table 1": 21, "through_a_table 2": 32}),
    "alignment": ("align.c", [], {"misaligned": 0, "values": 1 + 2 + 3 + 4 + ord("b")}),
    "halves of addresses": ("addresses.c", [], {"absolute": 42, "relative": 42}),
    "objects": ("objects.c", [], {"walk 5": 10 + 3 + ord("f") + 15 + 7 + ord("l")}),
    "several files": ("one.c two.c", [], {"both 5": 110, "both 6": 117}),
    "weak and undefined": ("weak.c", [], {"nulls": 3, "call_defined 4": 5}),
    "constants without relocations": ("noreloc.c", [], {"digit 4": 5, "letter 1": ord("o")}),
    "functions of the firmware": ("veneers.c", ["-fno-builtin"], {"copies 38": 42, "compares": 0}),
    "thread-local variables": (
        "threads.c",
        ["-ftls-model=local-exec"],
        {"count 1": 43, "count 2": 47, "letter 2": ord("c")},
    ),
    "C++ across files": (
        "dispatch1.cpp dispatch2.cpp",
        [],
        {"thunk": 603, "weak_table 7": 1 + 1016 + 8, "template_here 5": 125},
    ),
}

# What only one machine's code can do.
CASES_OF = {
    "arm": {
        "branches in two bytes": ("short-arm.s", [], {"near 0": 5, "near 1": 7}),
    },
    "riscv": {
        "compressed branches": ("short-riscv.s", ["-mrelax"], {"near 0": 5, "near 1": 7}),
        "low parts far from high parts": ("far-low.s", [], {"far_low": 82}),
    },
}


@pytest.fixture
def load(target, start_shell):  # noqa: F811
    """A function that builds the sources of a case at each level, and gives a shell that has loaded one after the other as `x`."""

    def load(sources: str, flags: list[str], levels=("-Os",)):
        files = [FOLDER / source for source in sources.split()]
        is_assembly = files[0].suffix.lower() == ".s"
        build, files = (target.object, files[0]) if is_assembly else (target.extension, files)
        names = [f"{sources.split('.')[0]}{level}" for level in levels]
        built = [build(files, name, [level, *flags]) for name, level in zip(names, levels)]
        added = [word for name, file in zip(names, built) for word in ("--add", f"{file}:/ext/{name}.elf")]
        shell = start_shell(*added)
        for name in names:
            assert shell.run(f"llext load /ext/{name}.elf --name x").startswith("loaded x"), name
            yield shell
            shell.run("llext unload x")
            assert shell.heap_used() == 0, name

    return load


def check(load, sources: str, flags: list[str], calls: dict[str, int]) -> None:
    """Whether the calls give what they should, optimised and not."""
    levels = ("-O0", "-Os")
    for level, shell in zip(levels, load(sources, flags, levels), strict=True):
        for call, result in calls.items():
            assert shell.run(f"llext call x {call}").splitlines()[-1] == f"=> {result} ({result:#x})", f"{call} at {level}"


@pytest.mark.parametrize("case", CASES)
def test_behaviour(load, case):
    check(load, *CASES[case])


def test_behaviour_of_the_machine(built, load):
    for case in CASES_OF[built.config["machine"]].values():
        check(load, *case)


def test_symbols_lie_in_the_sections_and_regions_that_are_told(load):
    for shell in load("objects.c", []):
        info = shell.run("llext info x")
        sections = {
            name: (int(address, 16), int(size))
            for name, address, size in re.findall(r"^\s*(\.[\w.]+)\s+.*?(0x[0-9a-f]{8})\s+(\d+)", info, re.MULTILINE)
        }
        for symbol, section, region in [("walk", ".text", "text"), ("last", ".data", "data"), ("list", ".data", "data")]:
            shown = shell.run(f"llext sym x {symbol}").split()[0]
            start, size = sections[section]
            assert start <= int(shown, 16) & ~1 < start + size, f"{symbol}: {info}"
            assert shell.run(f"llext sym {shown}") == f"{shown} {symbol} in {region} of x"


def test_a_file_as_zephyr_s_build_leaves_it(load):
    """Its records, sections and flags, written by hand."""
    for shell in load("zephyr.S", []):
        assert shell.run("llext call x start 2") == "counter 42\n=> 42 (0x2a)"
        assert shell.run("llext call x nulls") == "=> 0 (0x0)"
        exports = [line.split()[1] for line in shell.run("llext sym x").splitlines()]
        assert sorted(exports) == ["nulls", "start"]
        sections = shell.run("llext info x")
        for name in [".llext.rodata.noreloc", ".detach", ".exported_sym", ".init_array"]:
            assert name in sections, sections


def test_records_with_ids_are_for_firmware_with_ids(target, start_shell):  # noqa: F811
    """The same with Zephyr's SLID. `cargo xtask test --only slid` comes with firmware that has them."""
    file = target.object(FOLDER / "zephyr.S", "ids", ["-DIDS"])
    shell = start_shell("--add", f"{file}:/ext/x.elf")
    names_are_known = not shell.run("llext sym printk").startswith("error: ")
    said = shell.run("llext load /ext/x.elf")
    if names_are_known:
        assert said == "error: load: /ext/x.elf: record 0 of .exported_sym holds 0xcced28c6, outside of the extension"
    else:
        assert said.startswith("loaded x")
        assert shell.run("llext call x start 2") == "counter 42\n=> 42 (0x2a)"


def test_a_section_is_found_by_name_with_its_contents(load):
    for shell in load("noreloc.c", []):
        info = shell.run("llext info x")
        (line,) = [line for line in info.splitlines() if ".llext.rodata.noreloc" in line]
        address = re.search(r"0x[0-9a-f]{8}", line).group()
        assert shell.run(f"mem read {address} 12 --width 4").split()[1:4] == ["00000003", "00000001", "00000004"]


def test_a_name_that_the_firmware_lacks(shell):
    """Is no export; who needs it is refused, and what it is declared weak for is null ("weak and undefined")."""
    assert shell.run("llext sym no_such_call").startswith("error: sym: no_such_call: no export matches")
    assert "undefined symbols" in shell.run("llext load /ext/orphan.elf")


def test_a_file_that_the_target_wrote_loads(shell):
    shell.run("mkdir /written")
    shell.run("cp /ext/hello.elf /written/h.elf")
    assert shell.run("llext load /written/h.elf").startswith("loaded h")
    assert shell.run("llext call h hello_world") == "hello world\n=> 0 (0x0)"
