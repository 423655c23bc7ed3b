/* The other half: calls what `greeter` exports. So greeter has to be loaded first, and unloaded last. */
#include <llext.h>

int greet(const char *who);

int visit(void)
{
	return greet("visitor");
}
EXPORT_SYMBOL(visit);
