/* Uses another extension. */
int give(int x);

int take(int x)
{
	return give(x) * 2;
}
