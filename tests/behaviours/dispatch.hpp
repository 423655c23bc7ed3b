// Shared by two files: a class whose table every file has (its key function is inline), and one with several bases.
struct Base {
	virtual int value() { return 1; }
	virtual int more(int x) { return value() + x; }
};

struct Left {
	int l = 10;
	virtual int left() { return l; }
};

struct Right {
	int r = 20;
	virtual int right() { return r; }
};

struct Both : Left, Right {
	int own = 300;
	int left() override { return own + 1; }
	int right() override { return own + 2; }
};

template <typename T> T power(T x, int n)
{
	T result = 1;

	while (n-- > 0)
		result *= x;
	return result;
}

int weigh(Right &right);
int of_base(Base &base);
