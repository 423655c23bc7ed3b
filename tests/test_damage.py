"""Damage that an extension does to the CPU's state is undone; damage to the heap is told.

`damage.c` is built with the CSR instructions that its RISC-V half needs.
"""

import re
import subprocess

import pytest

from conftest import ROOT, XTASK

# Function, and what comes of it: a value, or a fault.
CPU = {
    "read_null": r"null pointer",
    "write_null": r"null pointer",
    "call_null": r"null pointer|misaligned",
    "mask": r"=> 7 ",
    "mask_faults": r"=> 7 ",
    "mask_by_priority": r"=> 7 ",
    # Without privileges no memory is the extension's, not even its code.
    "give_up_privileges": r"^error: call: damage: give_up_privileges: ",
    "change_stacks": r"=> 7 |^error: call: damage: change_stacks: ",
    "mask_and_fault": r"bus error",
}


@pytest.fixture(scope="session")
def extension(built, tmp_path_factory):
    """`damage.c`, built for the board."""
    output = tmp_path_factory.mktemp(f"damage-{built.board}") / "damage.elf"
    flags = ["-fno-builtin", "-Wno-array-bounds"] + ([] if built.is_arm else ["-march=rv32imac_zicsr"])
    command = [*XTASK, "extension", "tests/damage.c", "--board", built.board, "-o", output, "--", *flags]
    subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    return output


@pytest.fixture
def loaded(start_shell, extension):
    """A run with `damage.c` loaded."""
    shell = start_shell("--add", extension)
    assert shell.run("llext load /ext/damage.elf").startswith("loaded damage")
    return shell


def test_the_cpu_is_as_before_after_a_call(loaded):
    for function, told in CPU.items():
        output = loaded.run(f"llext call --force damage {function}")
        assert re.search(told, output, re.MULTILINE), f"{function}: {output}"
        assert loaded.run("llext call --force damage fine 41").endswith("=> 42 (0x2a)"), function
    loaded.run("llext unload damage")
    assert loaded.heap_used() == 0


def test_a_heap_that_was_overwritten_is_told(loaded):
    assert loaded.run("llext call --force damage overwrite_the_next_block") == "=> 0 (0x0)"
    lines = loaded.run("llext heap").splitlines()
    assert re.fullmatch(r"error: heap: 0x\w+: the heap's own data is overwritten", lines[-2])
    assert lines[-1] == "hint: save what you need and `reboot`"
