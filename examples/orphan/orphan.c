/* Needs functions that nobody has: the load is refused, and names them all. `--dry-run` tells which names the
 * author may have meant. */
#include <llext.h>

int prinkt(const char *format, ...);
int play_tone(int hertz);

int orphan_main(void)
{
	prinkt("never printed\n");
	return play_tone(440);
}
EXPORT_SYMBOL(orphan_main);
