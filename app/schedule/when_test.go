package schedule

import (
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"assay/app/fault"
)

func TestNext(t *testing.T) {
	berlin := func(w When) When { w.Zone = "Europe/Berlin"; return w }
	for name, c := range map[string]struct {
		when  When
		after string
		want  []string
	}{
		"every day over the gap: 02:30 does not exist on 29 March": {berlin(When{Every: "day", At: "02:30"}), "2026-03-27T12:00:00Z",
			[]string{"2026-03-28T01:30:00Z", "2026-03-29T01:00:00Z", "2026-03-30T00:30:00Z"}},
		"every day over the fold: 02:30 exists twice on 25 October": {berlin(When{Every: "day", At: "02:30"}), "2026-10-24T12:00:00Z",
			[]string{"2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z"}},
		"asked between the two": {berlin(When{Every: "day", At: "02:30"}), "2026-10-25T01:00:00Z", []string{"2026-10-26T01:30:00Z"}},
		"weekdays": {berlin(When{Every: "week", At: "07:30", Weekdays: []string{"mon", "fri"}}), "2026-03-27T12:00:00Z",
			[]string{"2026-03-30T05:30:00Z", "2026-04-03T05:30:00Z", "2026-04-06T05:30:00Z"}},
		"the 31st": {When{Every: "month", Day: 31, At: "06:00"}, "2026-01-31T06:00:00Z",
			[]string{"2026-02-28T06:00:00Z", "2026-03-31T06:00:00Z", "2026-04-30T06:00:00Z"}},
		"the last day":                  {When{Every: "month", Day: -1}, "2028-02-01T00:00:00Z", []string{"2028-02-29T00:00:00Z", "2028-03-31T00:00:00Z"}},
		"every hour over the gap":       {berlin(When{Every: "hour", At: "00:15"}), "2026-03-28T23:20:00Z", []string{"2026-03-29T00:15:00Z", "2026-03-29T01:15:00Z"}},
		"every hour over the fold":      {berlin(When{Every: "hour", At: "00:15"}), "2026-10-24T23:20:00Z", []string{"2026-10-25T00:15:00Z", "2026-10-25T01:15:00Z", "2026-10-25T02:15:00Z"}},
		"half an hour off":              {When{Every: "hour", At: "00:00", Zone: "Asia/Kolkata"}, "2026-01-01T00:00:00Z", []string{"2026-01-01T00:30:00Z", "2026-01-01T01:30:00Z"}},
		"cron every quarter in the gap": {berlin(When{Every: "cron", Cron: "*/15 * * * *"}), "2026-03-29T00:45:00Z", []string{"2026-03-29T01:00:00Z", "2026-03-29T01:15:00Z"}},
		"cron at an hour in the gap":    {berlin(When{Every: "cron", Cron: "30 2 * * *"}), "2026-03-28T12:00:00Z", []string{"2026-03-29T01:00:00Z", "2026-03-30T00:30:00Z"}},
		"cron on a rare day":            {When{Every: "cron", Cron: "0 0 29 2 *"}, "2026-03-01T00:00:00Z", []string{"2028-02-29T00:00:00Z", "2032-02-29T00:00:00Z"}},
		"a gap at midnight":             {When{Every: "day", At: "00:00", Zone: "America/Santiago"}, "2026-09-05T12:00:00Z", []string{"2026-09-06T04:00:00Z", "2026-09-07T03:00:00Z"}},
		"a day that was skipped whole":  {When{Every: "day", At: "12:00", Zone: "Pacific/Apia"}, "2011-12-29T12:00:00Z", []string{"2011-12-29T22:00:00Z", "2011-12-30T10:00:00Z", "2011-12-30T22:00:00Z"}},
		"half an hour of summer":        {When{Every: "day", At: "02:15", Zone: "Australia/Lord_Howe"}, "2026-10-03T12:00:00Z", []string{"2026-10-03T15:30:00Z", "2026-10-04T15:15:00Z"}},
		"a zone that does not exist":    {When{Every: "day", Zone: "Europe/Atlantis"}, "2026-01-01T00:00:00Z", []string{"0001-01-01T00:00:00Z"}},
	} {
		at, err := time.Parse(time.RFC3339, c.after)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for range c.want {
			at = c.when.Next(at)
			got = append(got, at.Format(time.RFC3339))
		}
		if d := cmp.Diff(c.want, got); d != "" {
			t.Errorf("%s (-want +got):\n%s", name, d)
		}
	}
}

