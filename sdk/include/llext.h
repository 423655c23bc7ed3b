/* What an extension for llext-shell is written against (C and C++).
 *
 * The firmware offers two kinds of functions. Those of the C library (printf, malloc, strlen …) are
 * declared by the C library's own headers: include <stdio.h>, <stdlib.h>, <string.h> as always.
 * Those of the firmware itself are declared here. `llext sym` in the shell lists all of them.
 *
 * The names and the record below are Zephyr's, so that one source serves both systems.
 */
#ifndef LLEXT_H
#define LLEXT_H

#include <stdint.h>
#include <stdio.h>

/* picolibc defines putchar as fputc(c, stdout); the function saves extensions a symbol. */
#undef putchar

#ifdef __cplusplus
extern "C" {
#endif

/* One exported symbol: a record of the section .exported_sym, which the loader reads after it has relocated it. */
struct llext_const_symbol {
	const char *name;
	const void *address;
};

/* Makes the function or variable `x` known to the shell (`llext call NAME x`) and to other extensions.
 * Write it once, at file scope, after the definition. In C++ `x` has to be extern "C".
 *
 * A file without any EXPORT_SYMBOL exports all its global functions and variables; the first EXPORT_SYMBOL
 * hides all others.
 */
#define LL_EXTENSION_SYMBOL(x) \
	static const struct llext_const_symbol llext_symbol_##x \
		__attribute__((section(".exported_sym"), used, aligned(__alignof__(void *)))) = \
			{ #x, __extension__(const void *)&x }
#define EXPORT_SYMBOL(x) LL_EXTENSION_SYMBOL(x)

/* Binds the extension to firmware whose exports have this id (`version` shows it): others refuse to load it. Write it
 * once, at file scope, or let `cargo xtask extension --abi`, or ABI in extension.mk, define LLEXT_ABI_ID.
 *
 * It is a note (ELF gABI, "Note section") that is not loaded: owner "llext", type 1, the id in one word.
 */
#define LLEXT_ABI(id) LLEXT_ABI_NOTE(id)
#define LLEXT_ABI_NOTE(id) \
	__asm__(".pushsection .note.llext.abi, \"\", %note\n\t" \
		".balign 4\n\t" \
		".long 6, 4, 1\n\t" \
		".asciz \"llext\"\n\t" \
		".balign 4\n\t" \
		".long " #id "\n\t" \
		".popsection")
#ifdef LLEXT_ABI_ID
LLEXT_ABI(LLEXT_ABI_ID);
#endif

/* Prints to the console, formatted as printf does. */
void printk(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Milliseconds since boot. */
int64_t k_uptime_get(void);

/* The same; wraps after 49 days. */
uint32_t k_uptime_get_32(void);

/* Waits. Returns the milliseconds that were left over: 0. */
int32_t k_msleep(int32_t milliseconds);

/* Waits, keeping the CPU busy. */
void k_busy_wait(uint32_t microseconds);

#ifdef __cplusplus
}
#endif

#endif /* LLEXT_H */
