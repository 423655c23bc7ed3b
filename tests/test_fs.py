"""The file system: interchange with littlefs-python, damage, power cuts, and no space left."""

import random
import re
import signal
import subprocess
from pathlib import Path

import littlefs
import pexpect
import pytest

from conftest import PROMPT

# The version of the format that host and target speak: littlefs2's default.
DISK_VERSION = 0x0002_0000


@pytest.fixture
def geometry(built) -> dict:
    """The board's geometry in littlefs-python's words, from the superblock of an image that we packed."""
    superblock = built.image.read_bytes()[:32]
    assert superblock[8:16] == b"littlefs"
    words = [int.from_bytes(superblock[at : at + 4], "little") for at in (24, 28)]
    return {"block_size": words[0], "block_count": words[1], "disk_version": DISK_VERSION}


def mount(image: Path, geometry: dict) -> littlefs.LittleFS:
    """Mounts an image with littlefs-python."""
    fs = littlefs.LittleFS(**geometry, mount=False)
    fs.context.buffer = bytearray(image.read_bytes())
    fs.mount()
    return fs


@pytest.fixture
def pack(built):
    """A function that runs the host's packer."""

    def pack(*arguments: str | Path) -> subprocess.CompletedProcess:
        return subprocess.run([built.packer, *map(str, arguments)], capture_output=True)

    return pack


def test_littlefs_python_reads_what_the_host_packed(built, geometry, pack, new_image, tmp_path):
    image = new_image()
    (tmp_path / "long").write_bytes(bytes(range(256)) * 1000)
    assert pack("add", image, f"{tmp_path}/long:/a/b/long").returncode == 0

    fs = mount(image, geometry)
    assert set(fs.listdir("/ext")) == {f"{name}.elf" for name in built.extensions}
    with fs.open("/a/b/long", "rb") as file:
        assert file.read() == bytes(range(256)) * 1000


def test_host_and_target_read_what_littlefs_python_wrote(geometry, pack, start_shell, tmp_path):
    fs = littlefs.LittleFS(**geometry)
    fs.makedirs("/docs/deep")
    with fs.open("/docs/deep/motd.txt", "w") as file:
        file.write("Hello, world\n")
    with fs.open("/docs/long", "wb") as file:
        file.write(b"0123456789abcdef" * 1000)
    image = tmp_path / "python.image"
    image.write_bytes(fs.context.buffer)

    listing = pack("ls", image).stdout.decode()
    assert "      13 /docs/deep/motd.txt\n" in listing and "   16000 /docs/long\n" in listing
    assert pack("cat", image, "/docs/deep/motd.txt").stdout == b"Hello, world\n"

    shell = start_shell(image=image)
    assert shell.run("cat /docs/deep/motd.txt") == "Hello, world"
    assert shell.run("ls /docs") == "       - deep/\n   16000 long"
    assert shell.run("hexdump /docs/long 15984").splitlines()[0].endswith("|0123456789abcdef|")


def test_littlefs_python_reads_what_the_target_wrote(built, geometry, shell):
    shell.run("mkdir /made")
    shell.run("cp /ext/counter.elf /made/copy.elf")
    shell.run("mv /ext/hello.elf /made/moved.elf")
    shell.run("llext load /ext/counter.elf")
    script = shell.run("llext gdb counter")
    shell.exit()

    fs = mount(shell.image, geometry)
    assert set(fs.listdir("/made")) == {"copy.elf", "moved.elf"}
    with fs.open("/made/copy.elf", "rb") as copy, fs.open("/ext/counter.elf", "rb") as original:
        assert copy.read() == original.read()
    with fs.open("/gdb/counter.gdb") as file:
        assert file.read().rstrip("\n") == script


def test_the_host_packer_refuses_another_version_of_the_format(geometry, pack, tmp_path):
    fs = littlefs.LittleFS(**{**geometry, "disk_version": 0x0002_0001})
    image = tmp_path / "newer.image"
    image.write_bytes(fs.context.buffer)
    refused = pack("ls", image)
    assert refused.returncode == 1
    assert "found littlefs 2.1, expected 2.0" in refused.stderr.decode()


