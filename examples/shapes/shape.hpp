// What all shapes share.
#pragma once

class Shape {
public:
	explicit Shape(const char *name);
	virtual ~Shape();
	virtual int area() const = 0;
	const char *name() const { return name_; }

	// Defined in the class, so in every unit that uses it: the linker keeps one copy.
	virtual int price(int per_unit) const { return area() * per_unit; }

private:
	const char *name_;
};

// Something with a label; a second base class, whose functions are reached through thunks.
class Labelled {
public:
	virtual ~Labelled() = default;
	virtual const char *label() const = 0;
};

// A template that two units instantiate with one type.
template <class T>
const T &larger(const T &a, const T &b)
{
	return a < b ? b : a;
}

Shape *make_square(int side);
Shape *make_rectangle(int width, int height);
const Labelled &label_of_last_rectangle();
