/* Alignments of all sizes, in every kind of section. */
#include <stdint.h>

char c1 = 1;
_Alignas(64) int big = 2;
char c2 = 3;
_Alignas(16) static const char constant[3] = "ab";
static char zero1;
_Alignas(128) static int zeroes[3];
_Alignas(32) char c3 = 4;

int misaligned(void)
{
	uintptr_t bits = ((uintptr_t)&big & 63) | ((uintptr_t)constant & 15) | ((uintptr_t)zeroes & 127) | ((uintptr_t)&c3 & 31);

	return (int)bits + zero1 + zeroes[2];
}

int values(void)
{
	return c1 + big + c2 + c3 + constant[1];
}
