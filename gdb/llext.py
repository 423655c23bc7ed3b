"""GDB commands for firmware of llext-shell. They work on a stopped target; none of its code runs for them.

    info llext                         what is loaded, and where GDB has its symbols from
    llext load-symbols [NAME [FILE]]   finds the files of extensions by build-id, and reads their symbols
    llext forget [NAME]                takes such symbols back
    llext regions [NAME]               where their memory is
    llext bt                           a backtrace that says which extension each address is in
    llext fault                        the last fault that the firmware remembers
    set llext-path DIR:DIR             more folders to look for files in
    set llext-stop-at-faults off       do not stop where an extension faults

Load it by `source gdb/llext.py`, or let GDB do so: a copy beside the firmware's ELF, called FIRMWARE-gdb.py, is read with it.
What it does about faults is in llext_fault.py.

The list of extensions is read by two symbols of the firmware: `llext_debug_root`, a pointer to its loader, and
`llext_debug_layout`, offsets (llext/src/loaded/layout.rs). So it needs no debug information of the firmware.
"""

import os
import re
import struct

import gdb

REGIONS = ("text", "rodata", "data", "bss", "file")
LAYOUT = (
    "first next id faulted regions region_size region_address region_length region_bits build_id build_id_length exports_region "
    "exports dependencies sections name origin tail"
).split()


# The target's memory.


def address_of(symbol):
    """The address of a symbol of the firmware, or None."""
    try:
        # As a symbol of the linker: the linker's address is right however the compiler merged variables.
        text = gdb.execute(f"with language c -- output/x (long)&{symbol}", to_string=True)
    except gdb.error:
        return None
    # A warning about the language may follow.
    return int(re.match("0x[0-9a-f]+", text).group(), 16)


def read(address, length):
    """Bytes of the target."""
    return bytes(gdb.selected_inferior().read_memory(address, length)) if length else b""


def word(address, size=4):
    """A number of the target, little-endian."""
    return int.from_bytes(read(address, size), "little")


def is_arm():
    return "arm" in gdb.selected_inferior().architecture().name()


class Extension:
    """An extension as the loader's descriptor at `at` tells it."""

    def __init__(self, at, layout):
        def field(name, size):
            return word(at + layout[name], size)

        def texts(start, length):
            return read(start, length).decode("ascii", "replace")

        self.at = at
        self.id = field("id", 4)
        self.next = field("next", 4)
        self.faulted = field("faulted", 1) != 0
        self.regions = {}
        mask = (1 << layout["region_bits"]) - 1
        addresses = []
        for number, kind in enumerate(REGIONS):
            region = at + layout["regions"] + number * layout["region_size"]
            addresses.append(word(region + layout["region_address"]))
            size = word(region + layout["region_length"]) & mask
            if size:
                self.regions[kind] = (addresses[-1], size)
        build_id = addresses[1] + field("build_id", 4)
        self.build_id = read(build_id, field("build_id_length", 1)).hex()
        tail = at + layout["tail"]
        sections = tail + 4 * field("dependencies", 2)
        names = sections + 16 * field("sections", 2)
        if field("exports_region", 1) >= len(REGIONS):
            names += 8 * field("exports", 4)
        self.name = texts(names, field("name", 1))
        self.origin = texts(names + len(self.name), field("origin", 1))
        self.sections = []
        for record in range(sections, sections + 16 * field("sections", 2), 16):
            name, place, offset, size = struct.unpack("<4I", read(record, 16))
            name = read(tail + name, 64).split(b"\0")[0].decode("ascii", "replace")
            self.sections.append((name, addresses[place & 7] + offset, size, REGIONS[place & 7]))

    def code(self):
        """The address of its first section of code."""
        places = [address for _, address, size, region in self.sections if size and region in ("text", "file")]
        return places[0] if places else self.at

    def region_at(self, address):
        """The name of its region that an address lies in, or None."""
        return next((kind for kind, (start, size) in self.regions.items() if start <= address < start + size), None)

    def section_at(self, address):
        """The section that an address lies in, and how far, or None."""
        found = ((name, address - start) for name, start, size, _ in self.sections if start <= address < start + size)
        return next(found, None)

    def symbols(self):
        """The file that GDB has its symbols from, or None."""
        table = gdb.find_pc_line(self.code()).symtab
        if table is None or (table.objfile.build_id or "") != self.build_id:
            return None
        return table.objfile


