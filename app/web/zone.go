package web

import (
	_ "embed"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/labstack/echo/v4"

	"assay/views"
)

// zoneFile lists the names of the time zones of the world's places, one a line.
//
//go:embed zones.txt
var zoneFile string

// zones are those of the listed ones that this program knows.
var zones = sync.OnceValue(func() (list []*time.Location) {
	for name := range strings.Lines(zoneFile) {
		if zone, err := time.LoadLocation(strings.TrimSpace(name)); err == nil {
			list = append(list, zone)
		}
	}
	return list
})

// readerZone is where the reader's clock is, as their browser said in a cookie;
// UTC where it did not.
func readerZone(c echo.Context) *time.Location {
	if cookie, err := c.Cookie("assay_zone"); err == nil && cookie.Value != "" && cookie.Value != "Local" && len(cookie.Value) < 64 {
		if zone, err := time.LoadLocation(cookie.Value); err == nil {
			return zone
		}
	}
	return time.UTC
}

// difference spells how far a zone's clocks are from UTC at a time, such as UTC+5:30.
func difference(t time.Time) string {
	_, seconds := t.Zone()
	if seconds == 0 {
		return "UTC"
	}
	sign := '+'
	if seconds < 0 {
		sign, seconds = '−', -seconds
	}
	text := fmt.Sprintf("UTC%c%d", sign, seconds/3600)
	if rest := seconds % 3600 / 60; rest > 0 {
		text += fmt.Sprintf(":%02d", rest)
	}
	return text
}

// zoneChoices are the zones to choose from, each with its difference now.
func zoneChoices() (list []views.Choice) {
	now := time.Now()
	for _, zone := range zones() {
		list = append(list, views.Choice{Value: zone.String(), Label: strings.ReplaceAll(zone.String(), "_", " ") + ", " + difference(now.In(zone))})
	}
	return list
}

// spelled is how a time is told: with the weekday, and its year where it is another.
func spelled(t time.Time) string {
	if t.Year() == time.Now().In(t.Location()).Year() {
		return t.Format("Mon 2 Jan 15:04")
	}
	return t.Format("Mon 2 Jan 2006 15:04")
}

// momentIn tells a time in its own zone, and in the reader's where that shows another one.
func momentIn(t time.Time, zone, reader *time.Location) views.Moment {
	if t.IsZero() {
		return views.Moment{Text: "never"}
	}
	m := views.Moment{At: t.UTC().Format(time.RFC3339), Text: spelled(t.In(zone)), Zone: zone.String()}
	if here := spelled(t.In(reader)); here != m.Text {
		if t.In(reader).Format(time.DateOnly) == t.In(zone).Format(time.DateOnly) {
			here = t.In(reader).Format("15:04")
		}
		m.Reader = here + " " + cityOf(reader)
	}
	return m
}

// cityOf is the short name of a zone: its city.
func cityOf(zone *time.Location) string {
	name := zone.String()
	if i := strings.LastIndexByte(name, '/'); i >= 0 {
		name = name[i+1:]
	}
	return strings.ReplaceAll(name, "_", " ")
}

// ago tells a time that has passed: how long ago while that is short, else when.
func ago(t time.Time, reader *time.Location) string {
	switch d := time.Since(t); {
	case t.IsZero():
		return ""
	case d < time.Minute:
		return "just now"
	case d < time.Hour:
		return counted(int(d.Minutes()), "minute ago", "minutes ago")
	case d < 24*time.Hour && t.In(reader).Day() == time.Now().In(reader).Day():
		return "today " + t.In(reader).Format("15:04")
	}
	return spelled(t.In(reader))
}
