package source

import (
	"regexp"

	"assay/app/frame"
)

// Grain is the step of a time dimension.
type Grain string

// The grains, finest first. Weeks start on Monday on every engine.
const (
	Minute  Grain = "minute"
	Hour    Grain = "hour"
	Day     Grain = "day"
	Week    Grain = "week"
	Month   Grain = "month"
	Quarter Grain = "quarter"
	Year    Grain = "year"
)

// Grains lists all grains, finest first.
var Grains = []Grain{Minute, Hour, Day, Week, Month, Quarter, Year}

// Dialect spells, for one kind of database, the few pieces of SQL in which the
// engines differ. Arguments named x are SQL expressions already spelled; every
// method returns an expression that can stand anywhere an operand can.
type Dialect interface {
	// Quote returns an identifier in quotes, whatever its characters.
	Quote(name string) string
	// Placeholder returns the n-th placeholder (from 1), cast where the engine needs it to know the kind.
	Placeholder(n int, kind frame.Kind) string
	// Trunc returns the start of x's period: for Minute and Hour a time without
	// zone, for the coarser grains a date.
	Trunc(x string, grain Grain, kind frame.Kind) string
	// Bin returns the lower bound of the bin of the width (a positive decimal literal) that x falls into.
	Bin(x, width string) string
	// Float returns x as a double, so that averages and divisions are never of integers.
	Float(x string) string
	// Sum returns the sum of x, wide enough not to overflow.
	Sum(x string) string
	// Median returns the median of x as an aggregate; false where the engine has none and the compiler ranks rows instead.
	Median(x string) (string, bool)
	// Order returns the terms of ORDER BY for x, nulls last in both directions.
	Order(x string, desc bool) []string
	// Contains and StartsWith return a condition on text x and a bound pattern p
	// (made by Pattern), not minding letters' case.
	Contains(x, p string) string
	StartsWith(x, p string) string
	// Pattern returns the value to bind for Contains or StartsWith.
	Pattern(value string, anywhere bool) string
	// Compare returns x and placeholder p spelled so that they compare by value,
	// which engines that keep times as text need.
	Compare(x, p string, kind frame.Kind) (left, right string)
	// Literal returns a constant of the kind from canonical text (see package
	// frame), spelled so that it can be nothing else, whatever its characters.
	Literal(text string, kind frame.Kind) string
	// Null returns a null of the type, spelled as the catalog does, where the engine
	// would otherwise give it a type of its own choosing.
	Null(typ string) string
	// Fence returns SELECT with the list and the rest (from FROM on) spelled so
	// that the engine finishes it before it evaluates anything around it, which
	// keeps conditions of the outer query, and the errors they may raise, away
	// from rows it does not return.
	Fence(list, rest string) string
}

var number = regexp.MustCompile(`^-?[0-9]+(\.[0-9]+)?([eE][-+]?[0-9]+)?$`)

// IsNumber reports whether the text is a number that every engine reads as a constant.
func IsNumber(text string) bool { return len(text) <= 100 && number.MatchString(text) }
