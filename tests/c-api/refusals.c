/* What is refused: calls, loaders and files. */
#include "program.h"

#include <string.h>

/* Every way to be refused that needs no file of a compiler. */
void refusals(void)
{
	uint8_t junk[64] = "not an ELF file";
	struct llext_buf_loader loader = LLEXT_BUF_LOADER(junk, sizeof(junk));
	struct llext_load_param param = LLEXT_LOAD_PARAM_DEFAULT;
	struct llext *ext = NULL;
	char text[64];

	EXPECT(llext_heap_uninit(), -EINVAL);
	EXPECT(llext_heap_init(NULL, HEAP_SIZE), -EINVAL);
	EXPECT(llext_heap_init(junk, 8), -EINVAL);
	void *memory = heap_memory();
	EXPECT(llext_heap_init(memory, HEAP_SIZE), 0);
	EXPECT(llext_heap_init(memory, HEAP_SIZE), -EEXIST);
	EXPECT(llext_heap_init_harvard(memory, HEAP_SIZE, memory, HEAP_SIZE), -EEXIST);
	EXPECT(llext_heap_uninit(), 0);
	EXPECT(llext_heap_init_harvard(memory, HEAP_SIZE / 2, (char *)memory + HEAP_SIZE / 2, HEAP_SIZE / 2), 0);

	EXPECT(llext_last_error(text, sizeof(text)), 0);
	EXPECT(llext_load(&loader.loader, "junk", &ext, &param), -ENOEXEC);
	EXPECT(llext_last_error(text, sizeof(text)), strlen("not an ELF file"));
	EXPECT(strcmp(text, "not an ELF file"), 0);
	EXPECT(llext_last_error(text, 4), strlen("not an ELF file"));
	EXPECT(strcmp(text, "not"), 0);
	EXPECT(llext_last_error(NULL, 0), strlen("not an ELF file"));
	EXPECT(ext, NULL);
	loader.len = 3;
	EXPECT(llext_load(&loader.loader, "junk", &ext, &param), -ENOEXEC);
	EXPECT(llext_load(&loader.loader, "", &ext, NULL), -EINVAL);
	EXPECT(llext_load(&loader.loader, "a b", &ext, NULL), -EINVAL);
	EXPECT(llext_load(NULL, "junk", &ext, NULL), -EINVAL);
	EXPECT(llext_load(&loader.loader, NULL, &ext, NULL), -EINVAL);
	EXPECT(llext_load(&loader.loader, "junk", NULL, NULL), -EINVAL);
	loader.loader.seek = NULL;
	EXPECT(llext_load(&loader.loader, "junk", &ext, NULL), -EINVAL);

	EXPECT(llext_unload(NULL), -EINVAL);
	EXPECT(llext_unload(&ext), -EINVAL);
	struct llext *wild = (struct llext *)junk;
	EXPECT(llext_unload(&wild), -EINVAL);
	EXPECT(llext_bringup(wild), -EINVAL);
	EXPECT(llext_teardown(NULL), -EINVAL);
	llext_bootstrap(NULL, (llext_entry_fn_t)(void (*)(void))refusals, NULL);
	EXPECT(llext_call_fn(wild, "run"), -EINVAL);
	EXPECT(llext_call_fn(NULL, NULL), -EINVAL);
	EXPECT(llext_by_name("junk"), NULL);
	EXPECT(llext_by_name(NULL), NULL);
	EXPECT(llext_iterate(NULL, NULL), -EINVAL);
	EXPECT(llext_add_domain(NULL, NULL), -ENOSYS);
	EXPECT(llext_heap_uninit(), 0);

	EXPECT(llext_find_sym(NULL, "note"), (long)note);
	EXPECT(llext_find_sym(NULL, "shared"), (long)&shared);
	EXPECT(llext_find_sym(NULL, "aardvark"), (long)&aardvark);
	EXPECT(llext_find_sym(NULL, "zebra"), NULL);
	EXPECT(llext_find_sym(NULL, NULL), NULL);
}

