"""`cargo xtask run`: pipes, terminals, images, and how a run ends."""

import os
import shlex
import signal
import subprocess
import time
from pathlib import Path

import pexpect
import pytest
from pexpect import popen_spawn

from conftest import PROMPT, ROOT, TIMEOUT_S, XTASK


@pytest.fixture
def run(command_line, new_image):
    """A function that runs a script through pipes and returns the completed process."""

    def run(script: str, *arguments: str, image: Path | None = None) -> subprocess.CompletedProcess:
        command = command_line(image or new_image(), *arguments)
        return subprocess.run(command, cwd=ROOT, input=script.encode(), capture_output=True, timeout=TIMEOUT_S)

    return run


def test_stdout_is_the_console_and_nothing_else(board, run):
    done = run("version\nexit\n")
    assert done.returncode == 0
    lines = done.stdout.decode().split("\n")
    assert lines[0].startswith("llext-shell ") and board in lines[0]
    assert lines[1] == PROMPT + "version"
    assert lines[2].startswith("llext-shell ") and lines[2].endswith(f" on {board}")
    assert lines[3].startswith("exports 0x")
    assert lines[4] == "memory protection full"
    assert lines[5].startswith("features uart rtt ")
    assert lines[6] == PROMPT + "exit"
    assert "".join(lines[7:]) == ""


def test_a_pipe_gets_no_escape_codes_and_bare_newlines(run):
    done = run("ls\nterm\n")
    assert b"\nplain\n" in done.stdout
    assert b"\x1b" not in done.stdout
    assert b"\r" not in done.stdout


@pytest.mark.parametrize("script", ["", "version", "version\n", "ls /ext\n\n\nversion"])
def test_the_run_ends_after_the_last_command_of_piped_input(run, script):
    done = run(script)
    assert done.returncode == 0
    if "version" in script:
        assert done.stdout.decode().split(PROMPT)[-2].startswith("version\nllext-shell ")


def test_lines_that_are_typed_first(run):
    done = run("uptime\n", "--type", "ls /ext", "--type", "llext list")
    assert done.returncode == 0
    commands = [text.split("\n")[0] for text in done.stdout.decode().split(PROMPT)[1:]]
    assert commands[:3] == ["ls /ext", "llext list", "uptime"]


def test_the_run_ends_although_the_board_restarted(board, run):
    done = run("reboot\nversion\n")
    assert done.returncode == 0
    # Of what was typed ahead, a restart may lose the beginning, and the rest is no command.
    assert done.stdout.decode().count(f" on {board}; `help` lists the commands\n") == 2


@pytest.mark.parametrize("status", [0, 1, 42])
def test_exit_gives_the_run_its_status(run, status):
    assert run(f"exit {status}\nversion\n").returncode == status


def test_a_long_script_loses_nothing(run):
    commands = [f"llext sym {0x7FFF0000 + number:#x}" for number in range(400)]
    output = run("\n".join(commands)).stdout.decode()
    answers = [line for line in output.splitlines() if line.startswith("error: ")]
    assert answers == [f"error: sym: {0x7FFF0000 + number:#x}: in no extension" for number in range(400)]


def test_no_reader_ends_the_run(command_line, new_image):
    command = command_line(new_image())
    child = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    child.stdout.close()
    child.communicate(b"help\nhelp\n", timeout=TIMEOUT_S)


def test_a_dumb_terminal_gets_plain_text_and_others_get_line_editing(start_shell):
    assert start_shell(term="dumb").run("term") == "plain"
    able = start_shell(term="xterm").child
    able.send("term\r")
    able.expect_exact("ansi\r\n")


def test_plain_and_ansi_can_be_forced(run):
    assert b"\nplain\n" in run("term\n", "--plain").stdout
    assert b"\nansi\r\n" in run("term\n", "--ansi").stdout


