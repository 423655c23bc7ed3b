"""What a call must not do to memory, and what it may (src/protect/mod.rs).

`protect.c` tries everything. What is forbidden ends the call with a report, and without protection it is done.
"""

import re
import subprocess
from pathlib import Path

import pytest

from conftest import ROOT, XTASK, Shell

READ_ONLY = "write to read-only memory"
DATA = "execution of data"
# Forbidden, what the report calls it, and the value without protection.
FORBIDDEN = {
    "write_text": (READ_ONLY, 1),
    "write_constants": (READ_ONLY, 1),
    "run_constants": (DATA, 42),
    "run_variables": (DATA, 42),
    "run_storing": (DATA, 42),
    "run_straddling": (DATA, 42),
    "run_zeros": (DATA, 42),
    "run_heap": (DATA, 42),
    "run_stack": (DATA, 42),
}
ALLOWED = {"write_variables": 1, "use_the_firmware": 0}
# More extensions than any CPU here has slots for texts.
HOPS = 7


def build(built, source: Path, output: Path) -> Path:
    command = [*XTASK, "extension", source, "--board", built.board, "-o", output]
    subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    return output


@pytest.fixture(scope="session")
def extension(built, tmp_path_factory) -> Path:
    """`protect.c`, built for the board."""
    return build(built, ROOT / "tests/protect.c", tmp_path_factory.mktemp(f"protect-{built.board}") / "protect.elf")


@pytest.fixture
def loaded(start_shell, extension) -> Shell:
    """A run with `protect.c` loaded."""
    shell = start_shell("--add", extension)
    assert shell.run("llext load /ext/protect.elf").startswith("loaded protect")
    return shell


def returned(value: int) -> str:
    return f"=> {value} ({value:#x})"


def stopped(shell: Shell, call: str) -> str:
    """What the report of a call says that it stopped for. The next one goes well."""
    output = shell.run(f"llext call protect {call} --force")
    assert shell.run("llext call protect write_variables --force") == returned(1), call
    return re.match(rf"error: call: protect: {call.split()[0]}: (.*?)(?: at |,|$)", output, re.MULTILINE).group(1)


def places(shell: Shell, name: str) -> dict[str, int]:
    """Addresses of the extension's regions and exports."""
    rows = (line.split() for line in shell.run(f"llext info {name}").splitlines() if line.startswith("  "))
    return {row[0]: int(row[1], 16) for row in rows if len(row) > 1 and row[1].startswith("0x")}


def elsewhere(built) -> dict[str, str]:
    """Memory that is no extension's, on the board."""
    if built.is_arm:
        return {"image": "0x00400400", "storage": "0x21000400", "guard": "0x21e07ffc", "null": "0x00000000", "end of null": "0x001ffffc"}
    return {"image": "0x80000400", "storage": "0x22000400", "guard": "0x80807ffc", "null": "0x00000000", "end of null": "0x00000ffc"}


@pytest.mark.parametrize("option", [(), ("--icount",)], ids=["fast", "counted"])
def test_what_is_forbidden_ends_the_call(start_shell, extension, option):
    """Where instructions are counted, QEMU fetches anew after every write to a register, as a CPU may."""
    loaded = start_shell("--add", extension, *option)
    loaded.run("llext load /ext/protect.elf")
    for call, (told, _) in FORBIDDEN.items():
        assert stopped(loaded, call) == told, call
    for call, value in ALLOWED.items():
        assert loaded.run(f"llext call protect {call} --force").splitlines()[-1] == returned(value), call
    loaded.run("llext unload protect")
    assert loaded.heap_used() == 0


def test_without_protection_everything_goes(loaded):
    forbidden = {call: value for call, (_, value) in FORBIDDEN.items()}
    for call, value in (forbidden | ALLOWED).items():
        output = loaded.run(f"llext call protect {call} --no-protect --force")
        assert output.splitlines()[-1] == returned(value), f"{call}: {output}"
    # And the next call is protected again.
    assert stopped(loaded, "write_constants") == READ_ONLY
    assert stopped(loaded, "run_stack") == DATA


