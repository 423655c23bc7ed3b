/* Wants what nobody has. */
void nobody_has_this(void);

void run(void)
{
	nobody_has_this();
}
