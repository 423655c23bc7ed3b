/* Functions that run by themselves: at load, before anything else can be called, and at unload.
 *
 * Constructors run in the order of their priority, lowest first, those without one last; destructors run the
 * other way round. What stands in .preinit_array comes before all of them. */
#include <llext.h>

static int steps;

static void preinit(void)
{
	printk("%d: preinit\n", ++steps);
}
__attribute__((section(".preinit_array"), used)) static void (*const preinit_entry)(void) = preinit;

__attribute__((constructor)) static void init(void)
{
	printk("%d: init\n", ++steps);
}

__attribute__((constructor(202))) static void init_second(void)
{
	printk("%d: init, priority 202\n", ++steps);
}

__attribute__((constructor(201))) static void init_first(void)
{
	printk("%d: init, priority 201\n", ++steps);
}

int lifecycle_steps(void)
{
	return steps;
}
EXPORT_SYMBOL(lifecycle_steps);

__attribute__((destructor(201))) static void fini_last(void)
{
	printk("%d: fini, priority 201\n", ++steps);
}

__attribute__((destructor)) static void fini(void)
{
	printk("%d: fini\n", ++steps);
}
