extern int one_base;
int two_total;

int two_counts(int by)
{
	two_total += by;
	return one_base + by;
}
