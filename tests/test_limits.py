"""A call ends when it is told to: by Ctrl-C or when its time is over, whatever it masks; and says what it took.

`limits.c` does not end by itself. What holds back every interrupt is ended by an NMI on ARM; RISC-V has none, and there
the end comes as soon as such code calls an export.
"""

import re
import subprocess

import pytest

from conftest import PROMPT, ROOT, XTASK

ENDLESS = ["spin", "print_masked"]
# No interrupt reaches these, but for an NMI.
MASKED = ["spin_masked", "spin_on_the_other_stack"]


@pytest.fixture(scope="session")
def extension(built, tmp_path_factory):
    """`limits.c`, built for the board."""
    output = tmp_path_factory.mktemp(f"limits-{built.board}") / "limits.elf"
    flags = ["-fno-builtin"] + ([] if built.is_arm else ["-march=rv32imac_zicsr"])
    command = [*XTASK, "extension", "tests/limits.c", "--board", built.board, "-o", output, "--", *flags]
    subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    return output


@pytest.fixture
def load(start_shell, extension):
    """A function that starts a run with more arguments and `limits.c` loaded."""

    def load(*arguments):
        shell = start_shell("--add", extension, *arguments)
        assert shell.run("llext load /ext/limits.elf").startswith("loaded limits")
        return shell

    return load


@pytest.fixture
def endless(built):
    return ENDLESS + (MASKED if built.is_arm else [])


def test_a_call_ends_when_its_time_is_over(load, endless):
    shell = load()
    for function in endless:
        for _ in range(3):
            lines = shell.run(f"llext call limits {function} --timeout 50").splitlines()
            assert lines[0] == "go"
            assert f"error: call: limits: {function} took longer than 50 ms" in lines
    assert shell.run("llext call limits work 10 --timeout 60000").startswith("=> ")
    assert shell.run("llext call limits nothing") == "=> 0 (0x0)"
    shell.run("llext unload limits")
    assert shell.heap_used() == 0


def test_a_time_that_is_over_before_the_call_begins(load):
    shell = load()
    assert "spin took longer than 1 ms" in shell.run("llext call limits spin --timeout 1")


def test_ctrl_c_ends_a_call_that_masks_interrupts(load, endless):
    shell = load()
    for function in endless:
        for _ in range(3):
            shell.child.send(f"llext call limits {function}\r")
            shell.child.expect_exact("go\r\n")
            shell.child.send("\x03")
            shell.child.expect_exact(f"{function} was interrupted by Ctrl-C")
            shell.child.expect_exact(PROMPT)
    assert shell.run("llext call limits nothing") == "=> 0 (0x0)"


def test_ctrl_c_is_seen_behind_more_than_the_firmware_keeps(load):
    """Type-ahead beyond the 4 KiB of the receive ring waits outside for a while, and then gives way."""
    shell = load()
    shell.child.send("llext call limits spin\r")
    shell.child.expect_exact("go\r\n")
    shell.child.send("# much typing\r" * 500)
    shell.child.send("\x03")
    shell.child.expect_exact("spin was interrupted by Ctrl-C")
    # What the ring held is read after all. The last line of it is cut off.
    for _ in range(4096 // len("# much typing\r")):
        shell.child.expect_exact("# much typing\r\n")
    shell.child.send("\x03")
    shell.wait()
    assert re.search(r", input was lost \d+ times$", shell.run("uptime"))


def test_stats_count_instructions_where_they_can_be_counted(load):
    """Under QEMU's `-icount` the clock tells them: a round of the loop takes 8 on ARM and 7 on RISC-V."""
    shell = load("--icount")
    took = {}
    for rounds in (0, 1000, 2000):
        # Nothing is typed while it runs: the interrupt would take instructions, too.
        shell.child.send(f"llext call limits work {rounds} --stats\r")
        shell.child.expect(r"took (\d+) instructions, (\d+) us, stack \d+ of 32768 bytes\r\n")
        instructions, micros = map(int, shell.child.match.groups())
        # One takes 1.024 us.
        assert abs(micros - instructions * 1.024) <= 2
        took[rounds] = instructions
    assert took[0] < 20
    assert abs(took[2000] - 2 * took[1000] + took[0]) <= 2


def test_stats_say_when_nothing_counts_instructions(load):
    shell = load()
    lines = shell.run("llext call limits nothing --stats").splitlines()
    assert lines[0] == "=> 0 (0x0)"
    assert re.fullmatch(r"took \d+ ticks of \d+ Hz, \d+ us, stack \d+ of 32768 bytes", lines[1])


def test_stats_tell_how_much_stack_was_used(load):
    shell = load()

    def stack(call):
        return int(re.search(r"stack (\d+) of", shell.run(f"llext call limits {call} --stats")).group(1))

    least = stack("nothing")
    assert least < 100
    for size in (1000, 20000, 3000):
        assert size <= stack(f"fill {size}") < size + 500
    assert stack("nothing") < 200
