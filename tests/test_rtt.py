"""RTT: the same shell through memory that a debug probe reads and writes, alone and beside the UART."""

import re
import subprocess
from pathlib import Path

import pytest

from conftest import PROMPT, ROOT, TIMEOUT_S, XTASK
from rtt import READ, SIZE, WRITE, Rtt, memory

ENDLESS = """\
#include <llext.h>

int calm(void)
{
	return 7;
}

void spin(void)
{
	puts("spinning");
	for (;;) {
	}
}

/* Where the alarm that looks for Ctrl-C can be held back, it is not. */
void spin_masked(void)
{
	puts("spinning");
#ifdef __arm__
	__asm__ volatile("cpsid i\\n cpsid f");
#endif
	for (;;) {
	}
}
"""
FUNCTIONS = ["spin", "spin_masked"]

# More than the buffer to the host holds, several times.
LONG = "hexdump /ext/hello.elf"


@pytest.fixture(scope="session")
def endless(built, tmp_path_factory) -> Path:
    """An extension with calls that do not end."""
    folder = tmp_path_factory.mktemp(f"endless-{built.board}")
    source, output = folder / "endless.c", folder / "endless.elf"
    source.write_text(ENDLESS)
    command = [*XTASK, "extension", source, "--board", built.board, "-o", output]
    subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    return output


@pytest.fixture
def over_rtt(start_shell):
    """A run whose console is RTT, with the host tool as its client."""
    return start_shell("--rtt")


@pytest.fixture
def rtt(built, shell) -> Rtt:
    """A client beside the UART of `shell`, which stands at a prompt that both have seen."""
    client = Rtt(memory(built, shell.image))
    client.expect_exact(PROMPT)
    return client


def test_the_whole_shell_is_there(over_rtt, board):
    assert over_rtt.run("version").startswith("llext-shell ") and board in over_rtt.run("version")
    assert over_rtt.run("llext load /ext/hello.elf").startswith("loaded hello")
    assert over_rtt.run("llext call hello hello_world") == "hello world\n=> 0 (0x0)"
    lines = over_rtt.run(LONG).splitlines()
    assert [int(line.split()[0].rstrip(":"), 16) for line in lines] == list(range(0, 16 * len(lines), 16))
    assert over_rtt.exit() == 0


def test_piped_commands_run_over_it(command_line, new_image):
    command = command_line(new_image(), "--rtt", "--type", "ls /ext")
    done = subprocess.run(command, cwd=ROOT, input=b"version\nexit 7", capture_output=True, timeout=TIMEOUT_S)
    commands = [text.split("\n")[0] for text in done.stdout.decode().split(PROMPT)[1:]]
    assert commands[:3] == ["ls /ext", "version", "exit 7"]
    assert done.returncode == 7


def test_the_editor_works_over_it(start_shell):
    child = start_shell("--rtt", term="xterm").child
    child.send("rsion" + "\x01" + "ve\r")
    child.expect(r"llext-shell [0-9.]+ on [a-z0-9-]+\r\n")


def test_ctrl_c_ends_a_call(start_shell, endless):
    shell = start_shell("--rtt", "--add", endless)
    assert shell.run("llext load /ext/endless.elf").startswith("loaded endless")
    for function in FUNCTIONS:
        shell.child.send(f"llext call endless {function}\r")
        shell.child.expect_exact("spinning\r\n")
        shell.child.send("\x03")
        shell.child.expect_exact(f"endless: {function} was interrupted by Ctrl-C")
        shell.wait()
    assert shell.run("llext call endless calm") == "=> 7 (0x7)"


def test_nobody_waits_for_a_host_that_is_not_there(shell, built):
    assert shell.run(LONG)
    client = Rtt(memory(built, shell.image))
    size = client.word(client.up + SIZE)
    # The buffer has the first text since the start, and the rest is lost.
    assert (client.word(client.up + WRITE) + 1) % size == client.word(client.up + READ)
    first = client.read().decode()
    assert first.startswith("llext-shell ") and len(first) == size - 1
    # Who comes late has the shell from then on.
    assert re.match(r"up .*, RTT came too late for \d+ bytes", client.run("uptime"))


def test_a_host_that_has_gone_is_waited_for_once(shell, rtt):
    assert rtt.run("version") == shell_text(shell, "version")
    # The client reads no more. The firmware gives it a second, once.
    shell.run(LONG)
    before = uptime(shell)
    shell.run(LONG)
    assert uptime(shell) - before < 1
    # What it missed is lost. It hears all again once it has read, whatever place of the buffer it comes by.
    rtt.read()
    for byte in "uptime":
        rtt.send(byte)
        rtt.expect_exact(byte)
    rtt.send("\r")
    rtt.expect_exact("\nup ")


def uptime(shell) -> float:
    return float(re.search(r"^up ([0-9.]+) s", shell.run("uptime"), re.MULTILINE).group(1))


def shell_text(shell, command: str) -> str:
    """What a command that was run by another host has printed here."""
    shell.child.expect_exact(command + "\r\n")
    shell.child.expect_exact(PROMPT)
    return shell.child.before.replace("\r\n", "\n").removesuffix("\n")


def test_a_reboot_loses_nothing_that_was_said(shell, rtt):
    rtt.send("reboot\r")
    shell.child.expect_exact("`help` lists the commands")
    # Nobody has read it meanwhile.
    rtt.expect_exact("reboot\n")
    rtt.expect_exact("`help` lists the commands\n" + PROMPT)
    assert rtt.run("uptime").startswith("up ")


def test_a_paste_loses_nothing(rtt):
    commands = [f"llext sym {0x7FFF0000 + number:#x}" for number in range(200)]
    rtt.send("\r".join(commands) + "\r")
    for number in range(200):
        rtt.expect_exact(f"error: sym: {0x7FFF0000 + number:#x}: in no extension\n")
    rtt.wait()
    assert "lost" not in rtt.run("uptime")


def test_two_hosts_at_once(shell, rtt):
    """Each types its own lines as fast as it can: none gets into another, and both see all that is said."""
    count = 60
    uart = [f"llext sym {0x7F000000 + number:#x}" for number in range(count)]
    probe = [f"llext sym {0x7E000000 + number:#x}" for number in range(count)]
    # A UART takes a ring's worth without waiting for anybody.
    shell.child.send("\r".join(uart) + "\r")
    rtt.send("\r".join(probe) + "\r")
    expected = {f"error: sym: {line.split()[-1]}: in no extension" for line in uart + probe}
    by_uart, by_rtt = set(), set()
    while by_rtt != expected:
        rtt.expect_exact("\n")
        by_rtt |= expected & {rtt.before}
    while by_uart != expected:
        shell.child.expect_exact("\r\n")
        by_uart |= expected & {shell.child.before}
    rtt.wait()
    assert "lost" not in rtt.run("uptime")


def test_ctrl_c_of_one_host_ends_what_the_other_began(built, start_shell, endless):
    shell = start_shell("--add", endless)
    rtt = Rtt(memory(built, shell.image))
    assert shell.run("llext load /ext/endless.elf").startswith("loaded endless")
    shell.child.send("llext call endless spin\r")
    rtt.expect_exact("spinning\n")
    rtt.send("\x03")
    shell.child.expect_exact("endless: spin was interrupted by Ctrl-C")
    shell.wait()
    rtt.send("llext call --force endless spin\r")
    shell.child.expect_exact("spinning\r\n")
    shell.child.send("\x03")
    rtt.expect_exact("endless: spin was interrupted by Ctrl-C")
    rtt.wait()