def test_ctrl_c_reaches_the_shell_and_ctrl_bracket_x_quits(shell):
    shell.child.send("half a comm\x03")
    shell.child.expect_exact("^C\r\n" + PROMPT)
    shell.child.send("\x1dx")
    shell.child.expect(pexpect.EOF)
    shell.child.close()
    assert shell.child.exitstatus == 0


def test_ctrl_d_at_the_prompt_ends_the_run(shell):
    shell.child.send("\x04")
    shell.child.expect(pexpect.EOF)
    shell.child.close()
    assert shell.child.exitstatus == 0


@pytest.mark.parametrize("end", ["exit\r", "\x1dx", signal.SIGTERM, signal.SIGINT])
def test_the_terminal_is_as_it_was_afterwards(command_line, new_image, end):
    environment = {**os.environ, "TERM": "dumb", "PS1": ""}
    bash = pexpect.spawn("bash", ["--norc", "--noediting"], env=environment, encoding="utf-8", timeout=TIMEOUT_S, cwd=ROOT)
    command = shlex.join(command_line(new_image()))
    bash.sendline(f"stty sane; before=$(stty -g); {command}; [ \"$(stty -g)\" = \"$before\" ] && echo un'changed'; exit")
    bash.expect_exact(PROMPT)
    if isinstance(end, str):
        bash.send(end)
    else:
        for child in Path(f"/proc/{bash.pid}/task/{bash.pid}/children").read_text().split():
            os.kill(int(child), end)
    bash.expect_exact("unchanged")


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGHUP, signal.SIGKILL])
def test_the_emulator_dies_with_the_run(shell, how):
    assert emulators(shell.image) != []
    shell.child.kill(how)
    shell.child.expect(pexpect.EOF)
    shell.child.close()
    if how != signal.SIGKILL:
        assert shell.child.exitstatus == 128 + how
    deadline = time.monotonic() + TIMEOUT_S
    while emulators(shell.image):
        assert time.monotonic() < deadline, "the emulator goes on"
        time.sleep(0.05)


def emulators(image: Path) -> list[int]:
    """The processes of emulators that use an image."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            words = (process / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if b"qemu" in words[0] and any(os.fsencode(image) in word for word in words):
            found.append(int(process.name))
    return found


def test_input_wakes_an_idle_emulator(built, shell):
    """No other device does: the emulator runs without the network card's peer, whose timers would."""
    (emulator,) = emulators(shell.image)
    words = Path(f"/proc/{emulator}/cmdline").read_text().rstrip("\0").split("\0")
    shell.exit()
    if "-nic" in words:
        peer = words.index("-nic")
        del words[peer : peer + 2]
    # As `run` does it.
    os.truncate(shell.image, built.config["storage"].get("size", shell.image.stat().st_size))
    # More than once: now and then something else wakes it all the same.
    for _ in range(3):
        idle = popen_spawn.PopenSpawn(words, encoding="utf-8", timeout=TIMEOUT_S)
        try:
            idle.expect_exact(PROMPT)
            time.sleep(2)
            idle.send("version\r")
            idle.expect_exact("\nllext-shell ")
        finally:
            idle.kill(signal.SIGKILL)
            idle.wait()


def test_input_during_a_write_to_the_flash_wakes_a_slow_emulator(shell):
    """QEMU 7.2 may lose the wake-up of its main loop then: see `sleep_until` in src/exec/riscv.rs.

    It does so all the time where the main loop runs only when the CPU's thread does not.
    """
    (emulator,) = emulators(shell.image)
    (some_cpu, *_) = os.sched_getaffinity(0)
    for thread in Path(f"/proc/{emulator}/task").iterdir():
        os.sched_setaffinity(int(thread.name), {some_cpu})
    os.sched_setscheduler(emulator, os.SCHED_IDLE, os.sched_param(0))
    shell.child.delaybeforesend = None
    for number in range(100):
        shell.child.send("cp /ext/hello.elf /x\r" if number % 2 == 0 else "rm /x\r")
        # So that what is typed next comes sooner or later in the command.
        time.sleep(number % 10 * 0.003)
        shell.wait()


