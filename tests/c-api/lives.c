/* What is loaded, looked at, called and unloaded. */
#include "program.h"

#include <stdio.h>
#include <string.h>

static int count_until(struct llext *ext, void *arg)
{
	++*(int *)arg;
	return strcmp(ext->name, "user") == 0 ? 77 : 0;
}

static int unload_each(struct llext *ext, void *arg)
{
	++*(int *)arg;
	return llext_unload(&ext);
}

/* A life from load to unload: uses, calls, dependencies. */
void life(void)
{
	struct llext *life, *user, *again = NULL;
	int data = 0, count = 0;

	EXPECT(llext_heap_init(heap_memory(), HEAP_SIZE), 0);
	life = load("life");
	EXPECT(strcmp(life->name, "life"), 0);
	EXPECT(life->use_count, 1);
	EXPECT(llext_bringup(life), 0);
	EXPECT_STEPS(0, 1, 2);
	EXPECT(llext_call_fn(life, "run"), 0);
	EXPECT(llext_call_fn(life, "run"), 0);
	EXPECT_STEPS(101, 102);
	EXPECT(llext_call_fn(life, "runs"), -ENOENT);
	EXPECT(llext_call_fn(life, "state"), -ENOENT);
	EXPECT(llext_call_fn(life, NULL), -EINVAL);

	const int *state = llext_find_sym(&life->exp_tab, "state");
	EXPECT(*state, 42);
	int (*twice)(int) = (int (*)(int))llext_find_sym(&life->exp_tab, "twice");
	EXPECT(twice(4), 8);
	EXPECT(strcmp(llext_find_sym(&life->exp_tab, "greeting"), "hello from life"), 0);
	EXPECT(llext_find_sym(&life->exp_tab, "note"), NULL);
	EXPECT(life->exp_tab.sym_cnt, 5);

	/* A second load of the name reads nothing. */
	struct llext_buf_loader nothing = LLEXT_BUF_LOADER(NULL, 0);
	EXPECT(llext_load(&nothing.loader, "life", &again, NULL), 1);
	EXPECT(again, (long)life);
	EXPECT(llext_load(&nothing.loader, "life", &again, NULL), 2);
	EXPECT(life->use_count, 3);

	/* Another extension uses it. */
	user = load("user");
	EXPECT(llext_by_name("user"), (long)user);
	EXPECT(llext_by_name("users"), NULL);
	EXPECT(user->exp_tab.sym_cnt, 2);
	EXPECT(llext_call_fn(user, "use"), 0);
	EXPECT_STEPS(84);
	EXPECT(llext_unload(&again), 2);
	EXPECT(again, (long)life);
	EXPECT(llext_unload(&again), 1);
	EXPECT(llext_unload(&again), -EBUSY);
	EXPECT(llext_heap_uninit(), -EBUSY);

	EXPECT(llext_iterate(count_until, &count), 77);
	EXPECT(count, 2);
	EXPECT(llext_unload(&user), 0);
	EXPECT(user, NULL);
	count = 0;
	EXPECT(llext_iterate(count_until, &count), 0);
	EXPECT(count, 1);
	EXPECT(llext_teardown(life), 0);
	EXPECT_STEPS(9, 10);

	/* A whole life. */
	llext_entry_fn_t entry = (llext_entry_fn_t)llext_find_sym(&life->exp_tab, "entry");
	llext_bootstrap(life, entry, &data);
	EXPECT(data, 1042);
	EXPECT_STEPS(0, 1, 2, 5, 9, 10);
	/* What is not of the extension is no entry of it, and nothing runs. */
	llext_bootstrap(life, (llext_entry_fn_t)(void (*)(void))note, &data);
	llext_bootstrap(life, (llext_entry_fn_t)state, &data);
	llext_bootstrap(life, NULL, &data);
	EXPECT(step_count, 0);

	count = 0;
	EXPECT(llext_iterate(unload_each, &count), 0);
	EXPECT(count, 1);
	EXPECT(llext_by_name("life"), NULL);
	EXPECT(llext_heap_uninit(), 0);
}

