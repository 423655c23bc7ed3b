"""The prompt returns: 1,000 calls into hostile code, one after the other, on each board.

What they do is in `zoo.py`. After each call a good one must give its value, after every 25 the list must be right and the
heap as it was before they were loaded; in the end the file system's files are the same byte for byte, read on the host.
Damage to the heap itself is apart: it is told, not undone.
"""

import random
import subprocess

import pytest

from conftest import PROMPT, ROOT, XTASK
from test_fs import geometry, mount  # noqa: F401 (a fixture)
from zoo import Zoo

CALLS = 1000
AT_A_TIME = 25
SEED = 20_000

# What constructors and destructors do, too.
MOMENTS = ["load", "null_store", "jump", "recursion", "abort", "exit", "masked_fault", "double_free", "bad_copy", "assertion"]


@pytest.fixture(scope="session")
def zoo(built):
    """The zoo for the board's machine."""
    return Zoo("arm" if built.is_arm else "riscv", SEED)


@pytest.fixture(scope="session")
def build(built, tmp_path_factory):
    """A function that builds an extension from a source text."""
    folder = tmp_path_factory.mktemp(f"zoo-{built.board}")
    # What the zoo does is what compilers warn of, and would leave out if they knew what functions do.
    flags = ["-fno-builtin", "-w"] + ([] if built.is_arm else ["-march=rv32imac_zicsr"])

    def build(name, source):
        (folder / f"{name}.c").write_text(source)
        output = folder / f"{name}.elf"
        command = [*XTASK, "extension", folder / f"{name}.c", "--board", built.board, "-o", output, "--", *flags]
        subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
        return output

    return build


@pytest.fixture(scope="session")
def extension(build, zoo):
    """`zoo.c`, built for the board."""
    return build("zoo", zoo.source())


def load(shell):
    assert shell.run("llext load /ext/zoo.elf").startswith("loaded zoo")
    assert shell.run("llext load /ext/zoo.elf --name good").startswith("loaded good")


def call(shell, function):
    """What the shell says of a call into the zoo."""
    command = function.call("zoo")
    if not function.kind.deaf:
        return shell.run(command)
    # What comes while its receiver is off, a UART loses: nothing is typed until the prompt is back.
    shell.child.send(command + "\r")
    shell.child.expect_exact(command + "\r\n")
    shell.child.expect_exact("\r\n" + PROMPT)
    return shell.child.before


def check_good(shell, after):
    assert shell.run("llext call good good 41") == "=> 42 (0x2a)", f"after {after}"


def test_the_zoo_is_large(zoo):
    assert len(zoo.kinds) >= 50
    assert len({function.name for function in zoo.functions}) == len(zoo.functions) <= CALLS


def test_a_thousand_hostile_calls(zoo, extension, geometry, start_shell, tmp_path):
    contents = random.Random(SEED).randbytes(30_000)
    (tmp_path / "kept").write_bytes(contents)
    shell = start_shell("--add", extension, "--add", f"{tmp_path}/kept:/kept/file")
    before = shell.heap()
    calls = zoo.calls(CALLS)
    for start in range(0, CALLS, AT_A_TIME):
        load(shell)
        for function in calls[start : start + AT_A_TIME]:
            output = call(shell, function)
            assert function.is_told_by(output), f"{function.name}: {function.kind.told!r} is not in {output[-500:]!r}"
            check_good(shell, function.name)
        names = [line.split()[0] for line in shell.run("llext list").splitlines()[:2]]
        assert sorted(names) == ["good", "zoo"]
        assert "unloaded" in shell.run("llext unload --all")
        assert shell.heap() == before

    shell.run("cp /kept/file /kept/copy")
    assert shell.exit() == 0
    fs = mount(shell.image, geometry)
    for name in ("/kept/file", "/kept/copy"):
        with fs.open(name, "rb") as file:
            assert file.read() == contents
    with fs.open("/ext/zoo.elf", "rb") as file:
        assert file.read() == extension.read_bytes()
    assert fs.listdir("/gdb") == []


