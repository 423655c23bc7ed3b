/* For sources that were written for Zephyr: its logging, as lines on the console. The level is the module's, as
 * registered: what is below is not compiled in.
 */
#ifndef LLEXT_ZEPHYR_LOGGING_LOG_H
#define LLEXT_ZEPHYR_LOGGING_LOG_H

#include <llext.h>

#define LOG_LEVEL_NONE 0
#define LOG_LEVEL_ERR 1
#define LOG_LEVEL_WRN 2
#define LOG_LEVEL_INF 3
#define LOG_LEVEL_DBG 4

#define LLEXT_LOG_LEVEL(name, level, ...) level
#define LLEXT_LOG_NAME(name, ...) #name
/* LOG_MODULE_REGISTER(name) or (name, level), once a file. */
#define LOG_MODULE_REGISTER(...) \
	static const char *const llext_log_module __attribute__((unused)) = LLEXT_LOG_NAME(__VA_ARGS__, ); \
	enum { llext_log_level = LLEXT_LOG_LEVEL(__VA_ARGS__, LOG_LEVEL_INF, ) }
#define LOG_MODULE_DECLARE(...) LOG_MODULE_REGISTER(__VA_ARGS__)

#define LLEXT_LOG(level, letters, format, ...) \
	do { \
		if ((level) <= llext_log_level) { \
			printk("<" letters "> %s: " format "\n", llext_log_module, ##__VA_ARGS__); \
		} \
	} while (0)
#define LOG_ERR(...) LLEXT_LOG(LOG_LEVEL_ERR, "err", __VA_ARGS__)
#define LOG_WRN(...) LLEXT_LOG(LOG_LEVEL_WRN, "wrn", __VA_ARGS__)
#define LOG_INF(...) LLEXT_LOG(LOG_LEVEL_INF, "inf", __VA_ARGS__)
#define LOG_DBG(...) LLEXT_LOG(LOG_LEVEL_DBG, "dbg", __VA_ARGS__)

#endif /* LLEXT_ZEPHYR_LOGGING_LOG_H */
