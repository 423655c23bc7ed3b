#include "dispatch.hpp"

struct Derived : Base {
	int value() override { return 1000; }
};

int weigh(Right &right)
{
	return right.right();
}

int of_base(Base &base)
{
	Derived derived;
	Base *volatile other = &derived;

	return base.value() + other->more(power<int>(2, 4));
}
