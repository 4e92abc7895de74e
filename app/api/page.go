package api

import (
	"slices"

	"assay/app/fault"
)

// Paging is the input of a list.
type Paging struct {
	Limit  int    `query:"limit" minimum:"1" maximum:"500" default:"100" doc:"The most items of a page"`
	Cursor string `query:"cursor" maxLength:"200" doc:"Where the page begins: next_cursor of the page before"`
}

// page is a part of a list.
type page[T any] struct {
	Items      []T     `json:"items" nullable:"false"`
	NextCursor *string `json:"next_cursor" doc:"The cursor of the next page; null on the last one"`
}

// cut returns the page of a whole list that the paging asks for; cursors are the items' ids.
func cut[T any](all []T, p Paging, id func(T) string) (*body[page[T]], error) {
	if p.Cursor != "" {
		i := slices.IndexFunc(all, func(item T) bool { return id(item) == p.Cursor })
		if i < 0 {
			return nil, fault.Field("query.cursor", "This cursor is of another list, or what it stood at was removed; begin again without it")
		}
		all = all[i+1:]
	}
	return pageOf(all, p, id), nil
}

// pageOf returns the first items of a list that begins where the page does.
func pageOf[T any](rest []T, p Paging, id func(T) string) *body[page[T]] {
	out := &body[page[T]]{}
	out.Body.Items = rest[:min(len(rest), p.Limit)]
	if out.Body.Items == nil {
		out.Body.Items = []T{}
	}
	if len(rest) > p.Limit {
		next := id(rest[p.Limit-1])
		out.Body.NextCursor = &next
	}
	return out
}

// each returns what f makes of every item.
func each[A, B any](list []A, f func(*A) B) []B {
	out := make([]B, len(list))
	for i := range list {
		out[i] = f(&list[i])
	}
	return out
}
