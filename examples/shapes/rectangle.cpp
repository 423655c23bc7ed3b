#include "shape.hpp"

namespace {

class Rectangle : public Shape, public Labelled {
public:
	Rectangle(int width, int height);
	~Rectangle() override;
	int area() const override { return width_ * height_; }
	int price(int per_unit) const override { return Shape::price(per_unit) - 1; }
	const char *label() const override { return width_ > height_ ? "wide" : "tall"; }

private:
	int width_;
	int height_;
};

const Rectangle *last;

Rectangle::Rectangle(int width, int height)
	: Shape("rectangle"), width_(larger(width, 0)), height_(larger(height, 0))
{
	last = this;
}

Rectangle::~Rectangle()
{
	last = nullptr;
}

}

Shape *make_rectangle(int width, int height)
{
	return new Rectangle(width, height);
}

const Labelled &label_of_last_rectangle()
{
	return *last;
}
