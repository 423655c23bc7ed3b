/* Addresses in two halves: MOVW and MOVT, LUI and ADDI; absolute, and relative to the program counter. */
int number = 41;

int absolute(void)
{
	int *address;

#ifdef __arm__
	__asm__("movw %0, #:lower16:number\n\tmovt %0, #:upper16:number" : "=r"(address));
#else
	__asm__("lui %0, %%hi(number)\n\taddi %0, %0, %%lo(number)" : "=r"(address));
#endif
	return ++*address;
}

int relative(void)
{
	int *address;

#ifdef __arm__
	__asm__("movw %0, #:lower16:(number - (1f + 4))\n\tmovt %0, #:upper16:(number - (1f + 4))\n1:\tadd %0, pc" : "=r"(address));
#else
	__asm__("1:\tauipc %0, %%pcrel_hi(number)\n\taddi %0, %0, %%pcrel_lo(1b)" : "=r"(address));
#endif
	return *address;
}
