/* Objects that point at each other. */
struct node {
	const char *name;
	struct node *next;
	int (*function)(int);
	int *cell;
};

static int cells[8] = {0, 1, 2, 3, 4, 5, 6, 7};

static int twice(int x)
{
	return 2 * x;
}

static int thrice(int x)
{
	return 3 * x;
}

struct node last = {"last", 0, thrice, &cells[7]};
static struct node first = {"first", &last, twice, cells + 3};
struct node *list = &first;

int walk(int x)
{
	int total = 0;

	for (struct node *node = list; node; node = node->next)
		total += node->function(x) + *node->cell + node->name[0];
	return total;
}