@pytest.mark.parametrize("byte", [0x00, 0xFF])
def test_a_blank_image_is_offered_a_format(built, start_shell, tmp_path, byte):
    image = tmp_path / "blank.image"
    image.write_bytes(bytes([byte]) * built.image.stat().st_size)
    shell = start_shell(image=image)
    assert shell.run("ls /").splitlines() == [
        "error: ls: /: no file system, or a damaged one",
        "hint: `fs format --yes` makes an empty file system; all files are lost",
    ]
    assert shell.run("llext load /ext/hello.elf").startswith("error: load: /ext/hello.elf: no file system")

    assert shell.run("fs format").splitlines()[-1] == "hint: `fs format --yes` does it"
    assert shell.run("ls /").startswith("error: ")
    assert re.fullmatch(r"formatted: \d+ bytes free", shell.run("fs format --yes"))

    assert shell.run("mkdir /works") == ""
    shell.restart()
    assert shell.run("ls /") == "       - works/"


def test_boot_says_that_there_is_no_file_system(built, start_shell, tmp_path):
    image = tmp_path / "blank.image"
    image.write_bytes(bytes(built.image.stat().st_size))
    banner = start_shell(image=image).child.before
    assert "fs format" in banner, "the user is told before the first prompt"


def test_damage_is_an_error_and_never_a_panic(built, start_shell, new_image):
    """Whatever is overwritten, every command returns to the prompt, and a format mends it."""
    image = new_image()
    chance = random.Random(1)
    used = max(64 << 10, image.stat().st_size // 64)
    with image.open("r+b") as file:
        for _ in range(200):
            file.seek(chance.randrange(32, used))
            file.write(chance.randbytes(chance.randrange(1, 64)))
    shell = start_shell(image=image)
    names = " ".join(built.extensions).split()
    commands = ["ls /", "ls /ext", "df", "mkdir /new", "cp /ext/hello.elf /copy", "rm /ext/calc.elf"]
    for command in [*commands, *(f"llext load /ext/{name}.elf" for name in names), "llext unload --all"]:
        shell.run(command)
    assert shell.run("fs format --yes").startswith("formatted: ")
    assert shell.run("ls /") == ""
    assert shell.run("mkdir /works") == ""


def test_a_superblock_that_is_gone(start_shell, new_image, geometry):
    image = new_image()
    with image.open("r+b") as file:
        for block in (0, 1):
            file.seek(block * geometry["block_size"])
            file.write(b"\xa5" * 4096)
    shell = start_shell(image=image)
    assert shell.run("df").startswith("error: df: /: no file system, or a damaged one\nhint: `fs format --yes`")


def test_a_full_disk_leaves_everything_as_it_was(built, start_shell, tmp_path):
    big = tmp_path / "big"
    big.write_bytes(random.Random(2).randbytes(built.image.stat().st_size * 13 // 16))
    shell = start_shell("--add", f"{big}:/big")
    before = shell.run("ls /"), shell.run("df")
    assert shell.run("cp /big /second").splitlines() == [
        "error: cp: /second: no space left on the file system",
        "hint: `df` shows what is free, `rm` makes room",
    ]
    assert (shell.run("ls /"), shell.run("df")) == before
    assert shell.run("mkdir /still") == ""
    assert shell.run("rm /big") == ""
    assert shell.run("cp /ext/hello.elf /small") == ""


@pytest.mark.parametrize("cut", range(4))
def test_a_power_cut_in_a_write_loses_only_that_write(start_shell, pack, tmp_path, cut):
    """The emulator is killed in the middle of a copy: the old contents stay, and all else too."""
    chance = random.Random(cut)
    (tmp_path / "old").write_bytes(chance.randbytes(10_000))
    (tmp_path / "new").write_bytes(chance.randbytes(1_000_000))
    shell = start_shell("--add", f"{tmp_path}/old:/old", "--add", f"{tmp_path}/old:/target", "--add", f"{tmp_path}/new:/new")
    shell.child.send("cp /new /target\r")
    shell.child.expect_exact("cp /new /target\r\n")
    # No prompt after a moment: the copy is under way.
    finished = shell.child.expect_exact([PROMPT, pexpect.TIMEOUT], timeout=0.02 * (cut + 1)) == 0
    shell.child.kill(signal.SIGKILL)
    shell.child.expect(pexpect.EOF)
    shell.child.close()

    shell.child = shell.start()
    assert " 10000 old\n" in shell.run("ls /") + "\n"
    assert shell.run("cp /new /again") == ""
    shell.exit()
    assert pack("check", shell.image).returncode == 0
    target = pack("cat", shell.image, "/target").stdout
    whole = [(tmp_path / name).read_bytes() for name in ("old", "new")]
    assert target == whole[1] if finished else target in whole
    assert pack("cat", shell.image, "/again").stdout == whole[1]