def extensions():
    """What is loaded, in the order of the loads."""
    root, at = address_of("llext_debug_root"), address_of("llext_debug_layout")
    if root is None or at is None:
        raise gdb.GdbError("This is no firmware with a loader: no symbol llext_debug_root. `file FIRMWARE` first.")
    layout = dict(zip(LAYOUT, struct.unpack(f"<{len(LAYOUT)}H", read(at, 2 * len(LAYOUT)))))
    loader = word(root)
    loaded, at = [], word(loader + layout["first"]) if loader else 0
    while at and len(loaded) < 1000:
        loaded.append(Extension(at, layout))
        at = loaded[-1].next
    return loaded


def chosen(name):
    """The extension of this name; all if there is no name."""
    loaded = extensions()
    named = [extension for extension in loaded if name in (None, extension.name)]
    if name and not named:
        names = ", ".join(extension.name for extension in loaded) or "nothing"
        raise gdb.GdbError(f"{name}: no such extension; loaded is {names}.")
    return named


# Files of the host.


class Path(gdb.Parameter):
    """Folders, separated by colons, where `llext load-symbols` looks for extensions, after the debug-file-directory."""

    set_doc = show_doc = __doc__

    def __init__(self):
        super().__init__("llext-path", gdb.COMMAND_FILES, gdb.PARAM_OPTIONAL_FILENAME)
        self.value = ""

    def get_set_string(self):
        return ""

    def get_show_string(self, value):
        return f"Extensions are looked for in: {value or '(no more folders)'}"


def sections(data):
    """Type, address, offset and size of each section of a little-endian ELF32."""
    table, size, count = struct.unpack_from("<I", data, 32) + struct.unpack_from("<HH", data, 46)
    for index in range(1, count):
        kind, _, address, at, length = struct.unpack_from("<5I", data, table + index * size + 4)
        yield kind, address, at, length


def build_id_of(file):
    """The build-id of an ELF file of 32 bits as text; '' if it has none, None if it is no such file."""
    with open(file, "rb") as opened:
        data = opened.read()
    if data[:7] != b"\x7fELF\x01\x01\x01":
        return None
    for kind, _, at, length in sections(data):
        note = data[at : at + length]
        if kind == 7 and note[8:16] == b"\x03\0\0\0GNU\0":
            return note[16 : 16 + struct.unpack_from("<I", note, 4)[0]].hex()
    return ""


def folders(parameter):
    return [folder for folder in (gdb.parameter(parameter) or "").split(":") if folder]


def find(extension):
    """The file of an extension, and remarks on files that are not the one."""
    if not extension.build_id:
        hint = f"`llext load-symbols {extension.name} FILE` takes your word for it"
        return None, [f"the file has no build-id to know it by; {hint}"]
    name = os.path.join(".build-id", extension.build_id[:2], extension.build_id[2:] + ".debug")
    base = os.path.basename(extension.origin) or extension.name + ".elf"
    places = [os.path.join(folder, name) for folder in folders("debug-file-directory")]
    places += [os.path.join(folder, base) for folder in [*folders("llext-path"), os.getcwd()]]
    remarks = []
    for file in filter(os.path.isfile, places):
        found = build_id_of(file)
        if found == extension.build_id:
            return file, []
        remarks.append(stale(file, found, extension))
    return None, remarks or [f"no file with the build-id {extension.build_id} in debug-file-directory or llext-path"]


def stale(file, found, extension):
    if found is None:
        return f"{file} is no 32-bit ELF file"
    what = f"has the build-id {found}" if found else "has no build-id"
    return f"{file} is stale: it {what}, and what is loaded {extension.build_id}"


# Symbols.

ADDED = {}  # Files that were read here, by id of the extension.


def add(extension, file):
    """Reads the symbols of an extension, whose sections lie where the loader put them."""
    words = [f'"{file}"']
    for name, address, _, _ in extension.sections:
        words += ["-s", name, hex(address)]
    gdb.execute("add-symbol-file " + " ".join(words), to_string=True)
    ADDED[extension.id] = (file, extension.name, extension.code())


def drop(ident):
    """Takes back what `add` did."""
    file, name, address = ADDED.pop(ident)
    try:
        gdb.execute(f"remove-symbol-file -a {address:#x}", to_string=True)
    except gdb.error:
        pass  # The user was faster.


def tells_itself():
    """Whether the firmware has GDB's JIT interface."""
    return address_of("__jit_debug_descriptor") is not None


def follow(event=None):
    """Without the JIT interface: reads what came and forgets what went, whenever the target stops."""
    if tells_itself() or address_of("llext_debug_root") is None:
        return
    try:
        loaded = extensions()
    except (gdb.error, gdb.GdbError):
        return
    for ident in ADDED.keys() - {extension.id for extension in loaded}:
        drop(ident)
    for extension in loaded:
        file, _ = find(extension) if extension.id not in ADDED and not extension.symbols() else (None, [])
        if file:
            add(extension, file)


