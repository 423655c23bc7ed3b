# For a Makefile of your own:
#
#     SDK    = path/to/kit                             # spaces in it as `\ `
#     include $(SDK)/extension.mk
#     blink.elf: blink.o table.o                       # a rule without a recipe is enough
#
# A folder `blinky` with a Rust package `blinky` needs no rule: `make blinky.elf`.
#
# Where SDK is no kit but llext-shell/sdk, the board is named here, by what its board.toml says:
#
#     PREFIX = arm-none-eabi-
#     CPU    = -mcpu=cortex-m3 -mthumb --specs=picolibc.specs
#     TRIPLE = thumbv7m-none-eabi                      # for Rust
#
# With ABI = 0x12345678, only firmware loads the extension whose `version` says so; a kit's is $(KIT_ABI).
#
# It compiles with the flags of flags.txt and joins the objects with extension.ld, as `cargo xtask extension` does.
# Beside blink.elf, llext-pack puts stripped/blink.elf for the target, and debug-files/ for GDB.
-include $(SDK)/board.mk

LLEXT_FLAGS     := $(shell sed -n 's/^all *\(-[^ ]*\).*/\1/p' $(SDK)/flags.txt)
LLEXT_CXX_FLAGS := $(shell sed -n 's/^c++ *\(-[^ ]*\).*/\1/p' $(SDK)/flags.txt)
LLEXT_COMPILE    = $(CPU) -I$(SDK)/include $(LLEXT_FLAGS) $(if $(ABI),-DLLEXT_ABI_ID=$(ABI))
# picolibc.specs asks for a collection, which may not touch what a C file without EXPORT_SYMBOL defines.
LLEXT_LINK       = $(PREFIX)gcc $(CPU) -r -nostdlib -Wl,--build-id,-z,noexecstack -T $(SDK)/extension.ld
LLEXT_PACK       = $(SDK)/llext-pack $(PREFIX)objcopy
CARGO           ?= cargo

%.o: %.c
	$(PREFIX)gcc $(LLEXT_COMPILE) $(CFLAGS) -MMD -c $< -o $@

%.o: %.cpp
	$(PREFIX)g++ $(LLEXT_COMPILE) $(LLEXT_CXX_FLAGS) $(CXXFLAGS) -MMD -c $< -o $@

# Before the other rule, which has no condition. Cargo itself knows what has changed.
%.elf: %/Cargo.toml llext-always
	CARGO='$(CARGO)' CARGOFLAGS='$(CARGOFLAGS)' $(if $(ABI),LLEXT_ABI_ID=$(ABI)) \
		$(SDK)/llext-rust $(TRIPLE) $(PREFIX) '$(CPU)' $(SDK) $* $@

%.elf:
	$(LLEXT_LINK) -Wl,--no-gc-sections $^ -o $@
	$(LLEXT_PACK) $@

.PHONY: llext-always

-include $(wildcard *.d)
