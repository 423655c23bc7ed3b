"""Every command and every message of an error, as typed and seen on the boards.

The sessions are transcripts (see transcript.py): lines with the prompt are typed, the others are what must come.
"""

import re
import struct
import subprocess
from pathlib import Path

import transcript
from conftest import PROMPT


def play(shell, session: str) -> None:
    """Plays a session that is written in a test."""
    transcript.play(shell, transcript.parse("\n".join(line.strip() for line in session.strip().splitlines())))


# What a user does wrong at the keyboard.


def test_unknown_command(shell):
    play(
        shell,
        """
        llext> frobnicate the disk
        error: frobnicate: unknown command
        hint: `help` lists the commands
        llext> verson
        error: verson: unknown command
        hint: did you mean version?
        llext> load /ext/hello.elf
        error: load: unknown command
        hint: did you mean llext load?
        llext> llext lod
        error: llext: lod: unknown subcommand
        hint: did you mean load?
        llext> clear
        error: clear: unknown command
        hint: Ctrl-L clears the screen
        """,
    )


def test_missing_and_surplus_arguments(shell):
    play(
        shell,
        """
        llext> cat
        error: cat: <PATH> is missing
        hint: usage: cat <PATH>
        llext> llext call hello
        error: call: <FUNCTION> is missing
        hint: usage: <...>
        llext> version now
        error: version: now: one argument too many
        hint: usage: version
        llext> ls --colour
        error: ls: --colour: no such option
        hint: usage: ls [PATH]
        llext> llext load /ext/hello.elf --name
        error: load: --name needs a value
        hint: usage: <...>
        """,
    )


def test_bad_numbers(shell):
    play(
        shell,
        """
        llext> mem read zero
        error: mem read: zero: expected a number (decimal, 0x… or 0b…) from -2^31 to 2^32-1
        hint: usage: <...>
        llext> mem read 0x100000000
        error: mem read: 0x100000000: expected a number (decimal, 0x… or 0b…) from -2^31 to 2^32-1
        hint: usage: <...>
        llext> llext load /ext/calc.elf
        loaded calc: <...>
        llext> llext call calc calc_add 1 2x
        error: call: 2x: <...>
        llext> llext call calc calc_add 1 2 3 4 5 6 7 8 9
        error: call: 9 arguments, 8 at most
        """,
    )


def test_arguments_of_a_call(shell):
    play(
        shell,
        """
        llext> llext load /ext/calc.elf
        loaded calc: <n> regions, <n> bytes at <hex>
        llext> llext call calc calc_add 40 2
        => 42 (0x2a)
        llext> llext call calc calc_add -5 0x10
        => 11 (0xb)
        llext> llext call calc calc_add 0b101 'A'
        => 70 (0x46)
        llext> llext load /ext/greeter.elf
        loaded greeter: <...>
        llext> llext call greeter greet "two words"
        hello, two words
        => 1 (0x1)
        """,
    )


# Files.


def test_files(shell):
    play(
        shell,
        """
        llext> mkdir /logs
        llext> cp /ext/hello.elf /logs
        llext> ls /logs
        <...> hello.elf
        llext> mv /logs/hello.elf /logs/other.elf
        llext> ls /logs
        <...> other.elf
        llext> rm /logs/other.elf
        llext> rm /logs
        llext> df
        total <n>
        used <n>
        free <n>
        block <n>
        """,
    )


def test_text_files(start_shell, tmp_path):
    (tmp_path / "motd.txt").write_text("Hello, world\n")
    play(
        start_shell("--add", f"{tmp_path}/motd.txt:/motd.txt"),
        """
        llext> cat /motd.txt
        Hello, world
        llext> hexdump /motd.txt
        00000000  48 65 6c 6c 6f 2c 20 77  6f 72 6c 64 0a           |Hello, world.|
        llext> hexdump /motd.txt 7 5
        00000007  77 6f 72 6c 64                                    |world|
        """,
    )


