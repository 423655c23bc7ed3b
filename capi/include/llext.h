/* llext.h: the loader for C firmware. Link libllext_c.a, and include llext.x in your linker script if the firmware exports
 * symbols.
 *
 * Names, structures' members and errno values are those of Zephyr's LLEXT where it has them, so that a program for one is a
 * program for the other; what differs is said beside it. All functions may be called from one thread at a time: a call
 * that meets another one at work (from an interrupt, or from a loader's own callback) returns -EBUSY or NULL.
 * Functions of extensions run without any lock and may call everything here.
 */
#ifndef LLEXT_H
#define LLEXT_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Exports ------------------------------------------------------------------------------------------------ */

/* One exported symbol. */
struct llext_const_symbol {
	const char *name;
	const void *addr;
};

/* The same in a table of an extension. */
struct llext_symbol {
	const char *name;
	void *addr;
};

/* A table of symbols. */
struct llext_symtable {
	size_t sym_cnt;
	struct llext_symbol *syms;
};

#define LLEXT_RECORD(symbol, place) \
	static const struct llext_const_symbol llext_symbol_##symbol \
		__attribute__((section(place), used, aligned(__alignof__(void *)))) = { #symbol, __extension__(const void *)&symbol }

#ifdef LL_EXTENSION_BUILD
/* In an extension: `symbol` is known to the firmware and to other extensions. */
#define LL_EXTENSION_SYMBOL(symbol) LLEXT_RECORD(symbol, ".exported_sym")
#define EXPORT_SYMBOL(symbol) LL_EXTENSION_SYMBOL(symbol)
#else
/* In the firmware: extensions may use `symbol`. The linker sorts the records by name (llext.x). */
#define LL_EXTENSION_SYMBOL(symbol) \
	struct llext_symbol_of_an_extension_##symbol
#define EXPORT_SYMBOL(symbol) LLEXT_RECORD(symbol, ".llext_export." #symbol)
#endif

/* ---- Section headers, as the ELF specification has them -------------------------------------------------------- */

/* Words are as long as addresses are. */
typedef struct elf_shdr {
	uint32_t sh_name;
	uint32_t sh_type;
	uintptr_t sh_flags;
	uintptr_t sh_addr;
	uintptr_t sh_offset;
	uintptr_t sh_size;
	uint32_t sh_link;
	uint32_t sh_info;
	uintptr_t sh_addralign;
	uintptr_t sh_entsize;
} elf_shdr_t;

/* ---- Extensions ---------------------------------------------------------------------------------------------- */

/* Regions of an extension. */
enum llext_mem {
	LLEXT_MEM_TEXT,
	LLEXT_MEM_RODATA,
	LLEXT_MEM_DATA,
	LLEXT_MEM_BSS,
	LLEXT_MEM_COUNT,
	/* An int, whatever ABI keeps enums short. */
	LLEXT_MEM_INT = INT32_MAX,
};

/* The longest name of an extension, without its NUL. (Zephyr: 15, and what is longer is cut. Here it is -EINVAL.) */
#define LLEXT_MAX_NAME_LEN 63

/* A loaded extension. All of it is to be read alone. */
struct llext {
	char name[LLEXT_MAX_NAME_LEN + 1];
	/* Regions: NULL and 0 where there are none. */
	void *mem[LLEXT_MEM_COUNT];
	size_t mem_size[LLEXT_MEM_COUNT];
	/* All that it holds, in bytes, this structure included. */
	size_t alloc_size;
	/* What it exports. */
	struct llext_symtable exp_tab;
	/* Loads that no unload has taken back. */
	unsigned int use_count;
	/* Kept section headers (keep_section_info). */
	const elf_shdr_t *sect_hdrs;
	size_t sect_cnt;
	/* The library's own. */
	struct llext *next;
	uint32_t id;
};

/* ---- Loaders --------------------------------------------------------------------------------------------------- */

/* What stays of the file's bytes, and where. */
enum llext_storage {
	/* The bytes may go once llext_load returns: all is copied. */
	LLEXT_STORAGE_TEMPORARY,
	/* They stay as they are: read-only sections that nothing relocates are used where they lie. */
	LLEXT_STORAGE_PERSISTENT,
	/* They stay and may be written: all sections but .bss are used and relocated where they lie. */
	LLEXT_STORAGE_WRITABLE,
	/* An int, whatever ABI keeps enums short. */
	LLEXT_STORAGE_INT = INT32_MAX,
};

/* Where a file comes from. A loader of your own sets read and seek and may set the others; put this first in it.
 * All members are 0 where they are not set.
 */
struct llext_loader {
	/* Called first; 0, or a negative errno that ends the load. */
	int (*prepare)(struct llext_loader *loader);
	/* Copies the next `len` bytes to `out`; 0, or a negative errno. Fewer bytes are an error. */
	int (*read)(struct llext_loader *loader, void *out, size_t len);
	/* Goes to byte `pos`; 0, or a negative errno. */
	int (*seek)(struct llext_loader *loader, size_t pos);
	/* The byte at `pos`, if the file lies in memory as it is, with all of its bytes behind it. */
	void *(*peek)(struct llext_loader *loader, size_t pos);
	/* Called last. */
	void (*finalize)(struct llext_loader *loader);
	/* Length of the file in bytes. (Not in Zephyr.) Without it a file that is too short is found when `read` says so,
	 * and `peek` is not used. */
	size_t (*size)(struct llext_loader *loader);
	/* What may be done with the bytes that `peek` shows. */
	enum llext_storage storage;
};

/* A file that lies in memory. */
struct llext_buf_loader {
	struct llext_loader loader;
	const uint8_t *buf;
	size_t len;
	size_t pos;
};

int llext_buf_read(struct llext_loader *loader, void *out, size_t len);
int llext_buf_seek(struct llext_loader *loader, size_t pos);
void *llext_buf_peek(struct llext_loader *loader, size_t pos);
size_t llext_buf_size(struct llext_loader *loader);

#define LLEXT_BUF_LOADER_OF(_buf, _buf_len, _storage) { \
	.loader = { \
		.prepare = NULL, .read = llext_buf_read, .seek = llext_buf_seek, .peek = llext_buf_peek, \
		.finalize = NULL, .size = llext_buf_size, .storage = (_storage), \
	}, \
	.buf = (_buf), .len = (_buf_len), .pos = 0, \
}
/* Initialisers of a struct llext_buf_loader. */
#define LLEXT_TEMPORARY_BUF_LOADER(_buf, _buf_len) LLEXT_BUF_LOADER_OF(_buf, _buf_len, LLEXT_STORAGE_TEMPORARY)
#define LLEXT_PERSISTENT_BUF_LOADER(_buf, _buf_len) LLEXT_BUF_LOADER_OF(_buf, _buf_len, LLEXT_STORAGE_PERSISTENT)
#define LLEXT_WRITABLE_BUF_LOADER(_buf, _buf_len) LLEXT_BUF_LOADER_OF(_buf, _buf_len, LLEXT_STORAGE_WRITABLE)
#define LLEXT_BUF_LOADER(_buf, _buf_len) LLEXT_TEMPORARY_BUF_LOADER(_buf, _buf_len)

