"""The extension kit, unpacked on a path with spaces: what its README says is typed there, and what comes out runs.

Nothing of the repository is at hand: not its path, not its environment.
"""

import os
import re
import shlex
import subprocess
import sys
import tarfile
import textwrap
import tomllib
from pathlib import Path

import pytest

from conftest import ROOT, XTASK

SHAPES = """
#include <llext.h>

class Shape {
public:
	virtual ~Shape() {}
	virtual int area() const = 0;
};

class Square : public Shape {
public:
	explicit Square(int side) : side_(side) { printk("made\\n"); }
	~Square() override { printk("gone\\n"); }
	int area() const override { return side_ * side_; }
private:
	int side_;
};

static Square seven(7);

extern "C" int area(int side)
{
	Shape *shape = side ? new Square(side) : &seven;
	int area = shape->area();
	if (side) {
		delete shape;
	}
	return area;
}
EXPORT_SYMBOL(area);
"""

# As sources for Zephyr's llext are written; what is wanted of the kernel is what the firmware has.
ZEPHYR = """
#include <zephyr/kernel.h>
#include <zephyr/llext/symbol.h>
#include <zephyr/logging/log.h>
#include <zephyr/sys/printk.h>

LOG_MODULE_REGISTER(sample, LOG_LEVEL_INF);

static const uint32_t answer = 42;
static int order[] = { 3, 1, 2 };

int start(void)
{
	int64_t before = k_uptime_get();
	char *copy = k_malloc(sizeof(order));

	ARG_UNUSED(copy);
	k_free(copy);
	printk("the answer is %lu of %d\\n", (unsigned long)answer, (int)ARRAY_SIZE(order));
	k_sleep(K_MSEC(2));
	k_usleep(10);
	LOG_INF("%s after %d", k_uptime_get() >= before + 2 ? "later" : "too soon", MAX(order[0], order[1]));
	LOG_DBG("not compiled in");
	return 0;
}

LL_EXTENSION_SYMBOL(start);
EXPORT_SYMBOL(order);
EXPORT_GROUP_SYMBOL_NAMED(SAMPLES, start, begin);
"""

WRONG = """
#![no_std]
#[llext::export]
fn generic<T>(_: T) {}
#[llext::export]
async fn asynchronous() {}
#[llext::export]
const CONSTANT: u32 = 1;
#[llext::export(name)]
fn named() {}
"""


