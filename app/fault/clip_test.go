package fault

import "testing"

func TestClip(t *testing.T) {
	for _, tt := range []struct {
		text string
		most int
		want string
	}{{"", 3, ""}, {"äöü", 3, "äöü"}, {"äöü!", 3, "äöü…"}, {"日本語", 1, "日…"}} {
		if got := Clip(tt.text, tt.most); got != tt.want {
			t.Errorf("Clip(%q, %d) is %q, want %q", tt.text, tt.most, got, tt.want)
		}
	}
}
