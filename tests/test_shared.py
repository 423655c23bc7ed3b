"""Examples as shared libraries and position-independent executables of real linkers, on the boards.

Their bytes are compared in `tests/linked`; here they run: calls through the PLT, variables through the GOT, constructors.
"""

import subprocess

import pytest

import transcript
from test_matrix import EXAMPLES, target  # noqa: F401 (a fixture)

# What keeps an image small: a linker would put segments on pages of their own. RISC-V: GNU ld makes no shared
# libraries for bare targets, LLVM's does.
SMALL = ["-z", "max-page-size=4"]
PIE = ["-pie", "--export-dynamic", "--unresolved-symbols=ignore-all", "-e0"]


def link(target, example: str, kind: list[str]):  # noqa: F811
    """Links an example as `kind` says."""
    source = EXAMPLES / example / f"{example}.c"
    name = f"{example}{kind[0]}"
    objects = [target.object(source, name, ["-Os", "-fPIC"])]
    output = target.folder / f"{name}.so"
    if target.config["machine"] == "arm":
        target.tool("ld", *kind, *SMALL, *objects, "-o", output)
    else:
        subprocess.run(["ld.lld", *kind, *SMALL, *objects, "-o", output], check=True)
    return output


def check(start_shell, example: str, file) -> None:
    """Plays the transcript of an example with this file in its place."""
    shell = start_shell("--add", f"{file}:/ext/{example}.elf")
    transcript.play(shell, transcript.read(EXAMPLES / example / "transcript.txt"))


@pytest.mark.parametrize("example", ["hello", "counter", "calc", "greeter"])
def test_shared_library(target, start_shell, example):  # noqa: F811
    check(start_shell, example, link(target, example, ["-shared"]))


@pytest.mark.parametrize("example", ["lifecycle", "counter", "calc"])
def test_position_independent_executable(target, start_shell, example):  # noqa: F811
    check(start_shell, example, link(target, example, PIE))


def test_libraries_use_each_other(target, start_shell):  # noqa: F811
    """A library finds what another one defines, and holds it."""
    greeter, visitor = (link(target, example, ["-shared"]) for example in ("greeter", "visitor"))
    shell = start_shell("--add", f"{greeter}:/ext/first.so", "--add", f"{visitor}:/ext/second.so")
    assert "undefined symbols: greet" in shell.run("llext load /ext/second.so")
    assert shell.run("llext load /ext/first.so --name greeter").startswith("loaded greeter")
    assert shell.run("llext load /ext/second.so --name visitor").startswith("loaded visitor")
    assert shell.run("llext call visitor visit") == "hello, visitor\n=> 1 (0x1)"
    assert "in use by visitor" in shell.run("llext unload greeter")
    shell.run("llext unload --all")
    assert "used 0" in shell.heap()


def test_a_debugger_is_told_where_sections_are(target, start_shell):  # noqa: F811
    """Sections of a library are told as those of an object are."""
    library = link(target, "hello", ["-shared"])
    shell = start_shell("--add", f"{library}:/ext/library.so")
    shell.run("llext load /ext/library.so")
    script = shell.run("llext gdb library")
    assert script.startswith("add-symbol-file library.so ") and " -s .text 0x" in script, script
