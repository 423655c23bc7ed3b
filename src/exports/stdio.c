/*
 * The C library's standard streams: unbuffered, all of them the console.
 *
 * In C because picolibc's FILE is a macro's business (FDEV_SETUP_STREAM) that no binding shows.
 */
#include <stdio.h>

/* exports/libc.rs */
extern void llext_console_put(unsigned char c);

static int put(char c, FILE *stream)
{
	(void)stream;
	llext_console_put((unsigned char)c);
	return (unsigned char)c;
}

static FILE console = FDEV_SETUP_STREAM(put, NULL, NULL, _FDEV_SETUP_WRITE);

FILE *const stdin = &console;
FILE *const stdout = &console;
FILE *const stderr = &console;
