// Calls in every form that a compiler has: to another file, to this one, at the end of a function,
// through pointers, under a condition.

extern int other_file(int value);
extern int other_file_too(const char *text, ...);
extern void never_returns(void) __attribute__((noreturn));

static __attribute__((noinline)) int here(int value) { return value * 3 + 1; }

int recursive(int depth) { return depth > 0 ? recursive(depth - 1) + here(depth) : 0; }

int calls(int value) {
    int sum = other_file(value) + here(value);
    if (sum < 0)
        never_returns();
    for (int i = 0; i < value; i++)
        sum += other_file_too("%d of %d\n", i, value);
    return sum + recursive(value);
}

int tail_call(int value) { return other_file(value + 1); }

int conditional_tail_call(int value) {
    if (value > 5)
        return other_file(value);
    return other_file_too("small", value);
}

int (*const chosen[])(int) = {other_file, here, tail_call, calls};
int (*current)(int) = tail_call;

int through_pointers(int index, int value) {
    current = chosen[index & 3];
    return current(value) + chosen[0](value);
}