def test_two_runs_cannot_share_an_image(shell, run):
    done = run("version\n", image=shell.image)
    assert done.returncode == 1
    assert done.stdout == b""
    assert "is in use by another run" in done.stderr.decode()
    assert "--image FILE" in done.stderr.decode()


def test_what_is_written_survives_a_restart(shell):
    shell.run("mkdir /kept")
    shell.run("cp /ext/hello.elf /kept/copy.elf")
    shell.restart()
    assert "copy.elf" in shell.run("ls /kept")


def test_an_image_keeps_its_size(built, shell):
    size = built.image.stat().st_size
    shell.exit()
    assert shell.image.stat().st_size == size
    shell.child = shell.start()
    # A run that is killed has no time to tidy up; the next one does.
    shell.child.kill(signal.SIGKILL)
    shell.child.expect(pexpect.EOF)
    shell.child.close()
    shell.child = shell.start()
    shell.exit()
    assert shell.image.stat().st_size == size


def test_an_image_is_made_with_the_examples_if_there_is_none(run, tmp_path):
    image = tmp_path / "folder" / "new.image"
    assert b"hello.elf" in run("ls /ext\n", image=image).stdout
    assert image.is_file()


def test_fresh_makes_the_image_anew(run, new_image):
    image = new_image()
    assert run("mkdir /mine\nrm /ext/hello.elf\n", image=image).returncode == 0
    kept = run("ls /\nls /ext\n", image=image).stdout
    assert b"mine/" in kept and b"hello.elf" not in kept
    fresh = run("ls /\nls /ext\n", "--fresh", image=image).stdout
    assert b"mine/" not in fresh and b"hello.elf" in fresh


def test_add_copies_host_files_to_the_image(run, tmp_path):
    (tmp_path / "note.txt").write_text("a note\n")
    image = tmp_path / "new.image"
    note = str(tmp_path / "note.txt")
    done = run("cat /ext/note.txt\ncat /deep/er/n\n", "--add", note, "--add", f"{note}:/deep/er/n", image=image)
    assert done.stdout.decode().count("\na note\n") == 2
    assert b"\na note\n" in run("cat /deep/er/n\n", image=image).stdout


def test_add_of_a_file_that_is_not_there(run):
    done = run("version\n", "--add", "no/such/file")
    assert done.returncode == 1 and done.stdout == b""
    assert "no/such/file: No such file" in done.stderr.decode()


def test_an_image_of_the_wrong_size_is_refused(run, tmp_path):
    image = tmp_path / "short.image"
    image.write_bytes(bytes(1000))
    done = run("version\n", image=image)
    assert done.returncode == 1 and done.stdout == b""
    assert "has 1000 bytes" in done.stderr.decode() and "--fresh" in done.stderr.decode()


def test_an_unknown_board_is_refused():
    done = subprocess.run([*XTASK, "run", "--board", "toaster"], cwd=ROOT, capture_output=True, stdin=subprocess.DEVNULL)
    assert done.returncode == 1
    assert "no board `toaster`: there are " in done.stderr.decode()


def test_icount_makes_time_repeat(start_shell):
    """With every instruction counted, the prompt comes after the same time in every run."""
    first, second = (start_shell("--icount").run("uptime").split(", ")[1] for _ in range(2))
    assert first.startswith("prompt after ")
    assert first == second


def test_a_second_run_builds_nothing(board, built, tmp_path):
    command = [*XTASK, "run", "--board", board, "--image", str(tmp_path / "image")]

    def run() -> tuple[str, list[int]]:
        done = subprocess.run(command, cwd=ROOT, input=b"version\n", capture_output=True, timeout=TIMEOUT_S, check=True)
        made = [built.firmware, built.packer, *built.extensions.values()]
        return done.stderr.decode(), [path.stat().st_mtime_ns for path in made]

    _, before = run()
    noise, after = run()
    assert "Compiling" not in noise and "building" not in noise
    assert before == after
