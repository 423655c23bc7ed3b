/* With two.c: one extension of two files. */
int two_counts(int by);
extern int two_total;
int one_base = 100;

int both(int by)
{
	return two_counts(by) + two_total;
}
