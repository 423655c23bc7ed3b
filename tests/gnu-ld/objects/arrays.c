// Function arrays: with and without priorities, several a file.

extern void note(const char *what);

static void before_all(void) { note("preinit"); }
__attribute__((section(".preinit_array"), used)) static void (*const preinit)(void) = before_all;

__attribute__((constructor(300))) static void early(void) { note("init 300"); }
__attribute__((constructor(200))) static void earlier(void) { note("init 200"); }
__attribute__((constructor)) static void plain(void) { note("init"); }
__attribute__((constructor)) static void plain_too(void) { note("init too"); }
__attribute__((destructor(300))) static void late(void) { note("fini 300"); }
__attribute__((destructor)) static void last(void) { note("fini"); }