/* How to load. */
struct llext_load_param {
	/* Apply relocations against the extension's own symbols. False for a file that was linked for its place. */
	bool relocate_local;
	/* All sections lie where sh_addr says, in the loader's own memory, or the load is -EFAULT. */
	bool pre_located;
	/* Sections for which this is true stay in the loader's memory and belong to no region; -ENOTSUP if the loader has no
	 * memory of its own. */
	bool (*section_detached)(const elf_shdr_t *shdr);
	/* Keep section headers for the functions below, until llext_free_inspection_data or the last llext_unload. */
	bool keep_section_info;
};

/* An initialiser of a struct llext_load_param. */
#define LLEXT_LOAD_PARAM_DEFAULT { \
	.relocate_local = true, .pre_located = false, .section_detached = NULL, .keep_section_info = false, \
}

/* ---- Loading and unloading ------------------------------------------------------------------------------------- */

/* Loads the file of `loader` as `name` and points `*ext` at it. `param` NULL stands for the defaults.
 *
 * 0: it is loaded. 1 and more: that name was loaded, so often before; the file was not read.
 * -ENOMEM: too little memory. -ENODATA: an undefined symbol. -EINVAL: not a name. -EFAULT: pre_located, and not in place.
 * -ENOTSUP: a detached section and no memory of the loader. -ENOEXEC: whatever else is wrong with the file.
 * What a loader's own functions return is passed on. (Dependencies are not limited to 8.)
 */