/* Section headers, and where sections and regions are. */
void inspection(void)
{
	struct file file = read_file("life");
	struct llext_buf_loader loader = LLEXT_BUF_LOADER(file.bytes, file.len);
	struct llext_load_param param = LLEXT_LOAD_PARAM_DEFAULT;
	struct llext *ext = NULL;
	const elf_shdr_t *header;
	elf_shdr_t copy;
	enum llext_mem region;
	const void *address;
	size_t offset, size;

	EXPECT(llext_heap_init(heap_memory(), HEAP_SIZE), 0);
	/* Without a load, and without what a load keeps. */
	ssize_t at = llext_find_section(&loader.loader, ".rodata");
	EXPECT(strcmp((char *)file.bytes + at, "hello from life"), 0);
	EXPECT(llext_find_section(&loader.loader, ".nothing"), -ENOENT);
	EXPECT(llext_find_section(&loader.loader, NULL), -EINVAL);
	EXPECT(llext_load(&loader.loader, "life", &ext, &param), 0);
	EXPECT(llext_get_section_header(&loader.loader, ext, ".data", &copy), 0);
	EXPECT(copy.sh_type, 1);
	EXPECT(copy.sh_size, 4);
	EXPECT(copy.sh_flags, 3);
	EXPECT(llext_get_section_header(&loader.loader, ext, ".nothing", &copy), -ENOENT);
	EXPECT(llext_section_shndx(&loader.loader, ext, ".data"), -ENOTSUP);
	EXPECT(llext_get_section_info(&loader.loader, ext, 1, &header, &region, &offset), -ENOTSUP);
	EXPECT(llext_unload(&ext), 0);

	param.keep_section_info = true;
	EXPECT(llext_load(&loader.loader, "life", &ext, &param), 0);
	int index = llext_section_shndx(NULL, ext, ".data");
	EXPECT(llext_get_section_info(NULL, ext, index, &header, &region, &offset), 0);
	EXPECT(memcmp(header, &copy, sizeof(copy)), 0);
	EXPECT(region, LLEXT_MEM_DATA);
	EXPECT((char *)ext->mem[LLEXT_MEM_DATA] + offset, (long)llext_find_sym(&ext->exp_tab, "state"));
	EXPECT(llext_get_region_info(NULL, ext, region, &header, &address, &size), 0);
	EXPECT(header, NULL);
	EXPECT(address, (long)ext->mem[LLEXT_MEM_DATA]);
	EXPECT(size, ext->mem_size[LLEXT_MEM_DATA]);
	EXPECT(llext_get_region_info(NULL, ext, LLEXT_MEM_COUNT, NULL, NULL, NULL), -EINVAL);
	/* What is not in memory is in no region, and its name is in the file. */
	index = llext_section_shndx(&loader.loader, ext, ".symtab");
	EXPECT(llext_get_section_info(NULL, ext, index, &header, &region, NULL), 0);
	EXPECT(header->sh_type, 2);
	EXPECT(region, LLEXT_MEM_COUNT);
	EXPECT(llext_section_shndx(NULL, ext, ".symtab"), -EINVAL);
	EXPECT(llext_section_shndx(&loader.loader, ext, ".nothing"), -ENOENT);
	EXPECT(llext_get_section_info(NULL, ext, 1000, &header, NULL, NULL), -EINVAL);

	EXPECT(llext_free_inspection_data(&loader.loader, ext), 0);
	EXPECT(llext_free_inspection_data(&loader.loader, ext), 0);
	EXPECT(llext_section_shndx(&loader.loader, ext, ".data"), -ENOTSUP);
	EXPECT(llext_call_fn(ext, "run"), 0);
	EXPECT(llext_unload(&ext), 0);
	EXPECT(llext_free_inspection_data(&loader.loader, ext), -EINVAL);
	/* Kept headers go with their extension, too. */
	EXPECT(llext_load(&loader.loader, "life", &ext, &param), 0);
	EXPECT(llext_unload(&ext), 0);
	EXPECT(llext_heap_uninit(), 0);
}

