/* Thread-local variables, with a first value (.tdata) and without (.tbss), beside a common one without (.bss). */
static __thread int counted = 40;
static __thread int zero;
__thread char letters[4] = "abc";
static int all;

int count(int by)
{
	counted += by;
	zero++;
	all++;
	return counted + zero + all;
}

int letter(int n)
{
	return letters[n & 3];
}
