/* Functions, data, a constructor and a destructor. */
int printk(const char *format, ...);

int greetings = 1;
static int calls;

__attribute__((constructor)) static void open(void) { calls = 1; }
__attribute__((destructor)) static void close(void) { calls = 0; }

__attribute__((noinline)) static int count(void) { return calls++; }

int hello_world(void)
{
	printk("hello world\n");
	return count();
}

int add(int a, int b) { return a + b + greetings; }
