"""What compilers make of one source at different settings loads and gives the same results.

The sources are examples, and what they must print is in their transcripts.
"""

import itertools
import subprocess
from pathlib import Path

import pytest

import transcript
from conftest import ROOT, XTASK, Built

EXAMPLES = ROOT / "examples"

LEVELS = ["-O0", "-Os", "-O2"]
SECTIONS = [[], ["-ffunction-sections", "-fdata-sections"]]
# Far calls: through a register, or left to the loader's veneers. RISC-V: with and without what relaxation leaves behind.
CALLS = {"arm": [[], ["-mlong-calls"]], "riscv": [["-mno-relax"], ["-mrelax"]]}


class Target:
    """A board's compiler, as `cargo xtask extension` runs it."""

    def __init__(self, built: Built, folder: Path):
        self.board = built.board
        self.config = built.config
        self.folder = folder

    def extension(self, sources: list[Path], name: str, flags: list[str]) -> Path:
        """Builds an extension and returns its file."""
        output = self.folder / f"{name}.elf"
        command = [*XTASK, "extension", *map(str, sources), "--board", self.board, "-o", str(output)]
        subprocess.run([*command, "--", *flags], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
        return output

    def tool(self, name: str, *arguments: str | Path) -> None:
        """Runs one of the board's cross tools."""
        subprocess.run([self.config["c"]["prefix"] + name, *map(str, arguments)], check=True)

    def object(self, source: Path, name: str, flags: list[str]) -> Path:
        """The object of one compiler run, with nothing done to it."""
        output = self.folder / f"{name}.o"
        compiler = "g++" if source.suffix == ".cpp" else "gcc"
        include = f"-I{ROOT / 'sdk' / 'include'}"
        self.tool(compiler, *self.config["c"]["flags"], include, *flags, "-g", "-c", source, "-o", output)
        return output


@pytest.fixture(scope="session")
def target(built, tmp_path_factory) -> Target:
    return Target(built, tmp_path_factory.mktemp(f"matrix-{built.board}"))


def check(start_shell, example: str, files: list[Path]) -> None:
    """Plays the transcript of an example with each file in its place."""
    added = [argument for file in files for argument in ("--add", f"{file}:/ext/{file.name}")]
    shell = start_shell(*added)
    steps = transcript.read(EXAMPLES / example / "transcript.txt")
    for file in files:
        renamed = [
            transcript.Step(
                step.command.replace(f"load /ext/{example}.elf", f"load /ext/{file.name} --name {example}"),
                step.expected,
            )
            for step in steps
        ]
        try:
            transcript.play(shell, renamed)
        except AssertionError as difference:
            raise AssertionError(f"{file.name}: {difference}") from None
        shell.run("llext unload --all")


@pytest.mark.parametrize("example", ["calc", "shapes"])
@pytest.mark.parametrize("level", LEVELS)
def test_c_and_cpp(target, start_shell, example, level):
    files = []
    for sections, calls in itertools.product(SECTIONS, CALLS[target.config["machine"]]):
        name = f"{example}{level}{'-sections' if sections else ''}{''.join(calls[:1])}"
        files.append(target.extension([EXAMPLES / example], name, [level, *sections, *calls]))
    check(start_shell, example, files)


@pytest.mark.parametrize("level", ["0", "s", "2"])
def test_rust(target, start_shell, level):
    flags = [f"--config=profile.release.package.{package}.opt-level={level!r}" for package in ("rusty", "llext-sdk")]
    if level.isdigit():
        flags = [flag.replace("'", "") for flag in flags]
    check(start_shell, "rusty", [target.extension([EXAMPLES / "rusty"], f"rusty-{level}", flags)])


@pytest.mark.parametrize("level", LEVELS)
def test_objects_of_one_compiler_run(target, start_shell, level):
    source = EXAMPLES / "calc" / "calc.c"
    files = [
        target.object(source, f"calc{level}-object{number}", [level, *sections, *calls])
        for number, (sections, calls) in enumerate(itertools.product(SECTIONS, CALLS[target.config["machine"]]))
    ]
    check(start_shell, "calc", files)


@pytest.mark.parametrize("level", LEVELS)
def test_cpp_joined_without_our_linker_script(target, start_shell, level):
    """COMDAT groups and their many sections reach the loader as the compiler left them."""
    no_runtime = ["-fno-exceptions", "-fno-rtti", "-fno-threadsafe-statics", "-fno-use-cxa-atexit"]
    sources = sorted((EXAMPLES / "shapes").glob("*.cpp"))
    objects = [target.object(source, f"{source.stem}{level}", [level, *no_runtime]) for source in sources]
    joined = target.folder / f"shapes{level}-groups.elf"
    # The driver chooses the emulation; picolibc's specs would add a collection of sections.
    cpu = [flag for flag in target.config["c"]["flags"] if not flag.startswith("--specs")]
    target.tool("gcc", *cpu, "-r", "-nostdlib", *objects, "-o", joined)
    check(start_shell, "shapes", [joined])
