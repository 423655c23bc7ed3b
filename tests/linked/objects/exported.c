/* A library with a table of exports: what is not in it is nobody's business. */
struct llext_const_symbol {
	const char *name;
	const void *address;
};

int state = 7;
int helper(int number)
{
	return number + state;
}

int shown(int number)
{
	return helper(number) + 1;
}

__attribute__((section(".exported_sym"), used)) static const struct llext_const_symbol records[] = {
	{ "shown", (const void *)shown },
	{ "state", &state },
};
