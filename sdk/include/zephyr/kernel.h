/* For sources that were written for Zephyr: of its kernel what this firmware has, which is time, memory and printing.
 * There are no threads, so nothing of what they wait for: a source that wants k_sem_take does not compile.
 */
#ifndef LLEXT_ZEPHYR_KERNEL_H
#define LLEXT_ZEPHYR_KERNEL_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <llext.h>
#include <zephyr/sys/printk.h>
#include <zephyr/sys/util.h>
#include <zephyr/toolchain.h>

#define MSEC_PER_SEC 1000
#define USEC_PER_MSEC 1000

/* How long something may take: microseconds, or for ever if negative. */
typedef struct {
	int64_t microseconds;
} k_timeout_t;

static inline k_timeout_t llext_timeout(int64_t microseconds)
{
	k_timeout_t timeout = { microseconds };

	return timeout;
}

#define K_USEC(t) llext_timeout(t)
#define K_MSEC(t) llext_timeout((int64_t)(t) * USEC_PER_MSEC)
#define K_SECONDS(s) K_MSEC((int64_t)(s) * MSEC_PER_SEC)
#define K_MINUTES(m) K_SECONDS((int64_t)(m) * 60)
#define K_NO_WAIT llext_timeout(0)
#define K_FOREVER llext_timeout(-1)

/* Waits. Returns the milliseconds that were left over: 0. For ever ends with Ctrl-C. */
static inline int32_t k_sleep(k_timeout_t timeout)
{
	while (timeout.microseconds < 0) {
		k_msleep(INT32_MAX);
	}
	for (; timeout.microseconds >= (int64_t)INT32_MAX * USEC_PER_MSEC;
	     timeout.microseconds -= (int64_t)INT32_MAX * USEC_PER_MSEC) {
		k_msleep(INT32_MAX);
	}
	return k_msleep((int32_t)((timeout.microseconds + USEC_PER_MSEC - 1) / USEC_PER_MSEC));
}

/* Waits so many microseconds at least. */
static inline int32_t k_usleep(int32_t microseconds)
{
	k_busy_wait(microseconds < 0 ? 0 : (uint32_t)microseconds);
	return 0;
}

/* Nobody else runs. */
static inline void k_yield(void) { }

static inline void *k_malloc(size_t size) { return malloc(size); }
static inline void *k_calloc(size_t count, size_t size) { return calloc(count, size); }
static inline void *k_realloc(void *block, size_t size) { return realloc(block, size); }
static inline void k_free(void *block) { free(block); }

/* Ends the call, with a report. */
#define k_panic() abort()
#define k_oops() abort()

#endif /* LLEXT_ZEPHYR_KERNEL_H */