# Breakpoints. When an extension goes that GDB knows by its JIT interface, GDB leaves breakpoints in what was its memory. A
# probe would write them there; and the next load of anything else would disable them with an error.

WAITING = []
UNREGISTER = 2


class Farewell(gdb.Breakpoint):
    """Where the firmware tells GDB of what comes and goes, just before GDB takes notice."""

    def __init__(self):
        super().__init__("*" + hex(address_of("__jit_debug_register_code")), internal=True)
        self.silent = True

    def stop(self):
        _, action, entry, _ = struct.unpack("<4I", read(address_of("__jit_debug_descriptor"), 16))
        if action == UNREGISTER:
            let_wait(places(entry))
        return False


def places(entry):
    """Where the sections lie of the object file that a JIT entry tells of: (address, size)."""
    file, size = word(entry + 8), word(entry + 16)
    return [(address, length) for kind, address, _, length in sections(read(file, size)) if kind == 8]


def let_wait(memory):
    """Disables the breakpoints in memory that goes."""
    for breakpoint in gdb.breakpoints():
        if breakpoint.type != gdb.BP_BREAKPOINT or not breakpoint.enabled or breakpoint.pending:
            continue
        addresses = [location.address for location in breakpoint.locations]
        if addresses and all(any(start <= at < start + size for start, size in memory) for at in addresses):
            breakpoint.enabled = False
            WAITING.append(breakpoint)


def wake(event):
    """Enables those whose symbols came."""
    for breakpoint in list(WAITING):
        if not breakpoint.is_valid():
            WAITING.remove(breakpoint)
            continue
        try:
            gdb.decode_line(breakpoint.location)
        except gdb.error:
            continue
        WAITING.remove(breakpoint)
        breakpoint.enabled = True


# Commands.


class InfoLlext(gdb.Command):
    """Show the extensions that are loaded, and where GDB has their symbols from."""

    def __init__(self):
        super().__init__("info llext", gdb.COMMAND_STATUS)

    def invoke(self, argument, from_tty):
        loaded = extensions()
        if not loaded:
            print("Nothing is loaded.")
        for extension in loaded:
            size = sum(size for _, size in extension.regions.values())
            objfile = extension.symbols()
            faulted = ", faulted" if extension.faulted else ""
            print(f"{extension.name}: {size} bytes at {extension.code():#010x}, from {extension.origin or 'memory'}{faulted}")
            print(f"    build-id {extension.build_id or 'none'}")
            if objfile:
                print(f"    symbols from {objfile.filename}")
                continue
            file, remarks = find(extension)
            for remark in remarks or [f"{file} has them: `llext load-symbols {extension.name}`"]:
                print(f"    no symbols: {remark}")


class Llext(gdb.Command):
    """Commands for extensions of the firmware: `help llext` lists them."""

    def __init__(self):
        super().__init__("llext", gdb.COMMAND_USER, gdb.COMPLETE_NONE, True)


class LoadSymbols(gdb.Command):
    """Read the symbols of an extension, or of all, where GDB does not have them: llext load-symbols [NAME [FILE]]
Files are looked for by build-id in the debug-file-directory, and by name in the folders of llext-path and in the current one. A
file with another build-id than what is loaded is refused."""

    def __init__(self):
        super().__init__("llext load-symbols", gdb.COMMAND_FILES)

    def invoke(self, argument, from_tty):
        name, file = (gdb.string_to_argv(argument) + [None, None])[:2]
        failed = []
        for extension in chosen(name):
            if extension.symbols() and not file:
                print(f"{extension.name}: GDB has its symbols")
                continue
            found, remarks = self.given(extension, file) if file else find(extension)
            if not found:
                failed += [f"{extension.name}: {remark}" for remark in remarks]
                continue
            add(extension, found)
            print(f"{extension.name}: symbols read from {found}")
        if failed:
            raise gdb.GdbError("\n".join(failed))

    @staticmethod
    def given(extension, file):
        file = os.path.abspath(os.path.expanduser(file))
        if not os.path.isfile(file):
            return None, [f"{file}: no such file"]
        found = build_id_of(file)
        if found is None or extension.build_id and found != extension.build_id:
            return None, [stale(file, found, extension)]
        return file, []


