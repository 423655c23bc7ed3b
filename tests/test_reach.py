"""What code reaches by more than a distance: thread-local variables and entries of the GOT."""

import subprocess

import pytest

from conftest import ROOT, XTASK

# The last one is another way of calls on ARM, and of addresses on RISC-V.
FLAGS = {
    "plain": {"arm": [], "riscv": []},
    "pic": dict.fromkeys(["arm", "riscv"], ["-fPIC", "-ftls-model=local-exec"]),
    "initial": dict.fromkeys(["arm", "riscv"], ["-fPIC", "-ftls-model=initial-exec"]),
    "other": {"arm": ["-mno-long-calls"], "riscv": ["-mcmodel=medlow"]},
}


@pytest.mark.parametrize("way", FLAGS)
def test_every_way_of_addressing_reaches(built, start_shell, tmp_path, way):
    flags = FLAGS[way]["riscv" if built.board.startswith("rv") else "arm"]
    output = tmp_path / f"{way}.elf"
    command = [*XTASK, "extension", "tests/reach.c", "--board", built.board, "-o", output]
    command += ["--", "-fno-builtin", *flags]
    subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    shell = start_shell("--add", output)
    assert shell.run(f"llext load /ext/{way}.elf").startswith(f"loaded {way}")
    assert shell.run(f"llext call {way} thread_local_variables") == "=> 810 (0x32a)"
    assert shell.run(f"llext call {way} thread_local_variables") == "=> 920 (0x398)"
    assert shell.run(f"llext call {way} global_variables") == "=> 42 (0x2a)"
    assert shell.run(f"llext call {way} functions") == "=> 9 (0x9)"