/* A stream with Zephyr's four functions: no length is known. */
struct stream {
	struct llext_loader loader;
	FILE *file;
};

static int stream_read(struct llext_loader *loader, void *out, size_t len)
{
	return fread(out, 1, len, ((struct stream *)loader)->file) == len ? 0 : -EIO;
}

static int stream_seek(struct llext_loader *loader, size_t pos)
{
	return fseek(((struct stream *)loader)->file, pos, SEEK_SET) == 0 ? 0 : -EIO;
}

void streams(void)
{
	struct stream stream = { .loader = { .read = stream_read, .seek = stream_seek } };
	struct llext *ext = NULL;
	char path[512];

	EXPECT(llext_heap_init(heap_memory(), HEAP_SIZE), 0);
	snprintf(path, sizeof(path), "%s/life.o", folder);
	stream.file = fopen(path, "rb");
	EXPECT(llext_load(&stream.loader, "life", &ext, NULL), 0);
	EXPECT(llext_call_fn(ext, "run"), 0);
	EXPECT_STEPS(101);
	fclose(stream.file);
	EXPECT(llext_unload(&ext), 0);
	EXPECT(llext_heap_uninit(), 0);
}

/* A shared library, which asks for the C library and gets the program. */
void shared_library(void)
{
	struct file file = read_file("shared");
	struct llext_buf_loader loader = LLEXT_BUF_LOADER(file.bytes, file.len);
	struct llext *ext = NULL;
	int data = 0;

	EXPECT(llext_heap_init(heap_memory(), HEAP_SIZE), 0);
	EXPECT(llext_load(&loader.loader, "shared", &ext, NULL), 0);
	EXPECT(llext_bringup(ext), 0);
	EXPECT_STEPS(1, 2);
	EXPECT(llext_call_fn(ext, "run"), 0);
	EXPECT(llext_call_fn(ext, "run"), 0);
	EXPECT_STEPS(101, 102);
	EXPECT(*(const int *)llext_find_sym(&ext->exp_tab, "state"), 42);
	EXPECT(llext_teardown(ext), 0);
	EXPECT_STEPS(9, 10);
	llext_bootstrap(ext, (llext_entry_fn_t)llext_find_sym(&ext->exp_tab, "entry"), &data);
	EXPECT(data, 1042);
	EXPECT_STEPS(1, 2, 5, 9, 10);
	EXPECT(llext_unload(&ext), 0);
	EXPECT(llext_heap_uninit(), 0);
}

/* Files that are used where they lie. */
void in_place(void)
{
	struct file file = read_file("life");
	struct llext_buf_loader loaders[] = {
		LLEXT_TEMPORARY_BUF_LOADER(file.bytes, file.len),
		LLEXT_PERSISTENT_BUF_LOADER(file.bytes, file.len),
		LLEXT_WRITABLE_BUF_LOADER(file.bytes, file.len),
	};
	size_t sizes[3];

	EXPECT(llext_heap_init(heap_memory(), HEAP_SIZE), 0);
	for (int i = 0; i < 3; i++) {
		struct llext *ext = NULL;

		EXPECT(llext_load(&loaders[i].loader, "life", &ext, NULL), 0);
		EXPECT(llext_bringup(ext), 0);
		EXPECT(llext_call_fn(ext, "run"), 0);
		EXPECT_STEPS(0, 1, 2, 101);
		const uint8_t *greeting = llext_find_sym(&ext->exp_tab, "greeting");
		EXPECT(greeting >= file.bytes && greeting < file.bytes + file.len, i > 0);
		const uint8_t *state = llext_find_sym(&ext->exp_tab, "state");
		EXPECT(state >= file.bytes && state < file.bytes + file.len, i > 1);
		sizes[i] = ext->alloc_size;
		EXPECT(llext_unload(&ext), 0);
	}
	EXPECT(sizes[0] > sizes[1] && sizes[1] > sizes[2], 1);
	EXPECT(llext_heap_uninit(), 0);
}