int llext_load(struct llext_loader *loader, const char *name, struct llext **ext,
	       const struct llext_load_param *param);

/* Takes one load back. At the last, its memory goes back and *ext is NULL.
 *
 * 0: it is gone. 1 and more: loads that are left. -EBUSY: other extensions use it (Zephyr: the count). -EINVAL: none.
 */
int llext_unload(struct llext **ext);

/* The extension of this name, or NULL. */
struct llext *llext_by_name(const char *name);

/* Calls `fn` for every extension in the order of loads until it returns something else than 0, and returns that.
 * `fn` may unload the extension that it is given. */
int llext_iterate(int (*fn)(struct llext *ext, void *arg), void *arg);

/* The address of a symbol in a table, or NULL; without a table, in that of the firmware's exports. */
const void *llext_find_sym(const struct llext_symtable *sym_table, const char *sym_name);

/* What the last llext_load that failed says of it, in a sentence without a newline, at most `len` bytes with the NUL.
 * Returns its whole length. (Not in Zephyr, which logs.) */
size_t llext_last_error(char *text, size_t len);

/* ---- Running ------------------------------------------------------------------------------------------------- */

/* Calls the exported function `void sym_name(void)`. 0, or -ENOENT: no such export, or data. */
int llext_call_fn(struct llext *ext, const char *sym_name);

/* Calls the constructors: preinit_array, then init_array. 0, or -EINVAL: no such extension. */
int llext_bringup(struct llext *ext);

/* Calls the destructors: fini_array in reverse, as the ELF specification says. (Zephyr: forward.) */
int llext_teardown(struct llext *ext);

typedef void (*llext_entry_fn_t)(void *user_data);

/* Constructors, `entry_fn(user_data)`, destructors. Nothing runs if `entry_fn` is not in the extension's text. */
void llext_bootstrap(struct llext *ext, llext_entry_fn_t entry_fn, void *user_data);

struct k_mem_domain;

/* Always -ENOSYS: this library knows no user mode. mem[] and mem_size[] say what a domain would be given. */
int llext_add_domain(struct llext *ext, struct k_mem_domain *domain);

/* ---- Inspection ---------------------------------------------------------------------------------------------- */

/* The offset in the file of a section's contents, or -ENOENT; or what the loader says. */
ssize_t llext_find_section(struct llext_loader *loader, const char *search_name);

/* The header of a section of this name. 0 or -ENOENT; or what the loader says. */
int llext_get_section_header(struct llext_loader *loader, struct llext *ext, const char *search_name,
			     elf_shdr_t *shdr);

/* The index of a section of this name, or -ENOENT; -ENOTSUP without keep_section_info. */
int llext_section_shndx(const struct llext_loader *loader, const struct llext *ext, const char *sect_name);

/* Header and place of a section: its region (LLEXT_MEM_COUNT if it is not in memory) and offset there. Pointers may be NULL.
 * 0; -EINVAL: no such section; -ENOTSUP without keep_section_info. */
int llext_get_section_info(const struct llext_loader *loader, const struct llext *ext, unsigned int shndx,
			   const elf_shdr_t **hdr, enum llext_mem *region, size_t *offset);

/* Place and size of a region. `*hdr` is NULL: a region is made of many sections here. 0, or -EINVAL: no such region. */
int llext_get_region_info(const struct llext_loader *loader, const struct llext *ext, enum llext_mem region,
			  const elf_shdr_t **hdr, const void **addr, size_t *size);

/* Gives kept section headers back. 0, or -EINVAL: no such extension. */
int llext_free_inspection_data(struct llext_loader *loader, struct llext *ext);

/* ---- The heap ------------------------------------------------------------------------------------------------ */

/* Gives the library its memory. 0; -EEXIST: it has some; -EINVAL: NULL, or too little to hold anything. */
int llext_heap_init(void *mem, size_t bytes);

/* The same with memory of its own for code. */
int llext_heap_init_harvard(void *instr_mem, size_t instr_bytes, void *data_mem, size_t data_bytes);

/* Takes the memory away again. 0; -EBUSY: extensions are loaded; -EINVAL: it has none. */
int llext_heap_uninit(void);

#ifdef __cplusplus
}
#endif

#endif /* LLEXT_H */
