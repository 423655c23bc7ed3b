/* A variable of each thread, which an image has no room for. */
__thread int mine = 3;

int *where(void)
{
	return &mine;
}
