package frame

import (
	"strings"
	"unicode"
)

// FileName makes of a title a file's name, without its extension, that every file system takes.
func FileName(name string) string {
	clean := strings.Map(func(r rune) rune {
		switch {
		case unicode.IsLetter(r), unicode.IsDigit(r), r == '-', r == '_':
			return r
		case unicode.IsSpace(r):
			return '-'
		}
		return -1
	}, name)
	if r := []rune(clean); len(r) > 80 {
		clean = string(r[:80])
	}
	if clean = strings.Trim(clean, "-"); clean == "" {
		return "result"
	}
	return clean
}
