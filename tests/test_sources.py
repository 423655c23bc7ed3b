"""Where an extension's bytes come from, beside the file system."""

import re
import shutil
import subprocess
import tomllib
from pathlib import Path

from conftest import ROOT, XTASK, Built, Shell


def has(built: Built, feature: str) -> bool:
    """Whether the board's firmware is built with it."""
    manifest = tomllib.loads((ROOT / "boards" / built.board / "Cargo.toml").read_text())
    return feature in manifest["features"]["default"]


def test_files_of_the_host(built, shell, tmp_path):
    """Semihosting: `host:PATH` is read wherever a path is; a board without it says that there is no such file."""
    if not has(built, "host-files"):
        path = f"host:{built.extensions['hello']}"
        assert shell.run(f"llext load {path}").startswith(f"error: load: /{path}: no such file")
        return
    before = shell.heap()
    for step in (loads, rehearses, refuses_what_is_no_file, refuses_half_a_file, shows_and_copies):
        step(built, shell, tmp_path)
        assert shell.heap() == before, step.__name__


def loads(built: Built, shell: Shell, tmp_path: Path) -> None:
    """A file that is not on the image."""
    file = tmp_path / "fresh.elf"
    shutil.copy(built.extensions["hello"], file)
    assert re.match(r"loaded fresh: \d regions, ", shell.run(f"llext load host:{file}"))
    assert shell.run("llext call fresh hello_world") == "hello world\n=> 0 (0x0)"
    assert f"/host:{file}" in shell.run("llext info fresh")
    shell.run("llext unload fresh")


def rehearses(built: Built, shell: Shell, _: Path) -> None:
    hello = built.extensions["hello"]
    assert "again needs" in shell.run(f"llext load host:{hello} --name again --dry-run")
    assert shell.run(f"llext load host:{hello} --name again").startswith("loaded again")
    shell.run("llext unload again")


def refuses_what_is_no_file(_: Built, shell: Shell, tmp_path: Path) -> None:
    (tmp_path / "text").write_text("not an ELF file")
    (tmp_path / "empty").write_bytes(b"")
    for path in [tmp_path / "missing.elf", tmp_path, tmp_path / "text", tmp_path / "empty", "", "x" * 200]:
        assert shell.run(f"llext load host:{path}").startswith("error: load: /host:"), path


def refuses_half_a_file(built: Built, shell: Shell, tmp_path: Path) -> None:
    whole = built.extensions["hello"].read_bytes()
    for length in [1, 51, 52, len(whole) // 2, len(whole) - 1]:
        (tmp_path / "part.elf").write_bytes(whole[:length])
        assert shell.run(f"llext load host:{tmp_path}/part.elf").startswith("error: load: "), length


def shows_and_copies(_: Built, shell: Shell, tmp_path: Path) -> None:
    text = "".join(f"line {number} from the host\n" for number in range(40))
    (tmp_path / "note").write_text(text)
    assert shell.run(f"cat host:{tmp_path}/note") == text.rstrip("\n")
    assert shell.run(f"cp host:{tmp_path}/note /note") == ""
    assert shell.run("cat /note") == text.rstrip("\n")
    assert shell.run(f"cp /note host:{tmp_path}/back").startswith("error: cp: ")


def test_a_file_in_memory_is_used_in_place(built, start_shell, tmp_path):
    """`flash:ADDRESS`: code without relocations stays in the file, and runs there."""
    file = tmp_path / "in_place.elf"
    command = [*XTASK, "extension", "tests/in_place.c", "--board", built.board, "-o", file]
    subprocess.run(list(map(str, command)), cwd=ROOT, check=True, stdout=subprocess.PIPE)
    start = int(re.search(r"addr=(0x[0-9a-f]+)", " ".join(built.config["qemu"]["mapped"]))[1], 16)
    shell = start_shell("--map", file)
    if not has(built, "mapped-files"):
        assert "no such file" in shell.run(f"llext load flash:{start:#x}")
        return
    before = shell.heap()
    assert re.match(r"loaded x: ", shell.run(f"llext load flash:{start:#x} --name x"))
    found = re.findall(r"^(0x[0-9a-f]+) (in_place_\w+)", shell.run("llext sym x"), re.MULTILINE)
    addresses = {name: int(address, 16) for address, name in found}
    inside = range(start, start + file.stat().st_size)
    assert addresses["in_place_mix"] in inside and addresses["in_place_count"] in inside
    assert addresses["in_place_counter"] not in inside
    assert shell.run("llext call x in_place_mix 5 6") == "=> 21 (0x15)"
    counter = hex(addresses["in_place_counter"])
    for count in (41, 42):
        assert shell.run(f"llext call x in_place_count {counter}").startswith(f"=> {count} ")
    assert shell.run(f"llext load flash:{start:#x} --name y").startswith("loaded y")
    assert shell.run("llext call y in_place_mix 1 1").startswith("=> 4 ")
    for name in "xy":
        shell.run(f"llext unload {name}")
    assert shell.heap() == before
    for wrong in (f"{start + 1:#x}", f"{start - 4:#x}", "0", "x", "ffffffffffff"):
        assert shell.run(f"llext load flash:{wrong}").startswith("error: load: "), wrong
