#include "shape.hpp"
#include <llext.h>

Shape::Shape(const char *name) : name_(name) {}

Shape::~Shape()
{
	printf("~%s\n", name_);
}