def test_errors_of_files(shell):
    play(
        shell,
        """
        llext> cat /nothing
        error: cat: /nothing: no such file or directory
        llext> ls /exd
        error: ls: /exd: no such file or directory
        hint: did you mean ext?
        llext> cat /ext
        error: cat: /ext: is a directory
        llext> ls /ext/hello.elf/x
        error: ls: /ext/hello.elf/x: <...>
        llext> mkdir /ext
        error: mkdir: /ext: exists already
        llext> mkdir /no/where
        error: mkdir: /no: no such file or directory
        llext> rm /ext
        error: rm: /ext: directory is not empty
        llext> cp /ext/hello.elf /no/where
        error: cp: /no: no such file or directory
        llext> cp /ext/hello.elf /ext/hello.elf
        error: cp: /ext/hello.elf: is the file to copy
        llext> mv /nothing /something
        error: mv: /nothing: no such file or directory
        """,
    )


# Memory and the machine.


def test_memory(built, shell):
    address = "0x21900000" if built.is_arm else "0x80700000"
    shown = address[2:]
    play(
        shell,
        f"""
        llext> mem write {address} 0x12345678
        llext> mem write {int(address, 16) + 4:#x} -1 --width 1
        llext> mem read {address} 5
        {shown}  78 56 34 12 ff                                    |xV4..|
        llext> mem read {address} 4 --width 4
        {shown}  12345678                              |xV4.|
        llext> mem read {int(address, 16) + 2:#x} --width 4
        error: mem read: {int(address, 16) + 2:#x}: not a multiple of 4
        hint: `--width 1` takes any address
        llext> mem write {address} 256 --width 1
        error: mem write: 0x100: does not fit 1 byte
        """,
    )


def test_memory_that_is_not_there(shell):
    nowhere = "0xb0000000"
    play(
        shell,
        f"""
        llext> mem read {nowhere}
        error: mem read: {nowhere}: <...>
        llext> mem write {nowhere} 0
        error: mem write: {nowhere}: <...>
        llext> version
        <...>
        exports <hex>
        memory protection full
        features <...>
        """,
    )


def test_the_machine(board, shell):
    play(
        shell,
        f"""
        llext> version
        llext-shell <...> on {board}
        exports <hex>
        memory protection full
        features uart rtt machine transfer <...>
        llext> uptime
        up <n>.<n> s, prompt after <n> us
        llext> time term
        plain
        time: <n> us
        """,
    )


def test_reboot_starts_again_with_the_files_and_without_the_extensions(shell):
    shell.run("llext load /ext/hello.elf")
    shell.run("mkdir /kept")
    shell.child.send("reboot\r")
    shell.child.expect_exact("reboot\r\n")
    shell.child.expect("llext-shell .* on ")
    shell.wait()
    assert shell.run("llext list") == "nothing is loaded"
    assert "kept/" in shell.run("ls /")


def test_help_names_every_command(shell):
    text = shell.run("help")
    for command in "llext ls cat rm mv cp mkdir df hexdump mem help version uptime reboot exit fs term time".split():
        assert any(line.split()[:1] == [command] for line in text.splitlines()), command


def test_help_knows_a_subcommand_by_its_own_name(shell):
    assert "Usage: llext call [OPTIONS] <NAME>" in shell.run("help call")
    assert shell.run("help call") == shell.run("llext call --help")


def test_ctrl_c_ends_long_output(built, start_shell, tmp_path):
    (tmp_path / "long.txt").write_text("".join(f"line {number}\n" for number in range(100_000)))
    shell = start_shell("--add", f"{tmp_path}/long.txt:/long.txt")
    memory = "0x21900000" if built.is_arm else "0x80700000"
    for command in ("cat /long.txt", "hexdump /long.txt", f"mem read {memory} 65536"):
        shell.child.send(command + "\r")
        shell.child.expect_exact(command + "\r\n")
        shell.child.expect_exact("\r\n")
        shell.child.send("\x03")
        shell.child.expect_exact("^C\r\n" + PROMPT)
        assert "line 99999" not in shell.child.before
    assert shell.run("version").startswith("llext-shell ")


