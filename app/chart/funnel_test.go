package chart

import (
	"encoding/json"
	"math"
	"testing"
)

// Every stage is a bar in the middle, as long as its value; none tapers.
func TestFunnelStandsInTheMiddle(t *testing.T) {
	f := rows(columns("stage:t", "orders:n"), []string{"Placed", "400"}, []string{"Sent", "300"}, []string{"Kept", "100"})
	d, err := Option(f, Settings{Kind: Funnel}, Light())
	if err != nil {
		t.Fatal(err)
	}
	var option struct {
		Series []struct {
			Type, Stack string
			Data        []struct{ Value float64 }
		}
		XAxis []struct{ Max float64 }
	}
	if err := json.Unmarshal(d.Option, &option); err != nil {
		t.Fatal(err)
	}
	if len(option.Series) != 2 || option.Series[0].Type != "bar" || option.Series[0].Stack == "" || option.Series[0].Stack != option.Series[1].Stack {
		t.Fatalf("series: %+v", option.Series)
	}
	for i, want := range []float64{400, 300, 100} {
		before, bar := option.Series[0].Data[i].Value, option.Series[1].Data[i].Value
		if bar != want || math.Abs(2*before+bar-option.XAxis[0].Max) > 1e-9 {
			t.Errorf("stage %d: %v before a bar of %v on an axis of %v", i, before, bar, option.XAxis[0].Max)
		}
	}
}

func TestLastTickOfTimesHasRoom(t *testing.T) {
	f := rows(columns("month:d", "orders:n"))
	for _, m := range months(36) {
		f.AppendTexts(m, "10")
	}
	for _, kind := range []Kind{Line, Area, Bar} {
		d, err := Option(f, Settings{Kind: kind}, Light())
		if err != nil {
			t.Fatal(err)
		}
		var option struct{ Grid []struct{ Right json.Number } }
		if err := json.Unmarshal(d.Option, &option); err != nil {
			t.Fatal(err)
		}
		if right, _ := option.Grid[0].Right.Float64(); right < 18 {
			t.Errorf("%s leaves %v pixels for half of its last label", kind, right)
		}
	}
}
