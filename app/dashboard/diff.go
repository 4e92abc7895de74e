package dashboard

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Change is one difference between two versions, in words.
type Change struct {
	// Kind is added, removed, moved or changed.
	Kind string
	Text string
}

// Diff says in words what is different in b; name says what people call a card.
func Diff(a, b Body, name func(*Card) string) (list []Change) {
	add := func(kind, format string, args ...any) {
		list = append(list, Change{kind, fmt.Sprintf(format, args...)})
	}
	tabs := map[string]string{}
	for _, t := range append(slices.Clone(a.Tabs), b.Tabs...) {
		tabs[t.ID] = t.Name
	}
	each(a.Tabs, b.Tabs, func(t *Tab) string { return t.ID }, func(was, is *Tab) {
		switch {
		case was == nil:
			add("added", "The tab “%s” was added", is.Name)
		case is == nil:
			add("removed", "The tab “%s” was removed", was.Name)
		case was.Name != is.Name:
			add("changed", "The tab “%s” is called “%s”", was.Name, is.Name)
		}
	})
	each(a.Cards, b.Cards, func(c *Card) string { return c.ID }, func(was, is *Card) {
		switch {
		case was == nil:
			add("added", "%s was added", name(is))
			return
		case is == nil:
			add("removed", "%s was removed", name(was))
			return
		}
		if was.Tab != is.Tab {
			add("moved", "%s moved to the tab “%s”", name(is), tabs[is.Tab])
		} else if way := moved(was, is); way != "" {
			add("moved", "%s moved %s", name(is), way)
		}
		if was.W != is.W || was.H != is.H {
			add("changed", "%s is %s by %s in place of %s by %s", name(is), columnsWord(is.W), rowsWord(is.H), columnsWord(was.W), rowsWord(was.H))
		}
		if was.Title != is.Title {
			add("changed", "%s is titled “%s” in place of “%s”", name(was), is.Title, was.Title)
		}
		if was.Question != is.Question {
			add("changed", "%s asks another question", name(is))
		}
		if was.Text != is.Text {
			add("changed", "The text of %s changed", name(is))
		}
		if !maps.Equal(was.Parameters, is.Parameters) {
			add("changed", "%s is asked with other values", name(is))
		}
		if string(was.Chart) != string(is.Chart) {
			add("changed", "%s is drawn in another way", name(is))
		}
	})
	each(a.Filters, b.Filters, func(f *Filter) string { return f.ID }, func(was, is *Filter) {
		switch {
		case was == nil:
			add("added", "The filter “%s” was added", is.Label)
			return
		case is == nil:
			add("removed", "The filter “%s” was removed", was.Label)
			return
		}
		if was.Label != is.Label {
			add("changed", "The filter “%s” is called “%s”", was.Label, is.Label)
		}
		if was.Kind != is.Kind || was.Many != is.Many || !slices.Equal(was.Values, is.Values) || (was.From == nil) != (is.From == nil) || was.From != nil && *was.From != *is.From {
			add("changed", "The filter “%s” offers other values", is.Label)
		}
		if was.Default != is.Default {
			add("changed", "The filter “%s” begins with %s in place of %s", is.Label, begins(was, is.Default), begins(was, was.Default))
		}
		if !slices.Equal(was.Targets, is.Targets) {
			add("changed", "The filter “%s” reaches other cards or columns", is.Label)
		}
	})
	if a.Refresh != b.Refresh {
		add("changed", "The page asks anew %s", every(b.Refresh))
	}
	if a.MaxAge != b.MaxAge {
		add("changed", "Answers may be %d seconds old in place of %d", int(b.age().Seconds()), int(a.age().Seconds()))
	}
	if a.Wide != b.Wide {
		add("changed", "The page's width changed")
	}
	if a.Start != b.Start && b.Start {
		add("changed", "It is shown on the first page")
	} else if a.Start != b.Start {
		add("changed", "It is no longer shown on the first page")
	}
	return list
}

// each walks through what is in either list, by id: first what was there, then what came.
func each[T any](a, b []T, id func(*T) string, f func(was, is *T)) {
	find := func(list []T, key string) *T {
		for i := range list {
			if id(&list[i]) == key {
				return &list[i]
			}
		}
		return nil
	}
	for i := range a {
		f(&a[i], find(b, id(&a[i])))
	}
	for i := range b {
		if find(a, id(&b[i])) == nil {
			f(nil, &b[i])
		}
	}
}

func moved(was, is *Card) string {
	var parts []string
	say := func(n int, one, many string, word string) {
		if n == 1 {
			parts = append(parts, "1 "+one+" "+word)
		} else if n > 1 {
			parts = append(parts, fmt.Sprintf("%d %s %s", n, many, word))
		}
	}
	say(is.X-was.X, "column", "columns", "right")
	say(was.X-is.X, "column", "columns", "left")
	say(is.Y-was.Y, "row", "rows", "down")
	say(was.Y-is.Y, "row", "rows", "up")
	return strings.Join(parts, " and ")
}

func columnsWord(n int) string { return word(n, "column") }
func rowsWord(n int) string    { return word(n, "row") }

func word(n int, one string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %ss", n, one)
}

func begins(f *Filter, value string) string {
	if value == "" {
		return "nothing"
	}
	return "“" + f.Said(value) + "”"
}

func every(seconds int) string {
	if seconds == 0 {
		return "no more by itself"
	}
	return fmt.Sprintf("every %d seconds", seconds)
}