def test_ctrl_c_ends_a_copy_and_leaves_everything_as_it_was(start_shell, tmp_path):
    (tmp_path / "long.txt").write_bytes(bytes(2_000_000))
    shell = start_shell("--add", f"{tmp_path}/long.txt:/long.txt")
    before = shell.run("df")
    shell.child.send("cp /long.txt /copy.txt\r\x03")
    shell.child.expect_exact("error: cp: /copy.txt: was interrupted by Ctrl-C\r\n" + PROMPT)
    assert shell.run("df") == before
    assert "copy.txt" not in shell.run("ls /")


COMMANDS = [
    *"ls cat rm mv cp mkdir df hexdump help version uptime reboot exit term".split(),
    *("llext load,llext unload,llext list,llext info,llext call,llext sym,llext heap,llext gdb".split(",")),
    *("mem read,mem write,fs format".split(",")),
]


def test_every_command_explains_itself(shell):
    for command in COMMANDS:
        text = shell.run(f"{command} --help")
        assert "Usage: " + command in text, command
        assert "error" not in text, command


# Extensions.


def test_load_list_info_and_unload(shell):
    used = shell.heap_used()
    play(
        shell,
        """
        llext> llext load /ext/hello.elf
        loaded hello: <n> regions, <n> bytes at <hex>
        llext> llext load /ext/hello.elf --name twin
        loaded twin: <n> regions, <n> bytes at <hex>
        llext> llext load /ext/hello.elf
        error: load: hello: <...>
        hint: unload it first, or give the new one another name
        llext> llext list
        hello<...>bytes at <hex> from /ext/hello.elf
        twin<...>bytes at <hex> from /ext/hello.elf
        llext> llext call twin hello_world
        hello world
        => 0 (0x0)
        llext> llext unload --all
        unloaded twin: <n> bytes
        unloaded hello: <n> bytes
        llext> llext list
        nothing is loaded
        """,
    )
    assert shell.heap_used() == used


def test_info(built, shell):
    shell.run("llext load /ext/counter.elf")
    text = shell.run("llext info counter")
    lines = text.splitlines()
    assert lines[0] == "name counter"
    assert lines[1] == "file /ext/counter.elf"
    assert f"build-id {build_id(built.extensions['counter'])}" in lines
    for section in (".text", ".data", ".bss"):
        assert any(line.split()[:1] == [section] for line in lines), section
    for export in ("counter_advance", "counter_set_step"):
        assert any(export in line for line in lines), export


def build_id(path: Path) -> str:
    """The build-id of an ELF file, in hexadecimal digits."""
    data = path.read_bytes()
    note = data.index(b"GNU\0", data.index(struct.pack("<III", 4, 20, 3)))
    return data[note + 4 : note + 24].hex()


def test_symbols(shell):
    play(
        shell,
        """
        llext> llext load /ext/hello.elf
        loaded hello: <...>
        llext> llext sym print?
        <hex> printf
        <hex> printk
        llext> llext sym hello
        <hex> hello_world of hello
        llext> llext sym hello hello_*
        <hex> hello_world of hello
        llext> llext sym nothing_like_it
        error: sym: nothing_like_it: no export matches<...>
        llext> llext sym 0x4
        error: sym: 0x00000004: in no extension
        """,
    )
    shown = shell.run("llext sym hello").split()[0]
    assert shell.run(f"llext sym {shown}") == f"{shown} hello_world in text of hello"
    address = int(shown, 16) & ~1
    assert "hello_world+0x2 in text of hello" in shell.run(f"llext sym {address + 2:#x}")
    printk = shell.run("llext sym printk").split()[0]
    # printf is the same function.
    assert re.fullmatch(rf"{printk} print[fk] of the firmware", shell.run(f"llext sym {printk}"))


