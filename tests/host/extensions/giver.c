/* What taker.c uses. */
int given = 5;

int give(int x)
{
	return x + given;
}
