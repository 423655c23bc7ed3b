/* An extension keeps its variables from one call to the next, until it is unloaded. */
#include <llext.h>

static int step = 5;  /* has a value: its bytes come from the file (.data) */
static int total;     /* has none: the loader zeroes it (.bss) */

/* Returns what `value` was, and makes it `next`. */
static int exchange(int *value, int next)
{
	int before = *value;

	*value = next;
	return before;
}

/* Adds the step `times` times and returns the new total. */
int counter_advance(int times)
{
	int before = exchange(&total, total + times * step);

	printk("%d + %d * %d = %d\n", before, times, step, total);
	return total;
}
EXPORT_SYMBOL(counter_advance);

/* Sets the step and returns the one before. */
int counter_set_step(int next)
{
	return exchange(&step, next);
}
EXPORT_SYMBOL(counter_set_step);