// zones have summer times of all kinds, offsets that are no whole hours, and none of it.
var zones = []string{"UTC", "Europe/Berlin", "America/New_York", "America/Santiago", "Asia/Kolkata", "Asia/Kathmandu", "Australia/Lord_Howe", "Africa/Casablanca", "Pacific/Chatham", "Asia/Tehran", "America/St_Johns"}

// TestNextAgainstTheClock goes through years by quarters of an hour and compares
// with what the zone's clocks show.
func TestNextAgainstTheClock(t *testing.T) {
	for _, zone := range zones {
		loc, err := time.LoadLocation(zone)
		if err != nil {
			t.Fatal(err)
		}
		daily, hourly := When{Every: "day", At: "02:15", Zone: zone}, When{Every: "hour", At: "00:15", Zone: zone}
		start, end := time.Date(2025, 1, 1, 0, 0, 0, 0, loc), time.Date(2027, 1, 1, 0, 0, 0, 0, loc)
		var wantDaily, wantHourly []int64
		done := map[string]bool{}
		previous := start
		for at := start; at.Before(end); at = at.Add(15 * time.Minute) {
			local := at.In(loc)
			if local.Minute() == 15 {
				wantHourly = append(wantHourly, at.Unix())
			}
			day := local.Format("2006-01-02")
			// Due when the clock shows it, or has jumped over it.
			if minutes := local.Hour()*60 + local.Minute(); minutes >= 135 && !done[day] {
				before := previous.In(loc)
				if minutes == 135 || before.Format("2006-01-02") == day && before.Hour()*60+before.Minute() < 135 {
					wantDaily = append(wantDaily, at.Unix())
				}
				done[day] = true
			}
			previous = at
		}
		for name, c := range map[string]struct {
			when When
			want []int64
		}{"daily": {daily, wantDaily}, "hourly": {hourly, wantHourly}} {
			var got []int64
			for at := c.when.Next(start.Add(-time.Second)); at.Before(end); at = c.when.Next(at) {
				got = append(got, at.Unix())
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("%s %s: %d times, want %d", zone, name, len(got), len(c.want))
				for i := range min(len(got), len(c.want)) {
					if got[i] != c.want[i] {
						t.Errorf("  first difference: %s, want %s", time.Unix(got[i], 0).In(loc), time.Unix(c.want[i], 0).In(loc))
						break
					}
				}
			}
		}
	}
}

// TestNextMovesOn holds of every kind, zone and moment: the next time lies
// ahead, asking from just before gives the same, and it is the same for every
// moment up to it.
func TestNextMovesOn(t *testing.T) {
	kinds := []When{{Every: "hour", At: "00:59"}, {Every: "day", At: "02:30"}, {Every: "day", At: "00:00"}, {Every: "week", At: "01:59", Weekdays: []string{"sun"}},
		{Every: "month", Day: 29, At: "03:00"}, {Every: "cron", Cron: "7,37 1-3 * * *"}, {Every: "cron", Cron: "*/20 */2 * * *"}, {Every: "cron", Cron: "0 2 1-7 * 0"}}
	for _, zone := range zones {
		for _, w := range kinds {
			w.Zone = zone
			for at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC); at.Year() == 2026; at = at.Add(29*time.Hour + 7*time.Minute + 13*time.Second) {
				next := w.Next(at)
				if !next.After(at) || next.Second() != 0 || next.Sub(at) > 62*24*time.Hour {
					t.Fatalf("%s: after %s comes %s", w.Words(), at, next)
				}
				if again := w.Next(next.Add(-time.Nanosecond)); !again.Equal(next) {
					t.Fatalf("%s: just before %s comes %s", w.Words(), next, again)
				}
				if middle := w.Next(at.Add(next.Sub(at) / 2)); !middle.Equal(next) {
					t.Fatalf("%s: after %s comes %s, later %s", w.Words(), at, next, middle)
				}
			}
		}
	}
}

// matches is a plain reading of a cron expression of numbers, lists, ranges and steps.
func matches(expression string, at time.Time) bool {
	field := func(text string, low, high, v int) bool {
		for _, part := range strings.Split(text, ",") {
			span, step, _ := strings.Cut(part, "/")
			from, to, ranged := strings.Cut(span, "-")
			a, b, by := low, high, 1
			if span != "*" {
				a, _ = strconv.Atoi(from)
				if b = a; ranged {
					b, _ = strconv.Atoi(to)
				}
			}
			if step != "" {
				by, _ = strconv.Atoi(step)
			}
			if v >= a && v <= b && (v-a)%by == 0 {
				return true
			}
		}
		return false
	}
	f := strings.Fields(expression)
	day, weekday := field(f[2], 1, 31, at.Day()), field(f[4], 0, 6, int(at.Weekday()))
	either := day && weekday
	if f[2] != "*" && f[4] != "*" {
		either = day || weekday
	}
	return field(f[0], 0, 59, at.Minute()) && field(f[1], 0, 23, at.Hour()) && field(f[3], 1, 12, int(at.Month())) && either
}

