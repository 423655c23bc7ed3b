"""Extensions that are bound to the exports of one firmware: the id in their note must be the one that `version` shows."""

import re
import subprocess

import pytest

from conftest import ROOT, XTASK

C = """
#include "llext.h"
int seven(void) { return 7; }
EXPORT_SYMBOL(seven);
"""


@pytest.fixture(scope="session")
def bound(built, tmp_path_factory):
    """A function that builds an extension, in C or from a package, with options of `cargo xtask extension`."""
    folder = tmp_path_factory.mktemp(f"abi-{built.board}")

    def bound(name, *options, source=None, flags=()):
        if source is None:
            source = folder / f"{name}.c"
            source.write_text(C)
        output = folder / f"{name}.elf"
        command = [*XTASK, "extension", source, "--board", built.board, "-o", output, *options]
        subprocess.run([*command, "--", *flags], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
        return output

    return bound


def test_an_extension_for_this_firmware_loads(start_shell, bound):
    rust = bound("ours_rust", "--abi", source="examples/rusty")
    shell = start_shell("--add", bound("ours", "--abi"), "--add", rust)
    assert shell.run("llext load /ext/ours.elf").startswith("loaded ours")
    assert shell.run("llext call ours seven") == "=> 7 (0x7)"
    assert shell.run("llext load /ext/ours_rust.elf").startswith("loaded ours_rust")


def test_an_extension_for_another_firmware_is_refused_unless_forced(start_shell, bound):
    shell = start_shell("--add", bound("strange", flags=["-DLLEXT_ABI_ID=0x5eed5eed"]))
    ours = re.search(r"^exports (0x\w{8})$", shell.run("version"), re.MULTILINE).group(1)
    before = shell.heap()
    for command in ("llext load /ext/strange.elf", "llext load /ext/strange.elf --dry-run"):
        assert shell.run(command).splitlines() == [
            "error: load: /ext/strange.elf: built for exports 0x5eed5eed, this firmware has "
            + hex(int(ours, 16)),
            "hint: build it again for this firmware; `llext load --force` ignores the difference",
        ]
    assert shell.heap() == before
    assert shell.run("llext load /ext/strange.elf --force").startswith("loaded strange")
    assert shell.run("llext call strange seven") == "=> 7 (0x7)"


def test_long_names_are_whole(start_shell, bound):
    """Names of extensions have up to 63 letters, not 15; those of symbols are not counted."""
    name, symbol = "n" * 63, "s" * 200
    extension = bound("named", flags=[f"-Dseven={symbol}"])
    shell = start_shell("--add", extension)
    assert shell.run(f"llext load /ext/named.elf --name {name}").startswith(f"loaded {name}: ")
    other = name[:62] + "m"
    assert shell.run(f"llext load /ext/named.elf --name {other}").startswith(f"loaded {other}: ")
    assert symbol in shell.run(f"llext sym {name}")
    assert shell.run(f"llext load /ext/named.elf --name {name}n").startswith("error: load: ")