def test_what_a_call_switched_off_is_on_again_for_the_next(zoo, extension, start_shell):
    shell = start_shell("--add", extension)
    load(shell)
    for kind in ("no_region", "no_protection", "no_fault_handlers", "vector", "masked"):
        for function in (function for function in zoo.functions if function.kind.name == kind):
            assert function.is_told_by(shell.run(function.call("zoo"))), function.name
            for forbidden in map(zoo.pick, ("null_load", "text_store", "recursion", "data_jump")):
                assert forbidden.is_told_by(shell.run(forbidden.call("zoo"))), f"{forbidden.name} after {function.name}"


def test_the_prompt_hears_what_is_typed_after_a_call_that_made_it_deaf(zoo, extension, start_shell):
    shell = start_shell("--add", extension)
    load(shell)
    for function in (function for function in zoo.functions if function.kind.deaf):
        for _ in range(5):
            assert call(shell, function) == "=> 7 (0x7)"
            check_good(shell, function.name)


@pytest.mark.parametrize("moment", ["constructor", "destructor"])
def test_hostile_constructors_and_destructors(zoo, build, start_shell, moment):
    functions = [zoo.pick(kind) for kind in MOMENTS]
    files = [build(f"{moment}_{function.name}", function.source_at(moment)) for function in functions]
    shell = start_shell(*[word for file in files for word in ("--add", file)])
    before = shell.heap()
    for function, file in zip(functions, files):
        loaded = shell.run(f"llext load /ext/{file.name}")
        if moment == "constructor":
            assert f"error: load: {file.stem}: a constructor" in loaded
            assert "the load is undone" in loaded
            told = loaded
        else:
            assert loaded.startswith(f"loaded {file.stem}")
            told = shell.run(f"llext unload {file.stem}")
            assert f"error: unload: {file.stem}: a destructor" in told
            assert f"unloaded {file.stem}" in told
        assert function.is_told_by(told), f"{function.name}: {told!r}"
        assert shell.run("llext list") == "nothing is loaded"
        assert shell.heap() == before


@pytest.fixture(scope="session")
def heap_damage(build):
    """`heap_damage.c`, built for the board."""
    return build("heap_damage", (ROOT / "tests" / "heap_damage.c").read_text())


@pytest.mark.parametrize("value", [0, 0xFF, 0xA5, 256])
def test_a_heap_that_was_overwritten_keeps_nobody_from_the_prompt(heap_damage, start_shell, value):
    """What lies around a block is gone, and everybody goes on with the heap. No block is given back that may be another's."""
    shell = start_shell("--add", heap_damage)
    before = shell.heap()
    for before_block, behind in [(0, 16), (0, 200), (8, 8), (64, 0), (64, 200)]:
        shell.run("llext load /ext/heap_damage.elf")
        call = f"llext call heap_damage overwrite {before_block} {behind} {value} 30 --timeout 1000"
        assert shell.run(call).splitlines()[0] == "=> 7 (0x7)"
        assert "hint: save what you need and `reboot`" in shell.run("llext heap")
        assert "unloaded heap_damage" in shell.run("llext unload heap_damage")
        shell.run("llext load /ext/hello.elf")
        assert shell.run("llext call hello hello_world").splitlines() == ["hello world", "=> 0 (0x0)"]
        shell.child.send("reboot\r")
        shell.child.expect_exact("reboot\r\n")
        shell.child.expect_exact(PROMPT)
        assert shell.heap() == before


def test_ctrl_c_ends_a_constructor(zoo, build, start_shell):
    file = build("endless", zoo.pick("loop").source_at("constructor"))
    shell = start_shell("--add", file)
    shell.child.send("llext load /ext/endless.elf\r")
    shell.child.expect_exact("endless.elf\r\n")
    shell.child.send("\x03")
    shell.child.expect_exact("was interrupted by Ctrl-C")
    shell.child.expect_exact(PROMPT)
    assert shell.run("llext list") == "nothing is loaded"