func TestCronAgainstAPlainReading(t *testing.T) {
	for _, expression := range []string{"0 0 * * *", "*/7 3 * * *", "30 7 * * 1-5", "15 10,22 1,15 * *", "0 6 31 * *", "5 4 13 * 5", "0 0 30 4,6 *", "59 23 28-31 * *", "0 */6 * 2 *", "0 12 1-7 * 1"} {
		at := time.Date(2027, 11, 20, 0, 0, 0, 0, time.UTC)
		end := at.AddDate(0, 5, 0)
		next, ok := nextCron(expression, at)
		for at = at.Add(time.Minute); at.Before(end); at = at.Add(time.Minute) {
			if matches(expression, at) {
				if !ok || !next.Equal(at) {
					t.Errorf("%s: %v %s, want %s", expression, ok, next, at)
					break
				}
				next, ok = nextCron(expression, next)
			}
		}
	}
}

func TestWords(t *testing.T) {
	for want, w := range map[string]When{
		"Every Monday at 07:30, Europe/Berlin":                                       {Every: "week", Weekdays: []string{"mon"}, At: "07:30", Zone: "Europe/Berlin"},
		"Every Monday, Tuesday and Friday at 00:00, UTC":                             {Every: "week", Weekdays: []string{"mon", "tue", "fri"}},
		"Every weekday at 06:00, UTC":                                                {Every: "week", Weekdays: []string{"mon", "tue", "wed", "thu", "fri"}, At: "06:00"},
		"Every hour at minute 5, UTC":                                                {Every: "hour", At: "00:05"},
		"Every day at 23:59, Asia/Tokyo":                                             {Every: "day", At: "23:59", Zone: "Asia/Tokyo"},
		"On the 1st of every month at 06:00, UTC":                                    {Every: "month", Day: 1, At: "06:00"},
		"On the 31st of every month at 06:00, UTC, or the last day of a shorter one": {Every: "month", Day: 31, At: "06:00"},
		"On the last day of every month at 06:00, UTC":                               {Every: "month", Day: -1, At: "06:00"},
		"By cron 0 6 * * 1, UTC":                                                     {Every: "cron", Cron: "0 6 * * 1"},
	} {
		if got := w.Words(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func TestWhenIsChecked(t *testing.T) {
	for field, list := range map[string][]When{
		"when.zone":     {{Every: "day", Zone: "Europe/Atlantis"}, {Every: "day", Zone: "../../etc/passwd"}, {Every: "day", Zone: "Local"}, {Every: "day", Zone: "Berlin"}},
		"when.at":       {{Every: "day", At: "24:00"}, {Every: "day", At: "7"}, {Every: "day", At: "07:60"}, {Every: "day", At: "-1:00"}, {Every: "day", At: "07:3"}},
		"when.every":    {{}, {Every: "second"}},
		"when.weekdays": {{Every: "week"}, {Every: "week", Weekdays: []string{"monday"}}},
		"when.day":      {{Every: "month"}, {Every: "month", Day: 32}, {Every: "month", Day: -2}},
		"when.cron":     {{Every: "cron"}, {Every: "cron", Cron: "* * * *"}, {Every: "cron", Cron: "0 0 31 2 *"}, {Every: "cron", Cron: "61 * * * *"}, {Every: "cron", Cron: "@daily"}, {Every: "cron", Cron: "0 0 0 * * *"}, {Every: "cron", Cron: "*/0 * * * *"}},
	} {
		for _, w := range list {
			var problems fault.Fields
			w.check(&problems)
			if problems[field] == "" {
				t.Errorf("%+v: %v, want a problem with %s", w, problems, field)
			}
		}
	}
	w := When{Every: " Week ", At: "7:05", Weekdays: []string{"FRI", "sun", "mon", "fri"}, Cron: "x", Day: 4}
	var problems fault.Fields
	w.check(&problems)
	if d := cmp.Diff(When{Every: "week", At: "07:05", Weekdays: []string{"mon", "fri", "sun"}}, w); d != "" || problems != nil {
		t.Errorf("%v\n%s", problems, d)
	}
}
