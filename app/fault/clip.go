package fault

// Clip shortens a text that a message quotes to its first most letters.
func Clip(text string, most int) string {
	if r := []rune(text); len(r) > most {
		return string(r[:most]) + "…"
	}
	return text
}
