/* Arguments and results. A call takes up to eight words (numbers, or strings as pointers) and returns one;
 * what does not fit a word is printed. */
#include <llext.h>
#include <string.h>

int calc_add(int a, int b)
{
	return a + b;
}
EXPORT_SYMBOL(calc_add);

/* Eight digits make a number: the order of the arguments shows. Registers hold four of them on ARM and all
 * eight on RISC-V; the rest travels on the stack. */
int calc_digits(int a, int b, int c, int d, int e, int f, int g, int h)
{
	const int digits[] = { a, b, c, d, e, f, g, h };
	int number = 0;

	for (unsigned int i = 0; i < sizeof digits / sizeof digits[0]; i++) {
		number = number * 10 + digits[i];
	}
	return number;
}
EXPORT_SYMBOL(calc_digits);

/* 64-bit arithmetic: 20! needs 62 bits. Multiplication and division are functions of the compiler's run-time
 * library, which the firmware exports. */
int calc_factorial(int n)
{
	int64_t product = 1;
	int64_t back;
	int steps = 0;

	for (int i = 2; i <= n; i++) {
		product *= i;
	}
	for (back = product; back > 1; back /= ++steps + 1) {
	}
	printf("%d! = %lld, undone in %d divisions\n", n, product, steps);
	return (int)back;
}
EXPORT_SYMBOL(calc_factorial);

/* Floating point, in software on both boards. */
int calc_average(int a, int b)
{
	float single = ((float)a + (float)b) / 2.0f;
	double exact = ((double)a + (double)b) / 2.0;

	printf("average of %d and %d: %.3f\n", a, b, exact);
	return (double)single < exact ? -1 : (double)single > exact;
}
EXPORT_SYMBOL(calc_average);

/* A string arrives as a pointer to its first byte. */
int calc_count(const char *text, int letter)
{
	int count = 0;

	for (const char *at = strchr(text, letter); at != NULL; at = strchr(at + 1, letter)) {
		count++;
	}
	printf("'%c' in \"%s\": %d of %u\n", letter, text, count, (unsigned int)strlen(text));
	return count;
}
EXPORT_SYMBOL(calc_count);
