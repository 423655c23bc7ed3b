/* Uses a variable of the host, which code that is not -fPIC does not reach. */
extern int host_counter;

int bump(int by)
{
	host_counter += by;
	return host_counter;
}
