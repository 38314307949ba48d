package bad

import "time"

type (
	Wide interface {
		A()
		B()
		C()
		D()
		E()
	}
)

func Loose() {
	_ = time.Now()
	_ = 1
	_ = 2
	_ = 3
	_ = 4
	_ = 5
	_ = 6
	_ = 7
	_ = 8
	_ = 9
	_ = 10
	_ = 11
	_ = 12
	_ = 13
	_ = 14
	_ = 15
	_ = 16
	_ = 17
	_ = 18
	_ = 19
	_ = 20
	_ = 21
	_ = 22
	_ = 23
	_ = 24
	_ = 25
	_ = 26
	_ = 27
	_ = 28
	_ = 29
	_ = 30
	_ = 31
	_ = 32
	_ = 33
	_ = 34
	_ = 35
	_ = 36
	_ = 37
	_ = 38
	_ = 39
	_ = 40
	_ = 41
	_ = 42
	_ = 43
	_ = 44
	_ = 45
	_ = 46
	_ = 47
	_ = 48
	_ = 49
	_ = 50
}

// T is documented.
type T struct{}

func (T) Bare() {}

// Enum's constants count with it.
type Enum int

const Lonely = 1

func init() {}

// The constants of an enum count with their type.
const (
	One Enum = iota
	Two
)

// Names beyond the budget.
const (
	A01 = 0
	A02 = 0
	A03 = 0
	A04 = 0
	A05 = 0
	A06 = 0
	A07 = 0
	A08 = 0
	A09 = 0
	A10 = 0
	A11 = 0
	A12 = 0
	A13 = 0
	A14 = 0
	A15 = 0
	A16 = 0
)
