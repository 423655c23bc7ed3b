struct Refused {
    int code;
};

struct Shape {
    virtual int area() const = 0;
    virtual const char *name() const { return "shape"; }
    virtual ~Shape() {}
};

struct Scalable {
    virtual void scale(int factor) = 0;
    virtual ~Scalable() {}
};

struct Rectangle : Shape, Scalable {
    int width, height;
    Rectangle(int w, int h) : width(w), height(h) {}
    int area() const override;
    const char *name() const override;
    void scale(int factor) override;
};

template <typename T> T larger(T a, T b) { return a < b ? b : a; }

inline int &shared_counter() {
    static int counter = 40;
    return counter;
}
