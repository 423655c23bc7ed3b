// The second unit of shapes.cpp's inline functions, templates and virtual tables.
#include "shapes.hpp"

namespace {
struct Square : Rectangle {
    explicit Square(int side) : Rectangle(side, side) {}
    const char *name() const override { return "square"; }
};
} // namespace

extern "C" int squares(int side) {
    Square square(larger(side, shared_counter()));
    shared_counter()++;
    if (side > 1000)
        throw Refused{side};
    return square.area() + square.name()[0];
}
