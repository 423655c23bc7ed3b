/* The smallest extension: one function.
 *
 *     llext> llext load /ext/hello.elf
 *     llext> llext call hello hello_world
 */
#include <llext.h>

int hello_world(void)
{
	printk("hello world\n");
	return 0;
}
EXPORT_SYMBOL(hello_world);
