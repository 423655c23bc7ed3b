/* One half of a pair: offers a function that the extension `visitor` calls. */
#include <llext.h>

int greet(const char *who)
{
	static int greeted;

	printk("hello, %s\n", who);
	return ++greeted;
}
EXPORT_SYMBOL(greet);
