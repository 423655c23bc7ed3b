"""Where an extension's bytes come from, beside the file system."""

import re
import shutil
import tomllib
from pathlib import Path

from conftest import ROOT, Built, Shell


def test_files_of_the_host(built, shell, tmp_path):
    """Semihosting: `host:PATH` is read wherever a path is; a board without it says that there is no such file."""
    manifest = tomllib.loads((ROOT / "boards" / built.board / "Cargo.toml").read_text())
    if "host-files" not in manifest["features"]["default"]:
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
