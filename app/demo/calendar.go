package demo

import (
	"fmt"
	"time"
)

// day counts days; 0 is FirstDay.
type day = int64

const yearDays = 365

var (
	origin  = date(FirstDay)
	lastDay = dayOf(LastDay)
)

func date(s string) time.Time {
	t, err := time.Parse(time.DateOnly, s)
	if err != nil {
		panic(err) // only ever called with the literals of this package
	}
	return t
}

func dayOf(s string) day { return int64(date(s).Sub(origin) / (24 * time.Hour)) }

func timeOf(d day) time.Time { return origin.AddDate(0, 0, int(d)) }

func dateText(d day) string { return timeOf(d).Format(time.DateOnly) }

// stamp writes a second counted from the first day's midnight.
func stamp(second int64) string {
	const perDay = 24 * 60 * 60
	s := second % perDay
	return fmt.Sprintf("%s %02d:%02d:%02d", dateText(second/perDay), s/3600, s/60%60, s%60)
}

// anchor is a value on a day of a leap year, counted from 0; between anchors values run straight.
type anchor struct {
	month, date int
	value       mille
}

// The year of the whole company: quiet in summer, busy before Christmas.
var trading = []anchor{
	{1, 1, 780}, {1, 15, 850}, {2, 15, 890}, {3, 15, 930}, {4, 15, 930}, {5, 15, 910}, {6, 15, 850},
	{7, 15, 800}, {8, 15, 820}, {9, 15, 940}, {10, 15, 1020}, {11, 15, 1140}, {12, 1, 1600},
	{12, 12, 2250}, {12, 21, 2350}, {12, 24, 1500}, {12, 27, 800}, {12, 31, 780},
}

// How the wish for single product lines moves over the year, on top of trading.
var wishes = map[string][]anchor{
	"":       {{1, 1, 1000}, {12, 31, 1000}},
	"winter": {{1, 1, 1250}, {2, 15, 1150}, {4, 15, 950}, {7, 15, 700}, {9, 15, 950}, {11, 15, 1200}, {12, 31, 1250}},
	"summer": {{1, 1, 750}, {3, 15, 850}, {5, 15, 1150}, {7, 15, 1500}, {8, 15, 1400}, {10, 15, 900}, {12, 31, 750}},
	"gift":   {{1, 1, 500}, {2, 10, 800}, {3, 1, 600}, {5, 8, 900}, {6, 1, 600}, {10, 15, 700}, {11, 20, 1600}, {12, 20, 2600}, {12, 26, 500}, {12, 31, 500}},
}

// along returns the value of a curve on a day.
func along(curve []anchor, t time.Time) mille {
	position := func(month, date int) int64 {
		return int64(time.Date(2024, time.Month(month), date, 0, 0, 0, 0, time.UTC).YearDay())
	}
	at := position(int(t.Month()), t.Day())
	for i := 1; i < len(curve); i++ {
		a, b := curve[i-1], curve[i]
		from, to := position(a.month, a.date), position(b.month, b.date)
		if at <= to {
			return a.value + (b.value-a.value)*(at-from)/(to-from)
		}
	}
	return curve[len(curve)-1].value
}

// How orders spread over the week, Sunday first.
var weekdays = map[string][7]mille{
	"online": {1190, 1130, 1050, 1000, 960, 840, 830},
	"store":  {0, 760, 840, 900, 1020, 1330, 2150},
}

// How orders spread over the hours of the day in UTC.
var hours = map[string][]int64{
	"online": {9, 5, 3, 2, 2, 5, 14, 26, 34, 38, 42, 46, 50, 44, 40, 40, 44, 54, 72, 96, 104, 82, 48, 21},
	"store":  {0, 0, 0, 0, 0, 0, 0, 0, 24, 52, 74, 92, 88, 70, 78, 96, 112, 84, 30, 0, 0, 0, 0, 0},
}

// closedEverywhere reports the public holidays that all stores keep.
func closedEverywhere(t time.Time) bool {
	switch t.Format("01-02") {
	case "01-01", "05-01", "12-25", "12-26":
		return true
	}
	return false
}
