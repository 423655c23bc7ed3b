# What a GDB session with the firmware starts with; `cargo xtask gdb` reads it.

# add-symbol-file and remove-symbol-file act at once, and breakpoints in extensions that are not loaded yet wait for them.
set confirm off
set breakpoint pending on

# A pasted script runs through, however long it is.
set pagination off

python
import os

class Forget(gdb.Command):
    """Forget the symbols of an extension that has been unloaded: llext-forget NAME
Its breakpoints wait until symbols for them are loaded again."""

    def __init__(self):
        super().__init__("llext-forget", gdb.COMMAND_FILES)

    def invoke(self, name, from_tty):
        files = [file.filename for file in gdb.objfiles() if os.path.basename(file.filename) == f"{name}.elf"]
        if not files:
            raise gdb.GdbError(f"No symbols of {name} are loaded.")
        for file in files:
            gdb.execute(f'remove-symbol-file "{file}"')

Forget()
end
