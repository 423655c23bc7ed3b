// With dispatch2.cpp: virtual calls across files, through a second base, and templates that both instantiate.
#include "dispatch.hpp"

extern "C" int thunk()
{
	Both both;
	return weigh(both) + both.left();
}

extern "C" int weak_table(int x)
{
	Base base;
	return of_base(base) + base.more(x);
}

extern "C" int template_here(int x)
{
	return power<int>(x, 3);
}