/* A loader of C's own, that fails where it is told to. */
struct failing {
	struct llext_loader loader;
	int prepared, finalized, code;
};

static int failing_prepare(struct llext_loader *loader)
{
	struct failing *this = (struct failing *)loader;

	this->prepared++;
	return this->prepared == 1 ? -EACCES : 0;
}

static int failing_read(struct llext_loader *loader, void *out, size_t len)
{
	(void)out;
	(void)len;
	return ((struct failing *)loader)->code;
}

static int failing_seek(struct llext_loader *loader, size_t pos)
{
	(void)loader;
	(void)pos;
	return 0;
}

static void failing_finalize(struct llext_loader *loader)
{
	((struct failing *)loader)->finalized++;
	/* A call in the middle of another one is turned away. */
	EXPECT(llext_heap_uninit(), -EBUSY);
	EXPECT(llext_by_name("any"), NULL);
}

void loaders_that_fail(void)
{
	struct failing loader = {
		.loader = { .prepare = failing_prepare, .read = failing_read, .seek = failing_seek,
			    .finalize = failing_finalize },
	};
	struct llext *ext;

	EXPECT(llext_heap_init(heap_memory(), HEAP_SIZE), 0);
	EXPECT(llext_load(&loader.loader, "x", &ext, NULL), -EACCES);
	EXPECT(loader.finalized, 0);
	loader.code = -ETIMEDOUT;
	EXPECT(llext_load(&loader.loader, "x", &ext, NULL), -ETIMEDOUT);
	loader.code = 5;
	EXPECT(llext_load(&loader.loader, "x", &ext, NULL), -EIO);
	/* It claims success and reads nothing. */
	loader.code = 0;
	EXPECT(llext_load(&loader.loader, "x", &ext, NULL), -ENOEXEC);
	EXPECT(loader.finalized, 3);
	EXPECT(llext_heap_uninit(), 0);
}

/* What the compiler's files are refused for; and that nothing is left behind. */
void refused_files(void)
{
	struct file file = read_file("orphan");
	struct llext_buf_loader loader = LLEXT_BUF_LOADER(file.bytes, file.len);
	struct llext *ext = NULL;
	char text[64];

	EXPECT(llext_load(&loader.loader, "orphan", &ext, NULL), -ENOMEM);
	EXPECT(llext_heap_init(heap_memory(), HEAP_SIZE), 0);
	EXPECT(llext_load(&loader.loader, "orphan", &ext, NULL), -ENODATA);
	llext_last_error(text, sizeof(text));
	EXPECT(strcmp(text, "1 undefined symbol: nobody_has_this"), 0);
	/* A machine that is not this one: e_machine. */
	file.bytes[18] ^= 0xff;
	EXPECT(llext_load(&loader.loader, "orphan", &ext, NULL), -ENOEXEC);
	file.bytes[18] ^= 0xff;
	for (size_t len = 0; len < file.len; len++) {
		loader.len = len;
		EXPECT(llext_load(&loader.loader, "orphan", &ext, NULL), -ENOEXEC);
	}
	EXPECT(ext, NULL);
	EXPECT(llext_heap_uninit(), 0);

	/* Any heap that is too small is -ENOMEM, in the loader or in what C holds of it. */
	file = read_file("life");
	loader.buf = file.bytes;
	loader.len = file.len;
	char *memory = heap_memory();
	int refused = 0;
	for (size_t size = 128; size < 16384; size += 128) {
		EXPECT(llext_heap_init(memory, size), 0);
		int code = llext_load(&loader.loader, "life", &ext, NULL);
		if (code == 0) {
			EXPECT(llext_unload(&ext), 0);
		} else {
			refused++;
			EXPECT(code, -ENOMEM);
		}
		EXPECT(llext_heap_uninit(), 0);
	}
	EXPECT(refused > 5 && refused < 60, 1);
}
