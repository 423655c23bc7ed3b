// C++: several units, virtual functions, an object that is constructed at load and destroyed at unload,
// new and delete.
#include "shape.hpp"
#include <llext.h>

namespace {

// The loader calls its constructor before anything else of the extension can be called.
class Register {
public:
	Register() { printf("register opened\n"); }
	~Register() { printf("register closed, %d sold\n", sold_); }
	int sell(const Shape &shape, int per_unit)
	{
		sold_++;
		return shape.price(per_unit);
	}

private:
	int sold_ = 0;
};

Register shop;

}

extern "C" int shapes_square(int side)
{
	Shape *square = make_square(side);
	int price = shop.sell(*square, 2);

	printf("%s of area %d costs %d\n", square->name(), square->area(), price);
	delete square;
	return price;
}
EXPORT_SYMBOL(shapes_square);

extern "C" int shapes_rectangle(int width, int height)
{
	Shape *rectangle = make_rectangle(width, height);
	int price = shop.sell(*rectangle, 2);

	printf("%s %s of area %d costs %d\n", label_of_last_rectangle().label(), rectangle->name(), rectangle->area(), price);
	delete rectangle;
	return price;
}
EXPORT_SYMBOL(shapes_rectangle);
