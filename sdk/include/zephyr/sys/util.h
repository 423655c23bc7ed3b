/* For sources that were written for Zephyr: its small macros. */
#ifndef LLEXT_ZEPHYR_SYS_UTIL_H
#define LLEXT_ZEPHYR_SYS_UTIL_H

#include <stddef.h>
#include <stdint.h>

#define BIT(n) (1UL << (n))
#define BIT_MASK(n) (BIT(n) - 1UL)
#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))
#define DIV_ROUND_UP(n, d) (((n) + (d) - 1) / (d))
#define ROUND_UP(x, align) (DIV_ROUND_UP(x, align) * (align))
#define ROUND_DOWN(x, align) ((x) / (align) * (align))
#define POINTER_TO_UINT(x) ((uintptr_t)(x))
#define UINT_TO_POINTER(x) ((void *)(uintptr_t)(x))
#define CONTAINER_OF(pointer, type, member) ((type *)((char *)(pointer) - offsetof(type, member)))

#ifndef __cplusplus
#ifndef MIN
#define MIN(a, b) ((a) < (b) ? (a) : (b))
#endif
#ifndef MAX
#define MAX(a, b) ((a) > (b) ? (a) : (b))
#endif
#ifndef CLAMP
#define CLAMP(x, low, high) MIN(MAX(x, low), high)
#endif
#endif

#endif /* LLEXT_ZEPHYR_SYS_UTIL_H */
