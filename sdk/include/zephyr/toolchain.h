/* For sources that were written for Zephyr: what its compiler header names. */
#ifndef LLEXT_ZEPHYR_TOOLCHAIN_H
#define LLEXT_ZEPHYR_TOOLCHAIN_H

#define ARG_UNUSED(x) (void)(x)

#ifndef __used
#define __used __attribute__((__used__))
#endif
#ifndef __unused
#define __unused __attribute__((__unused__))
#endif
#ifndef __weak
#define __weak __attribute__((__weak__))
#endif
#ifndef __packed
#define __packed __attribute__((__packed__))
#endif
#ifndef __noinline
#define __noinline __attribute__((__noinline__))
#endif
#ifndef __aligned
#define __aligned(x) __attribute__((__aligned__(x)))
#endif
#ifndef ALWAYS_INLINE
#define ALWAYS_INLINE inline __attribute__((__always_inline__))
#endif

#ifdef __cplusplus
#define BUILD_ASSERT(expression, ...) static_assert(expression, "" __VA_ARGS__)
#else
#define BUILD_ASSERT(expression, ...) _Static_assert(expression, "" __VA_ARGS__)
#endif

#endif /* LLEXT_ZEPHYR_TOOLCHAIN_H */
