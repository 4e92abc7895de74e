package store

// Fill returns what of a list may be shown, at most limit of it unless that is 0.
// It reads a page of that size after another: read returns the one that begins
// behind the item with the id, "" for the first.
func Fill[T any](after string, limit int, read func(after string) ([]T, error), id func(*T) string, show func(*T) bool) (list []T, err error) {
	for {
		page, err := read(after)
		if err != nil {
			return nil, err
		}
		for i := range page {
			if (limit == 0 || len(list) < limit) && show(&page[i]) {
				list = append(list, page[i])
			}
		}
		if limit == 0 || len(list) == limit || len(page) < limit {
			return list, nil
		}
		after = id(&page[len(page)-1])
	}
}
