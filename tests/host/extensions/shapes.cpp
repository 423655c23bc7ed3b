// Virtual functions through several bases, templates, inline variables, a constructor before main's.
extern "C" void host_note(int value);

namespace {

struct Shape {
    virtual int area() const = 0;
    virtual int corners() const { return 0; }
    int twice() const { return 2 * area(); }
};

struct Named {
    int tag;
    explicit Named(int tag) : tag(tag) {}
    virtual int name() const { return tag; }
};

struct Square : Shape, Named {
    int side;
    explicit Square(int side) : Named(1000 + side), side(side) {}
    int area() const override { return side * side; }
    int corners() const override { return 4; }
    int name() const override { return tag + corners(); }
};

template <typename T, int N> struct Stack {
    T items[N];
    int used = 0;
    void push(T item) { items[used++] = item; }
    T sum() const {
        T total{};
        for (int i = 0; i < used; i++)
            total += items[i];
        return total;
    }
};

struct Noisy {
    int value;
    explicit Noisy(int value) : value(value) { host_note(value); }
};

Noisy noisy(77);

} // namespace

inline int counted = 40;
template <typename T> T largest(T a, T b) { return a > b ? a : b; }

extern "C" int area(int side)
{
    Square square(side);
    const Shape *volatile shape = &square;
    return shape->twice() + shape->corners();
}

extern "C" int through_second_base(int side)
{
    Square square(side);
    const Named *volatile named = &square;
    return named->name();
}

extern "C" int stacked(int n)
{
    Stack<long, 8> stack;
    for (int i = 0; i < n; i++)
        stack.push(largest<long>(i, 3));
    return static_cast<int>(stack.sum());
}

extern "C" int constructed(int)
{
    return noisy.value + ++counted;
}
