# For a Makefile of your own:
#
#     SDK    = path/to/llext-shell/sdk
#     PREFIX = arm-none-eabi-                          # riscv64-unknown-elf-
#     CPU    = -mcpu=cortex-m3 -mthumb                 # -march=rv32imac -mabi=ilp32 -mno-relax
#     ABI    = 0x12345678                              # optional: only for firmware whose `version` says so
#     include $(SDK)/extension.mk
#     blink.elf: blink.o table.o                       # a rule without a recipe is enough
#
# It compiles with the flags of flags.txt and joins the objects with extension.ld, as `cargo xtask extension` does.
LLEXT_FLAGS     := $(shell sed -n 's/^all *\(-[^ ]*\).*/\1/p' $(SDK)/flags.txt)
LLEXT_CXX_FLAGS := $(shell sed -n 's/^c++ *\(-[^ ]*\).*/\1/p' $(SDK)/flags.txt)
LLEXT_COMPILE    = $(CPU) --specs=picolibc.specs -I$(SDK)/include $(LLEXT_FLAGS) $(if $(ABI),-DLLEXT_ABI_ID=$(ABI))

%.o: %.c
	$(PREFIX)gcc $(LLEXT_COMPILE) $(CFLAGS) -c $< -o $@

%.o: %.cpp
	$(PREFIX)g++ $(LLEXT_COMPILE) $(LLEXT_CXX_FLAGS) $(CXXFLAGS) -c $< -o $@

%.elf:
	$(PREFIX)gcc $(CPU) -r -nostdlib -Wl,--build-id,-z,noexecstack -T $(SDK)/extension.ld $^ -o $@