def test_firmware_and_files_are_out_of_reach(built, loaded):
    memory = elsewhere(built)
    for what in ("image", "storage"):
        assert stopped(loaded, f"write_at {memory[what]}") == READ_ONLY, what
        assert "=> " in loaded.run(f"llext call protect read_at {memory[what]} --force"), what
    for what, told in (("guard", "stack overflow"), ("null", "null pointer"), ("end of null", "null pointer")):
        for call in ("read_at", "write_at"):
            assert stopped(loaded, f"{call} {memory[what]}") == told, what
            assert stopped(loaded, f"{call} {memory[what]} --no-protect") == told, what
    assert stopped(loaded, f"run_at {memory['null']}") == "null pointer"
    assert stopped(loaded, f"run_at {memory['storage']}") == DATA
    # The file system was not harmed by what was tried.
    assert "protect.elf" in loaded.run("ls /ext")


def test_what_handlers_write_does_not_execute_even_without_protection(built, loaded):
    if built.is_arm:
        # There, what can be written can execute: nothing is refused.
        return
    symbols = subprocess.check_output([built.config["c"]["prefix"] + "nm", built.firmware], text=True)
    variables = int(re.search(r"^(\w+) . \S*riscv\S*4TRAP", symbols, re.MULTILINE)[1], 16)
    # What every trap writes, the firmware's stack, and the devices: interrupt controller, UART, timer and what restarts all.
    for address in (variables, 0x801FFF00, 0x0C200000, 0x10000000, 0x02004000, 0x00100000):
        told = stopped(loaded, f"run_at {address:#x} --no-protect")
        assert re.fullmatch(f"{DATA}|bus error on an instruction fetch", told), f"{address:#x}: {told}"


def test_protection_that_a_call_ended_for_ever_is_not_said_to_be_full(built, loaded):
    if built.is_arm:
        # There no call can lock protection.
        return
    assert "protection full" in loaded.run("version")
    assert loaded.run("llext call protect drop_rlb") == returned(1)
    assert "protection partial" in loaded.run("version")


def test_other_extensions_are_out_of_reach(loaded):
    loaded.run("llext load /ext/counter.elf")
    counter = places(loaded, "counter")
    for region in ("text", "rodata"):
        assert stopped(loaded, f"write_at {counter[region]:#x}") == READ_ONLY, region
        assert "=> " in loaded.run(f"llext call protect read_at {counter[region]:#x} --force"), region
    assert stopped(loaded, f"run_at {counter['rodata']:#x}") == DATA
    # Nor does what is not loaded any more execute.
    assert loaded.run("llext unload counter").startswith("unloaded counter")
    assert stopped(loaded, f"run_at {counter['text']:#x}") == DATA


def test_the_shell_may_write_what_a_call_may_not(loaded):
    text = places(loaded, "protect")["text"]
    word = loaded.run(f"mem read {text:#x} 4 --width 4").split()[1]
    assert loaded.run(f"mem write {text:#x} 0x{word}") == ""


def test_calls_go_through_more_extensions_than_there_are_slots(built, start_shell, tmp_path):
    files = []
    for hop in range(HOPS):
        below = f"hop{hop - 1}(value) + 1" if hop else "value"
        source = tmp_path / f"hop{hop}.c"
        declared = f"int hop{hop - 1}(int);\n" if hop else ""
        source.write_text(f"#include <llext.h>\n{declared}int hop{hop}(int value) {{ return {below}; }}\nEXPORT_SYMBOL(hop{hop});\n")
        files.append(build(built, source, source.with_suffix(".elf")))
    shell = start_shell(*(word for file in files for word in ("--add", file)))
    for hop in range(HOPS):
        assert shell.run(f"llext load /ext/hop{hop}.elf").startswith(f"loaded hop{hop}")
    for _ in range(3):
        for hop in reversed(range(HOPS)):
            assert shell.run(f"llext call hop{hop} hop{hop} 100") == returned(100 + hop)
            assert shell.run(f"llext call hop{hop} hop{hop} 100 --no-protect") == returned(100 + hop)
    shell.run("llext unload --all")
    assert shell.heap_used() == 0
