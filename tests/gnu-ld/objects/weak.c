// Weak symbols: defined elsewhere, defined here, and nowhere (`missing…`).

extern void missing_function(int) __attribute__((weak));
extern int missing_result(int) __attribute__((weak));
extern int missing_object __attribute__((weak));
extern int present(int) __attribute__((weak));

__attribute__((weak)) int overridable(int value) { return value + 1; }
__attribute__((weak)) int weak_object = 5;

void (*const pointer_to_missing)(int) = missing_function;
int *pointer_to_missing_object = &missing_object;

int use_weak(int value) {
    if (missing_function)
        missing_function(value);
    if (&missing_object)
        value += missing_object;
    return present(value) + overridable(value) + weak_object;
}

// No check: the call itself must do no harm.
void call_missing(int value) {
    missing_function(value);
    weak_object = value;
}

int tail_call_missing(int value) { return missing_result(value); }
