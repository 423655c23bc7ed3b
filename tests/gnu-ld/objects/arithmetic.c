// What the compiler calls without being told to: the helpers of its run-time library.

extern void *memset(void *, int, __SIZE_TYPE__);

long long quotient(long long a, long long b) { return a / b + a % b; }
unsigned long long product(unsigned long long a, unsigned long long b, int shift) { return a * b >> shift; }
double average(const float *values, int count) {
    double sum = 0.5;
    for (int i = 0; i < count; i++)
        sum += values[i];
    return sum / count;
}
int compare(double a, float b) { return a < b ? -1 : a > b; }

struct large {
    int values[64];
};
struct large copied(const struct large *from) {
    struct large here = *from;
    memset(&here.values[32], 0, 64);
    return here;
}
