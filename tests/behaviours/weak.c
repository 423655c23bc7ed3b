/* What nobody defines is null, if it is weak. */
int no_function(int x) __attribute__((weak));
extern int no_object __attribute__((weak));
int defined(int x) __attribute__((weak));
int (*volatile pointer)(int) = no_function;

int defined(int x)
{
	return x + 1;
}

int nulls(void)
{
	return (no_function == 0) + (&no_object == 0) + (pointer == 0) + (defined == 0);
}

int call_defined(int x)
{
	return defined(x);
}
