/* Uses what life.c exports; exports all that is global, for it has no LL_EXTENSION_SYMBOL. */
int twice(int number);
extern int state;
void note(int step);

int zeros[100];

void use(void)
{
	zeros[99] += twice(state);
	note(zeros[99]);
}
