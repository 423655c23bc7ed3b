// Data that holds addresses, addresses with addends, and code that finds data.

extern int outside_data[8];
extern char odd_data[8];

static int zeroed[100];
int counter = 7;
static short halves[] = {1, 2, 3, -4};
const char *const words[] = {"zero", "one", "two", "three", "four"};

int *middle = &zeroed[50];
int *before = &zeroed[0] - 2;
int *outside = &outside_data[3];
// An addend of 1 on an odd address: bit 0 is no Thumb bit here.
char *odd = &odd_data[1];
char *const odd_itself = odd_data;

struct node {
    struct node *next;
    const char *name;
    int values[2];
};
struct node first, last = {&first, "last", {1, 2}};
struct node first = {&last, "first", {3, 4}};

const char *word(unsigned index) {
    switch (index) {
    case 0: return words[4];
    case 1: return "another";
    case 2: return last.name;
    case 3: return first.next->name;
    case 4: counter++; return words[0] + 1;
    case 5: return odd;
    case 6: zeroed[3] = counter; return words[2];
    case 7: return "seven";
    case 8: return outside_data[2] ? "yes" : "no";
    default: return 0;
    }
}

int sum(unsigned index) {
    int result = counter + zeroed[index] + outside_data[1] + odd_data[2];
    for (unsigned i = 0; i < sizeof halves / sizeof *halves; i++)
        result += halves[i] * last.values[i & 1];
    *middle += result;
    return result;
}
