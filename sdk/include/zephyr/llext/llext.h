/* For sources that were written for Zephyr. Loading is the firmware's business: an extension gets the symbols alone. */
#ifndef LLEXT_ZEPHYR_LLEXT_LLEXT_H
#define LLEXT_ZEPHYR_LLEXT_LLEXT_H

#include <zephyr/llext/symbol.h>

#endif /* LLEXT_ZEPHYR_LLEXT_LLEXT_H */
