"""Who called what faulted: the shell's backtraces, by every means that a build may leave it.

`backtrace.c` has a chain of calls, chain → outer → middle → innermost, which ends in a way that the first argument says.
"""

import re
import subprocess

import pytest

from conftest import ROOT, XTASK

# What an extension is built with, and whether its backtraces are sure to the last frame, on ARM and RISC-V.
BUILDS = {
    "tables": (["-O2", "-funwind-tables"], True, True),
    # On ARM, GCC's frame pointers lead nowhere.
    "frame-pointers": (["-O2", "-fno-omit-frame-pointer"], False, True),
    "small": (["-Os"], False, False),
    "as-it-is": ([], False, False),
}
SCAN = "by a scan of the stack, where calls that are over may have left something:"
# Argument, and what the first line says of it.
ENDS = {
    0: r": bus error.* at backtrace:innermost\+0x\w+, accessing 0xf0000000 \(nothing that is known\)",
    1: r": (bus error|memory protection fault) on an instruction fetch at 0xf0000000",
    2: r" called abort\(\)",
    3: r" called exit\(3\)",
    4: r": assertion failed: how < 4, .*backtrace\.c:\d+",
}
FRAME = re.compile(r"^#(\d+) (\S+) \((.*)\)$")


@pytest.fixture(params=BUILDS)
def built_so(request):
    """One way to build the extension: flags, and whether its backtraces are sure."""
    return BUILDS[request.param]


@pytest.fixture
def loaded(start_shell, built, built_so, tmp_path):
    """A run with `backtrace.c` loaded."""
    output = tmp_path / "backtrace.elf"
    command = [*XTASK, "extension", "tests/backtrace.c", "--board", built.board, "-o", output, "--"]
    subprocess.run([*command, *built_so[0]], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    shell = start_shell("--add", output)
    assert shell.run("llext load /ext/backtrace.elf").startswith("loaded backtrace")
    return shell


def functions(report: str) -> list[str]:
    """The functions of a backtrace, from the inside out; each once, however often it is there in a row."""
    names = [match[2].split("+")[0] for line in report.splitlines() if (match := FRAME.match(line))]
    return [name for place, name in enumerate(names) if name not in names[place - 1 : place]]


def test_a_backtrace_goes_through_every_frame_to_the_door(loaded, built, built_so):
    _, on_arm, on_riscv = built_so
    is_sure = on_arm if built.is_arm else on_riscv
    chain = ["backtrace:" + name for name in ("innermost", "middle", "outer", "chain")] + ["firmware:exec_call"]
    for how, told in ENDS.items():
        report = loaded.run(f"llext call --force backtrace chain {how} 0")
        assert re.match(rf"error: call: backtrace: chain{told}$", report.splitlines()[0]), report
        found = functions(report)
        if how == 1:
            assert found.pop(0) == "0xf0000000"
        if is_sure:
            assert SCAN not in report
            assert found == chain, report
        else:
            # What lies between may be left over, but all that called is there, in order.
            rest = iter(found)
            assert found[0] == chain[0] and found[-1] == chain[-1] and all(name in rest for name in chain), report
        # Where the code comes from: the file, and the section with the offset that its disassembly shows.
        assert re.search(r"^#\d+ backtrace:outer\+0x\w+ \(/ext/backtrace\.elf \.text\+0x[0-9a-f]+\)$", report, re.MULTILINE)


def test_a_leaf_that_has_called_before_is_told_with_its_caller(loaded):
    report = loaded.run("llext call backtrace leaf 4")
    assert "accessing 0xf0000004" in report
    assert functions(report) == ["backtrace:leaf", "firmware:exec_call"], report


def test_a_recursion_takes_a_line_however_deep_it_is(loaded):
    report = loaded.run("llext call backtrace chain 0 60").splitlines()
    assert len(report) < 40
