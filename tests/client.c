/* What test_python_client.py calls. */
#include <llext.h>
#include <string.h>

int add(int a, int b)
{
	printk("%d + %d\n", a, b);
	return a + b;
}
EXPORT_SYMBOL(add);

int length(const char *text)
{
	printk("<%s>\n", text);
	return (int)strlen(text);
}
EXPORT_SYMBOL(length);

int fail(void)
{
	printk("before\n");
	return *(volatile int *)0xf0000000;
}
EXPORT_SYMBOL(fail);

int spin(void)
{
	printk("spinning\n");
	for (volatile int turn = 0;; turn++) {
	}
}
EXPORT_SYMBOL(spin);
