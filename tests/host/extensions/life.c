/* What runs before and after: each tells the host its number. */
void host_note(int value);

static void early(void)
{
	host_note(1);
}
__attribute__((section(".preinit_array"), used)) static void (*const preinit)(void) = early;

__attribute__((constructor(200))) static void second(void)
{
	host_note(3);
}

__attribute__((constructor(150))) static void first(void)
{
	host_note(2);
}

__attribute__((constructor)) static void last(void)
{
	host_note(4);
}

__attribute__((destructor)) static void end(void)
{
	host_note(6);
}

void run(void)
{
	host_note(5);
}
