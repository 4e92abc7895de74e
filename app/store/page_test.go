package store

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestFill(t *testing.T) {
	all := strings.Split("a B c D E f g", " ")
	for _, test := range []struct {
		name, after string
		limit       int
		want        string
		reads       int
	}{
		{"all at once", "", 0, "a c f g", 1},
		{"a full page", "", 2, "a c", 2},
		{"over pages of which little may be seen", "B", 2, "c f", 2},
		{"up to the end", "c", 3, "f g", 2},
		{"behind the last", "g", 3, "", 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			reads := 0
			list, err := Fill(test.after, test.limit, func(after string) ([]string, error) {
				reads++
				rest := all[slices.Index(all, after)+1:]
				if test.limit > 0 {
					rest = rest[:min(len(rest), test.limit)]
				}
				return rest, nil
			}, func(s *string) string { return *s }, func(s *string) bool { return *s == strings.ToLower(*s) })
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, strings.Join(list, " ")); diff != "" || reads != test.reads {
				t.Errorf("%d reads, (-want +got):\n%s", reads, diff)
			}
		})
	}
	broken := errors.New("the disk is full")
	_, err := Fill("", 1, func(string) ([]int, error) { return nil, broken }, func(*int) string { return "" }, func(*int) bool { return true })
	if !errors.Is(err, broken) {
		t.Errorf("a page that cannot be read: %v", err)
	}
}
