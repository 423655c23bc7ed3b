/* For sources that were written for Zephyr: printk and its kin. */
#ifndef LLEXT_ZEPHYR_SYS_PRINTK_H
#define LLEXT_ZEPHYR_SYS_PRINTK_H

#include <stdarg.h>
#include <stdio.h>

#include <llext.h>

#define vprintk vprintf
#define snprintk snprintf
#define vsnprintk vsnprintf

#endif /* LLEXT_ZEPHYR_SYS_PRINTK_H */