class Kit:
    """An unpacked kit."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.readme = (folder / "README.md").read_text()
        self.toml = tomllib.loads((folder / "kit.toml").read_text())

    def block(self, language: str, path: str | None = None, which: int = 0) -> str:
        """A block of the README in this language, by default the first, with the kit's own path."""
        blocks = re.findall(rf"^ *```{language}\n(.*?)^ *```$", self.readme, re.MULTILINE | re.DOTALL)
        return textwrap.dedent(blocks[which]).replace("KIT", path or str(self.folder))

    def makefile(self) -> str:
        return self.block("make", str(self.folder).replace(" ", "\\ "))

    def run(self, folder: Path, *command: str | Path, fails: bool = False) -> str:
        """Runs a command in a folder, in an environment without anything of the repository's; what it says."""
        environment = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("CARGO", "LLEXT", "RUST")) or name in ("CARGO_HOME", "RUSTUP_HOME")
        }
        # CMake, Meson and Ninja are packages of Python here.
        environment["PATH"] = f"{Path(sys.executable).parent}:{environment['PATH']}"
        environment |= self.rust()
        done = subprocess.run(
            [*map(str, command)], cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        assert (done.returncode != 0) == fails, done.stdout + done.stderr
        return done.stdout + done.stderr

    def rust(self) -> dict[str, str]:
        """What cargo needs where rustup has no such target: Debian's Rust builds `core` from its source."""
        way = ["rustc", "--print", "target-libdir", "--target", self.toml["triple"]]
        libraries = subprocess.run(way, stdout=subprocess.PIPE, text=True).stdout.strip()
        if Path(libraries).is_dir():
            return {"CARGOFLAGS": "--offline"}
        return {
            "CARGO": "/usr/bin/cargo",
            "CARGOFLAGS": "--offline -Zbuild-std=core,alloc",
            "RUSTC": "/usr/bin/rustc",
            "RUSTC_BOOTSTRAP": "1",
        }


@pytest.fixture(scope="session")
def archive(built, tmp_path_factory) -> Path:
    """The tarball."""
    file = tmp_path_factory.mktemp("tarball") / "kit.tar.gz"
    pack(built.board, file)
    return file


def pack(board: str, file: Path) -> None:
    subprocess.run([*XTASK, "kit", "--board", board, "-o", file], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)


@pytest.fixture
def kit(archive, tmp_path) -> Kit:
    folder = tmp_path / "a kit"
    with tarfile.open(archive) as tar:
        tar.extractall(folder, filter="data")
    return Kit(next(folder.iterdir()))


@pytest.fixture
def project(tmp_path):
    """A function that makes a folder with these files."""

    def project(name: str, **files: str) -> Path:
        folder = tmp_path / f"my {name}"
        folder.mkdir()
        for file, text in files.items():
            path = folder / file.replace("__", "/").replace("_", ".")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return folder

    return project


def build_id(kit: Kit, file: Path) -> str:
    readelf = [kit.toml["c"]["prefix"] + "readelf", "-n", file]
    notes = subprocess.run(readelf, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True).stdout
    return re.search(r"Build ID: (\w+)", notes).group(1)


def test_the_readme_builds_c_with_each_tool(kit, project, start_shell):
    source = kit.block("c")
    by_hand = project("hand", blink_c=source)
    commands = re.search(r"\*\*By hand\*\*.*?\n\n(.*?)\n\n", kit.readme, re.DOTALL).group(1)
    kit.run(by_hand, "sh", "-ec", commands.replace("KIT", shlex.quote(str(kit.folder))))
    make = project("make", blink_c=source, Makefile=kit.makefile())
    kit.run(make, "make", "blink.elf")
    cmake = project("cmake", blink_c=source, CMakeLists_txt=kit.block("cmake"))
    kit.run(cmake, "cmake", "-B", "build", f"-DCMAKE_TOOLCHAIN_FILE={kit.folder}/cmake/toolchain.cmake", "-DLLEXT_BIND=ON")
    kit.run(cmake, "cmake", "--build", "build")
    meson = project("meson", blink_c=source, meson_build=kit.block("meson"))
    kit.run(meson, "meson", "setup", "build", "--cross-file", kit.folder / "meson/cross.ini")
    kit.run(meson, "meson", "compile", "-C", "build")

    folders = {"hand": by_hand, "make": make, "cmake": cmake / "build", "meson": meson / "build"}
    added = [word for name, folder in folders.items() for word in ("--add", f"{folder}/stripped/blink.elf:/ext/{name}.elf")]
    shell = start_shell(*added)
    for name, folder in folders.items():
        assert shell.run(f"llext load /ext/{name}.elf").startswith(f"loaded {name}: ")
        assert shell.run(f"llext call {name} toggle 13") == "pin 13 is on\n=> 1 (0x1)"
        # What GDB reads is where it looks for it.
        number = build_id(kit, folder / "stripped/blink.elf")
        debug = folder / "debug-files/.build-id" / number[:2] / f"{number[2:]}.debug"
        assert debug.read_bytes() == (folder / "blink.elf").read_bytes()
        assert str(ROOT).encode() not in debug.read_bytes(), "nothing came from the repository"


def test_cpp_rust_and_sources_for_zephyr(kit, project, start_shell):
    cargo = {"blinky__Cargo_toml": kit.block("toml"), "blinky__src__lib_rs": kit.block("rust")}
    make = project("make", shapes_cpp=SHAPES, sample_c=ZEPHYR, Makefile=kit.makefile(), **cargo)
    with (make / "Makefile").open("a") as makefile:
        makefile.write("shapes.elf: shapes.o\nsample.elf: sample.o\nABI = $(KIT_ABI)\n")
    kit.run(make, "make", "shapes.elf", "sample.elf", "blinky.elf", "CFLAGS=-Werror")

    shell = start_shell(*(word for file in sorted((make / "stripped").iterdir()) for word in ("--add", file)))
    assert shell.run("llext load /ext/shapes.elf").startswith("made\nloaded shapes: ")
    assert shell.run("llext call shapes area 0") == "=> 49 (0x31)"
    assert shell.run("llext call shapes area 5") == "made\ngone\n=> 25 (0x19)"
    assert shell.run("llext unload shapes").startswith("gone\n")
    assert shell.run("llext load /ext/blinky.elf").startswith("loaded blinky: ")
    assert shell.run("llext call blinky toggle 13") == "pin 13\n=> 13 (0xd)"
    assert shell.run("llext load /ext/sample.elf").startswith("loaded sample: ")
    for name in ("start", "begin"):
        expected = "the answer is 42 of 3\n<inf> sample: later after 3\n=> 0 (0x0)"
        assert shell.run(f"llext call sample {name}") == expected
    assert "order" in shell.run("llext sym sample")


def test_rust_with_cmake_and_meson(kit, project, start_shell):
    package = {"blinky__Cargo_toml": kit.block("toml"), "blinky__src__lib_rs": kit.block("rust")}
    cmake = project("cmake", CMakeLists_txt=kit.block("cmake", which=1), **package)
    toolchain = f"-DCMAKE_TOOLCHAIN_FILE={kit.folder}/cmake/toolchain.cmake"
    kit.run(cmake, "cmake", "-G", "Ninja", "-B", "build", toolchain, "-DLLEXT_BIND=ON")
    kit.run(cmake, "cmake", "--build", "build")
    meson = project("meson", meson_build=kit.block("meson", which=1), **package)
    kit.run(meson, "meson", "setup", "build", "--cross-file", kit.folder / "meson/cross.ini")
    kit.run(meson, "meson", "compile", "-C", "build")

    built = {"cmake": cmake / "build/stripped/blinky.elf", "meson": meson / "build/stripped/blinky.elf"}
    shell = start_shell(*(word for name, file in built.items() for word in ("--add", f"{file}:/ext/{name}.elf")))
    for name in built:
        assert shell.run(f"llext load /ext/{name}.elf").startswith(f"loaded {name}: ")
        assert shell.run(f"llext call {name} toggle 13") == "pin 13\n=> 13 (0xd)"
    bound = b"llext\0\0\0" + int(kit.toml["abi"], 16).to_bytes(4, "little")
    assert bound in built["cmake"].read_bytes() and bound not in built["meson"].read_bytes()

    # Only what has changed is built again.
    before = (cmake / "build/blinky.elf").stat().st_mtime_ns
    kit.run(cmake, "cmake", "--build", "build")
    assert (cmake / "build/blinky.elf").stat().st_mtime_ns == before
    source = cmake / "blinky/src/lib.rs"
    source.write_text(source.read_text().replace("pin {pin}", "gpio {pin}"))
    kit.run(cmake, "cmake", "--build", "build")
    assert b"gpio " in built["cmake"].read_bytes()
    (meson / "blinky/Cargo.toml").write_text(kit.block("toml").replace('name = "blinky"', 'name = "winky"'))
    said = kit.run(meson, "meson", "compile", "-C", "build", fails=True)
    assert "is its package called blinky, with crate-type" in said


def test_cpp_with_cmake(kit, project, start_shell):
    lists = kit.block("cmake").replace("project(blink C)", "project(shapes CXX)").replace("blink blink.c", "shapes shapes.cpp")
    cmake = project("cmake", shapes_cpp=SHAPES, CMakeLists_txt=lists)
    kit.run(cmake, "cmake", "-G", "Ninja", "-B", "b", f"-DCMAKE_TOOLCHAIN_FILE={kit.folder}/cmake/toolchain.cmake")
    kit.run(cmake, "cmake", "--build", "b")
    shell = start_shell("--add", cmake / "b/stripped/shapes.elf")
    assert shell.run("llext load /ext/shapes.elf").startswith("made\nloaded shapes: ")
    assert shell.run("llext call shapes area 0") == "=> 49 (0x31)"


def test_llext_builds_and_checks_without_the_repository_or_a_target(built, kit, project, start_shell):
    folder = project("tool", blink_c=kit.block("c"))
    kit.run(folder, built.tool, "build", "--kit", kit.folder, "blink.c")
    blink, orphan = folder / "build" / built.board / "stripped/blink.elf", built.extensions["orphan"]
    good = kit.run(folder, built.tool, "check", "--kit", kit.folder, blink)
    bad = kit.run(folder, built.tool, "check", "--kit", kit.folder, orphan, fails=True)
    shell = start_shell("--add", blink)
    for name, said in [("blink", good), ("orphan", bad)]:
        told = shell.run(f"llext load /ext/{name}.elf --dry-run").splitlines()
        expected = [line for line in told if line.split(" ")[0] in ("undefined", "text", "rodata", "data", "bss", "veneers")]
        assert len(expected) > 3 and [line for line in said.splitlines() if line in expected] == expected


def test_gdb_knows_what_the_kit_built(kit, project, start_debugging):
    make = project("make", blink_c=kit.block("c"), Makefile=kit.makefile())
    kit.run(make, "make", "blink.elf")
    firmware = kit.folder / kit.toml["files"]["firmware"]
    directory = f"set debug-file-directory {make}/debug-files"
    shell, gdb = start_debugging(directory, adding=(make / "stripped/blink.elf",), firmware=firmware)
    gdb.interrupt()
    assert "Breakpoint 1 (toggle) pending." in gdb.run("break toggle")
    gdb.send("continue")
    assert shell.run("llext load /ext/blink.elf").startswith("loaded blink: ")
    shell.send("llext call blink toggle 13")
    assert re.search(r"Breakpoint 1, toggle \(pin=13\) at .*blink\.c:\d+", gdb.wait())
    gdb.send("continue")
    assert "pin 13 is on" in shell.wait()


def test_the_kit_knows_its_firmware(kit, shell):
    """The id and the exports are those of the firmware, which lies in the kit itself."""
    assert f"exports {kit.toml['abi']}" in shell.run("version").splitlines()
    lines = (kit.folder / kit.toml["files"]["exports"]).read_text().splitlines()
    exports = [line.split("\t") for line in lines if not line.startswith("#")]
    assert [name for name, *_ in exports] == sorted(name for name, *_ in exports)
    (printk,) = [export for export in exports if export[0] == "printk"]
    assert printk[1] == "libc" and printk[3] == "0x87b31052"
    listed = shell.run("llext sym")
    assert [f"{address} {name}" for name, _, address, _ in exports] == listed.splitlines()


def test_the_same_inputs_make_the_same_kit(built, archive, tmp_path):
    pack(built.board, tmp_path / "again.tar.gz")
    assert (tmp_path / "again.tar.gz").read_bytes() == archive.read_bytes()


@pytest.mark.parametrize(
    ("compiler", "standard"), [("gcc", "c99"), ("gcc", "c11"), ("g++", "c++11"), ("g++", "c++17")]
)
def test_the_header_compiles_alone_and_twice(kit, project, compiler, standard):
    suffix = {"gcc": "c", "g++": "cpp"}[compiler]
    source = "#include <llext.h>\n#include <llext.h>\nint seven;\nEXPORT_SYMBOL(seven);\nLLEXT_ABI(0x12);\n"
    folder = project(standard, **{f"a_{suffix}": source})
    strict = [f"-std={standard}", "-Wall", "-Wextra", "-Wpedantic", "-Werror"]
    c = kit.toml["c"]
    kit.run(folder, c["prefix"] + compiler, *c["flags"], *strict, "-I", kit.folder / "include", "-c", f"a.{suffix}")


def test_what_rust_cannot_export_is_refused_with_the_reason(kit, project):
    wrong = project("rust", blinky__Cargo_toml=kit.block("toml"), blinky__src__lib_rs=WRONG, Makefile=kit.makefile())
    said = kit.run(wrong, "make", "blinky.elf", fails=True)
    for reason in (
        "a generic function has no address: export one that calls it",
        "an async function cannot be exported",
        "a constant has no address: export a static",
        "#[llext::export] has no options",
    ):
        assert f"error: {reason}" in said
