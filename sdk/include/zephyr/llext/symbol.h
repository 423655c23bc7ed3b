/* For sources that were written for Zephyr: EXPORT_SYMBOL and LL_EXTENSION_SYMBOL, which are llext.h's own, and the others.
 *
 * Groups are the firmware's way to leave exports out; in an extension a group says nothing.
 */
#ifndef LLEXT_ZEPHYR_LLEXT_SYMBOL_H
#define LLEXT_ZEPHYR_LLEXT_SYMBOL_H

#include <llext.h>

#define LL_EXTENSION_SYMBOL_NAMED(x, exported_name) \
	static const struct llext_const_symbol llext_symbol_##exported_name \
		__attribute__((section(".exported_sym"), used, aligned(__alignof__(void *)))) = \
			{ #exported_name, __extension__(const void *)&x }

#define EXPORT_SYMBOL_NAMED(x, exported_name) LL_EXTENSION_SYMBOL_NAMED(x, exported_name)
#define EXPORT_GROUP_SYMBOL(group, x) EXPORT_SYMBOL(x)
#define EXPORT_GROUP_SYMBOL_NAMED(group, x, exported_name) EXPORT_SYMBOL_NAMED(x, exported_name)

#endif /* LLEXT_ZEPHYR_LLEXT_SYMBOL_H */