class Forget(gdb.Command):
    """Forget the symbols that `llext load-symbols` or a script read of an extension, or of all: llext forget [NAME]
Its breakpoints wait until symbols for them are loaded again."""

    def __init__(self):
        super().__init__("llext forget", gdb.COMMAND_FILES)

    def invoke(self, name, from_tty):
        mine = [ident for ident, (_, known, _) in ADDED.items() if name in ("", known)]
        for ident in mine:
            drop(ident)
        # What a pasted script read.
        files = [file.filename for file in gdb.objfiles() if name and os.path.basename(file.filename) == f"{name}.elf"]
        for file in files:
            gdb.execute(f'remove-symbol-file "{file}"', to_string=True)
        if name and not mine and not files:
            raise gdb.GdbError(f"No symbols of {name} were read.")


class Regions(gdb.Command):
    """Show the memory of an extension, or of all: llext regions [NAME]"""

    def __init__(self):
        super().__init__("llext regions", gdb.COMMAND_STATUS)

    def invoke(self, name, from_tty):
        for extension in chosen(name or None):
            for kind, (start, size) in extension.regions.items():
                print(f"{extension.name:12} {kind:6} {start:#010x}-{start + size:#010x} {size:7}")


def place(address, loaded):
    """What an address is: `hello:crash+0x12 (/ext/hello.elf .text+0x52)`, or a symbol of the firmware."""
    symbol = gdb.execute(f"info symbol {address:#x}", to_string=True)
    known = re.match(r"(\S.*?)(?: \+ (\d+))? in section", symbol)
    name = f"{known.group(1)}+{int(known.group(2) or 0):#x}" if known else f"{address:#010x}"
    for extension in loaded:
        section = extension.section_at(address)
        if section or extension.region_at(address):
            where = "{}+{:#x}".format(*section) if section else extension.region_at(address)
            return f"{extension.name}:{name} ({extension.origin or extension.name} {where})"
    return name


class Backtrace(gdb.Command):
    """Show the calls that led here, and for each which extension it is in: llext bt"""

    def __init__(self):
        super().__init__("llext bt", gdb.COMMAND_STACK)

    def invoke(self, argument, from_tty):
        if gdb.selected_thread() is None:
            raise gdb.GdbError("The target is not connected, or it runs.")
        loaded, frame, number = extensions(), gdb.newest_frame(), 0
        while frame is not None and frame.is_valid():
            table, line = frame.find_sal().symtab, frame.find_sal().line
            source = f" at {table.filename}:{line}" if table and line else ""
            print(f"#{number:<2} {place(frame.pc(), loaded)}{source}")
            frame, number = frame.older(), number + 1
        if number == 1 and "(" not in place(gdb.newest_frame().pc(), loaded):
            # A jump to nowhere: GDB knows no way back from there, but the call left one.
            back = int(gdb.newest_frame().read_register("lr" if is_arm() else "ra")) & 0xFFFFFFFF
            print(f"#1  {place(back, loaded)}, which the return address says")


# Printers.


class RegistryPrinter:
    """The loader's list of extensions: their names, and where their descriptors are."""

    def __init__(self, value):
        self.value = value

    def to_string(self):
        return f"{len(extensions())} extensions"

    def children(self):
        return ((extension.name, hex(extension.at)) for extension in extensions())


def printers():
    collection = gdb.printing.RegexpCollectionPrettyPrinter("llext")
    collection.add_printer("Registry", "^llext::loaded::registry::Registry$", RegistryPrinter)
    gdb.printing.register_pretty_printer(None, collection, replace=True)


def look_beside(objfile):
    """Adds `debug-files` of the folders above the firmware to debug-file-directory, if GDB was not told of one."""
    folder = os.path.dirname(os.path.abspath(objfile.filename))
    while folder != os.path.dirname(folder):
        files = os.path.join(folder, "debug-files")
        if os.path.isdir(os.path.join(files, ".build-id")) and files not in folders("debug-file-directory"):
            gdb.execute(f"set debug-file-directory {':'.join([files, *folders('debug-file-directory')])}")
            return
        folder = os.path.dirname(folder)


def start():
    import gdb.printing

    for command in (Path, InfoLlext, Llext, LoadSymbols, Forget, Regions, Backtrace):
        command()
    printers()
    gdb.events.stop.connect(follow)
    if tells_itself():
        Farewell()
    gdb.events.new_objfile.connect(wake)
    if gdb.current_objfile() is not None:
        look_beside(gdb.current_objfile())
    gdb.execute(f"source {os.path.join(os.path.dirname(os.path.abspath(__file__)), 'llext_fault.py')}")
    gdb.has_llext = True


# Read by hand and with the firmware too, it is the same.
if not hasattr(gdb, "has_llext"):
    start()
