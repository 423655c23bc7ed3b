/* Constants in a section that promises to need no relocation. */
static const int table[] __attribute__((section(".llext.rodata.noreloc"), used)) = {3, 1, 4, 1, 5, 9, 2, 6};
static const char *const names[] = {"three", "one"};

int digit(int n)
{
	return table[n & 7];
}

int letter(int n)
{
	return names[n & 1][0];
}
