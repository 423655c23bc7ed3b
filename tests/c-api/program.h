/* What the parts of the program share. */
#ifndef PROGRAM_H
#define PROGRAM_H

#include <llext.h>

#define HEAP_SIZE (1 << 20)
#define FILE_SIZE (1 << 16)

/* Where the extensions are. */
extern const char *folder;

/* Ends the program with the line and `what`, unless they are equal. */
void expect(long seen, long wanted, const char *what, int line);
#define EXPECT(seen, wanted) expect((long)(seen), (long)(wanted), #seen, __LINE__)

/* The program exports these. */
void note(int step);
extern int shared, aardvark;

/* What was noted since the last time, in order. */
extern int step_count;
void expect_steps(const int *wanted, int count, int line);
#define EXPECT_STEPS(...) \
	expect_steps((const int[]){ __VA_ARGS__ }, sizeof((int[]){ __VA_ARGS__ }) / sizeof(int), __LINE__)

/* An extension in memory that it may be used in. */
struct file {
	uint8_t *bytes;
	size_t len;
};
struct file read_file(const char *name);

/* HEAP_SIZE bytes that may be written and executed. */
void *heap_memory(void);

/* Loads an extension whose file goes away. */
struct llext *load(const char *name);

/* The parts: refusals.c and lives.c. */
void refusals(void);
void loaders_that_fail(void);
void refused_files(void);
void life(void);
void inspection(void);
void streams(void);
void shared_library(void);
void in_place(void);
void parameters(void);
void pre_located(void);

#endif
