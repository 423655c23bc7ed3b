/* Every kind of reference that a linker leaves to the loader of a linked file. */

int imported_function(int);
extern int imported_variable;
__attribute__((weak)) int nobody_has_this(void);

int variable = 3;
int zeroed[40];
static int hidden = 5;
static int hidden_zeroed[3];

/* RELATIVE, in data and in what is read-only but for relocations. */
int *to_hidden = &hidden;
int *to_zeroed = hidden_zeroed + 2;
/* ABS32, R_X86_64_64 … against symbols that others might replace. */
int *to_variable = &variable;
int *to_element = zeroed + 7;
int *to_import = &imported_variable;

static int twice(int number)
{
	return 2 * number;
}

int thrice(int number)
{
	return 3 * number;
}

int (*const functions[])(int) = { twice, thrice, imported_function };

/* JUMP_SLOT for calls, GLOB_DAT for variables. */
int run(int number)
{
	if (nobody_has_this) {
		return nobody_has_this();
	}
	int sum = imported_function(number) + imported_variable + variable + zeroed[3];
	for (unsigned i = 0; i < sizeof(functions) / sizeof(functions[0]); i++) {
		sum += functions[i](number);
	}
	return sum + *to_hidden + *to_zeroed + *to_variable + *to_element + thrice(number);
}

__attribute__((constructor)) static void first(void)
{
	hidden_zeroed[2] += 10;
}

__attribute__((constructor)) static void second(void)
{
	hidden_zeroed[2] *= 2;
}

__attribute__((destructor)) static void last(void)
{
	hidden_zeroed[2] = 0;
}
