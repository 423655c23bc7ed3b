/* Goes through all of llext.h, on the host and as a firmware on the boards, one part a run: `program PART FOLDER`; the part
 * `list` lists them. The first thing that is not as it should be ends it with the line and what was seen.
 */
#define _GNU_SOURCE
#include "program.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#ifdef __linux__
#include <sys/mman.h>
#endif

const char *folder;

void expect(long seen, long wanted, const char *what, int line)
{
	if (seen != wanted) {
		char text[200];

		llext_last_error(text, sizeof(text));
		printf("%d: %s is %ld, not %ld (last error: %s)\n", line, what, seen, wanted, text);
		exit(1);
	}
}

/* ---- What the host offers ---- */

static int steps[32];
int step_count;
int shared = 1000;

void note(int step)
{
	steps[step_count++] = step;
}
EXPORT_SYMBOL(note);
EXPORT_SYMBOL(shared);
/* Their order in the program is not that of their names; the linker sorts. */
int aardvark = 7;
EXPORT_SYMBOL(aardvark);

void expect_steps(const int *wanted, int count, int line)
{
	expect(step_count, count, "number of steps", line);
	for (int i = 0; i < count; i++) {
		expect(steps[i], wanted[i], "a step", line);
	}
	step_count = 0;
}

/* ---- Helpers ---- */

/* Memory that may be written and executed. */
static void *memory_of(size_t size)
{
#ifdef __linux__
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int failed = memory == MAP_FAILED;
#else
	void *memory = aligned_alloc(4096, size);
	int failed = memory == NULL;
#endif
	EXPECT(failed, 0);
	return memory;
}

/* What memory_of gave may go. */
static void give_back(void *memory, size_t size)
{
#ifdef __linux__
	munmap(memory, size);
#else
	(void)size;
	free(memory);
#endif
}

/* Reads an extension into memory that it may be used in. */
struct file read_file(const char *name)
{
	char path[512];
	struct file file = { NULL, 0 };

	snprintf(path, sizeof(path), "%s/%s.%s", folder, name, strcmp(name, "shared") == 0 ? "so" : "o");
	FILE *stream = fopen(path, "rb");
	if (stream == NULL) {
		perror(path);
		exit(1);
	}
	file.bytes = memory_of(FILE_SIZE);
	file.len = fread(file.bytes, 1, FILE_SIZE, stream);
	fclose(stream);
	return file;
}

void *heap_memory(void)
{
	return memory_of(HEAP_SIZE);
}

struct llext *load(const char *name)
{
	struct file file = read_file(name);
	struct llext_buf_loader loader = LLEXT_TEMPORARY_BUF_LOADER(file.bytes, file.len);
	struct llext *ext = NULL;

	EXPECT(llext_load(&loader.loader, name, &ext, NULL), 0);
	/* Temporary: the bytes may go. */
	give_back(file.bytes, FILE_SIZE);
	return ext;
}

static const struct {
	const char *name;
	void (*run)(void);
} parts[] = {
	{ "parameters", parameters },
	{ "pre_located", pre_located },
	{ "life", life },
	{ "refused_files", refused_files },
	{ "streams", streams },
	{ "inspection", inspection },
	{ "shared", shared_library },
	{ "in_place", in_place },
	{ "refusals", refusals },
	{ "loaders_that_fail", loaders_that_fail },
};

int main(int argc, char **argv)
{
	const char *part = argc > 1 ? argv[1] : "list";

	folder = argc > 2 ? argv[2] : ".";
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		if (strcmp(part, "list") == 0) {
			puts(parts[i].name);
		} else if (strcmp(part, parts[i].name) == 0) {
			parts[i].run();
			puts("ok");
		}
	}
	return 0;
}