static bool is_rodata(const elf_shdr_t *shdr)
{
	/* The one section of constants in life.c's object that is as long as the greeting. */
	return shdr->sh_type == 1 && shdr->sh_flags == 2 && shdr->sh_size == sizeof("hello from life");
}

/* What a load is told besides the file. */
void parameters(void)
{
	struct file file = read_file("life");
	struct llext_buf_loader copied = LLEXT_TEMPORARY_BUF_LOADER(file.bytes, file.len);
	struct llext_buf_loader kept = LLEXT_PERSISTENT_BUF_LOADER(file.bytes, file.len);
	struct llext_load_param param = LLEXT_LOAD_PARAM_DEFAULT;
	struct llext *ext = NULL;

	EXPECT(llext_heap_init(heap_memory(), HEAP_SIZE), 0);
	param.section_detached = is_rodata;
	EXPECT(llext_load(&copied.loader, "life", &ext, &param), -ENOTSUP);
	EXPECT(llext_load(&kept.loader, "life", &ext, &param), 0);
	const uint8_t *greeting = llext_find_sym(&ext->exp_tab, "greeting");
	EXPECT(greeting >= file.bytes && greeting < file.bytes + file.len, 1);
	EXPECT(llext_unload(&ext), 0);

	param.section_detached = NULL;
	param.pre_located = true;
	EXPECT(llext_load(&copied.loader, "life", &ext, &param), -EFAULT);
	/* An object of the compiler's says that all is at 0. */
	EXPECT(llext_load(&kept.loader, "life", &ext, &param), -EFAULT);

	/* Nothing points anywhere: the table of exports neither, and that is seen. */
	param.pre_located = false;
	param.relocate_local = false;
	EXPECT(llext_load(&copied.loader, "life", &ext, &param), -ENOEXEC);
	EXPECT(llext_heap_uninit(), 0);
}

/* Writes into the headers of sections where they lie, as a linker does that knows. */
static void say_where(struct file file)
{
	uintptr_t table;
	uint16_t count;

	memcpy(&table, file.bytes + 24 + 2 * sizeof(table), sizeof(table));
	memcpy(&count, file.bytes + 36 + 3 * sizeof(table), sizeof(count));
	elf_shdr_t *header = (elf_shdr_t *)(file.bytes + table);
	for (; count-- != 0; header++) {
		if (header->sh_flags & 2) {
			header->sh_addr = (uintptr_t)file.bytes + header->sh_offset;
		}
	}
}

/* An extension that is where it is to be. */
void pre_located(void)
{
	struct file file = read_file("placed");
	struct llext_buf_loader writable = LLEXT_WRITABLE_BUF_LOADER(file.bytes, file.len);
	struct llext_buf_loader kept = LLEXT_PERSISTENT_BUF_LOADER(file.bytes, file.len);
	struct llext_load_param param = LLEXT_LOAD_PARAM_DEFAULT;
	struct llext *ext = NULL;

	EXPECT(llext_heap_init(heap_memory(), HEAP_SIZE), 0);
	param.pre_located = true;
	EXPECT(llext_load(&writable.loader, "placed", &ext, &param), -EFAULT);
	say_where(file);
	/* Its data points at its code, and may not be changed. */
	EXPECT(llext_load(&kept.loader, "placed", &ext, &param), -ENOEXEC);
	EXPECT(llext_load(&writable.loader, "placed", &ext, &param), 0);
	const uint8_t *place = llext_find_sym(&ext->exp_tab, "tick");
	EXPECT(place >= file.bytes && place < file.bytes + file.len, 1);
	EXPECT(llext_find_sym(&ext->exp_tab, "count") < (void *)(file.bytes + file.len), 1);
	EXPECT(llext_call_fn(ext, "tick"), 0);
	EXPECT(llext_call_fn(ext, "tick"), 0);
	EXPECT_STEPS(501, 502);
	EXPECT(*(const int *)llext_find_sym(&ext->exp_tab, "count"), 502);
	EXPECT(llext_unload(&ext), 0);
	EXPECT(llext_heap_uninit(), 0);
}
