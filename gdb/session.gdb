# What a GDB session with the firmware starts with; `cargo xtask gdb` reads it.

# add-symbol-file and remove-symbol-file act at once, and breakpoints in extensions that are not loaded yet wait for them.
set confirm off
set breakpoint pending on

# A pasted script runs through, however long it is.
set pagination off

define llext-forget
	remove-symbol-file -a $arg0
end
document llext-forget
Forget the symbols of an extension that has been unloaded: llext-forget ADDRESS
ADDRESS is any address in it, as the .text that `llext gdb` printed. Its breakpoints wait for the next load.
end