def test_static_functions_are_known_by_address(built, shell):
    nm = [f"{built.config['c']['prefix']}nm", built.extensions["counter"]]
    symbols = subprocess.run(nm, check=True, capture_output=True, text=True).stdout
    offset = int(re.search(r"^(\w+) t exchange$", symbols, re.MULTILINE).group(1), 16)
    shell.run("llext load /ext/counter.elf")
    sections = [line.split() for line in shell.run("llext info counter").splitlines()]
    text = next(int(words[1], 16) for words in sections if words[:1] == [".text"])
    assert shell.run(f"llext sym {text + offset:#x}") == f"{text + offset:#010x} exchange in text of counter"


EXPORTS = """printk printf snprintf puts putchar memcpy memmove memset memcmp strlen strcmp strncmp strcpy strchr
malloc calloc realloc free abort exit k_uptime_get_32 k_msleep k_busy_wait""".split()


def test_the_firmware_exports_what_extensions_are_promised(shell):
    for name in EXPORTS:
        assert shell.run(f"llext sym {name}").endswith(f" {name}")


def test_heap(shell):
    lines = shell.run("llext heap").splitlines()
    values = dict(line.split() for line in lines[:5])
    assert list(values) == ["total", "used", "free", "largest", "peak"]
    assert int(values["total"]) >= 1 << 20
    assert int(values["used"]) + int(values["free"]) <= int(values["total"])
    before = shell.heap_used()
    shell.run("llext load /ext/hello.elf")
    assert any(line.startswith("hello: ") for line in shell.run("llext heap").splitlines())
    assert shell.heap_used() > before
    shell.run("llext unload hello")
    assert shell.heap_used() == before


def test_gdb_script_is_kept_from_load_to_unload(shell):
    shell.run("llext load /ext/counter.elf")
    script = shell.run("llext gdb counter")
    assert "add-symbol-file " in script and " -s .text 0x" in script
    assert shell.run("cat /gdb/counter.gdb") == script
    shell.run("llext load /ext/hello.elf")
    assert shell.run("llext gdb").count("add-symbol-file ") == 2
    shell.run("llext unload --all")
    assert shell.run("cat /gdb/counter.gdb").startswith("error: cat: /gdb/counter.gdb: no such file or directory")


def test_gdb_scripts_do_not_outlive_what_they_tell_of(shell):
    shell.run("llext load /ext/counter.elf")
    shell.run("llext load /ext/hello.elf")
    assert shell.run("ls /gdb").count(".gdb") == 2
    shell.restart()
    assert shell.run("ls /gdb") == ""


def test_errors_about_extensions_that_are_not_there(shell):
    play(
        shell,
        """
        llext> llext unload ghost
        error: unload: ghost: no such extension
        hint: `llext list` shows what is loaded
        llext> llext info ghost
        error: info: ghost: no such extension
        hint: `llext list` shows what is loaded
        llext> llext call ghost f
        error: call: ghost: no such extension
        hint: `llext list` shows what is loaded
        llext> llext load /ext/ghost.elf
        error: load: /ext/ghost.elf: no such file or directory
        llext> llext load hello.elf
        error: load: /hello.elf: no such file or directory
        hint: did you mean /ext/hello.elf?
        """,
    )


def test_dry_run_changes_nothing(shell):
    heap = shell.heap()
    text = shell.run("llext load /ext/hello.elf --dry-run")
    assert " needs " in text.splitlines()[-1] and "error" not in text
    assert shell.heap() == heap
    assert shell.run("llext list") == "nothing is loaded"


def test_the_user_s_own_extensions_load_and_unload(shell, request):
    """Those of `--extension FILE`, or else hello: each loads, and its unload gives all memory back."""
    for file in request.config.getoption("--extension") or ["hello.elf"]:
        used = shell.heap_used()
        path = Path(file)
        assert shell.run(f"llext load /ext/{path.name}").splitlines()[-1].startswith(f"loaded {path.stem}: ")
        assert shell.run(f"llext info {path.stem}").startswith(f"name {path.stem}\n")
        assert shell.run(f"llext unload {path.stem}").startswith(f"unloaded {path.stem}: ")
        assert shell.heap_used() == used
