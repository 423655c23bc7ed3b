/* A firmware that uses every function of llext.h: a check that the library links on a bare target. */
#include <llext.h>

static uint8_t heap[32 * 1024], code[8 * 1024];
static uint8_t file[1024];

int answer(void)
{
	return 42;
}
EXPORT_SYMBOL(answer);

static int each(struct llext *ext, void *arg)
{
	(void)arg;
	return ext->use_count == 0;
}

static bool detached(const elf_shdr_t *shdr)
{
	return shdr->sh_size > 1000;
}

int main(void)
{
	struct llext_buf_loader loader = LLEXT_PERSISTENT_BUF_LOADER(file, sizeof(file));
	struct llext_load_param param = LLEXT_LOAD_PARAM_DEFAULT;
	struct llext *ext = NULL;
	const elf_shdr_t *header;
	elf_shdr_t copy;
	enum llext_mem region;
	const void *address;
	size_t size;
	char text[80];
	int sum = 0;

	param.section_detached = detached;
	param.keep_section_info = true;
	sum += llext_heap_init(heap, sizeof(heap));
	sum += llext_heap_uninit();
	sum += llext_heap_init_harvard(code, sizeof(code), heap, sizeof(heap));
	sum += llext_load(&loader.loader, "ext", &ext, &param);
	sum += llext_last_error(text, sizeof(text));
	sum += llext_by_name("ext") == ext;
	sum += llext_iterate(each, NULL);
	sum += llext_find_sym(NULL, "answer") != NULL;
	sum += llext_call_fn(ext, "run");
	sum += llext_bringup(ext);
	sum += llext_teardown(ext);
	llext_bootstrap(ext, NULL, NULL);
	sum += llext_add_domain(ext, NULL);
	sum += llext_find_section(&loader.loader, ".text");
	sum += llext_get_section_header(&loader.loader, ext, ".text", &copy);
	sum += llext_section_shndx(&loader.loader, ext, ".text");
	sum += llext_get_section_info(&loader.loader, ext, 1, &header, &region, &size);
	sum += llext_get_region_info(&loader.loader, ext, LLEXT_MEM_TEXT, &header, &address, &size);
	sum += llext_free_inspection_data(&loader.loader, ext);
	sum += llext_unload(&ext);
	return sum;
}
