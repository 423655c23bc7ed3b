/* Uses an export of hello. */
int hello_world(void);

int visit(void) { return hello_world() + 1; }
