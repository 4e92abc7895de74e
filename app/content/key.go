package content

import (
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// longestKey bounds the name of a file, in bytes, without what tells it from another.
const longestKey = 60

// keyOf returns the name of an object's file: its own in small letters and digits
// with hyphens between, which every file system takes; "" where nothing is left.
func keyOf(name string) string {
	var b strings.Builder
	gap := false
	for _, r := range norm.NFKD.String(name) {
		r = unicode.ToLower(r)
		switch {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9':
			if gap && b.Len() > 0 {
				b.WriteByte('-')
			}
			gap = false
			b.WriteRune(r)
		case unicode.Is(unicode.Mn, r): // the accent of the letter before
		case r == 'ß':
			b.WriteString("ss")
		default:
			gap = true
		}
		if b.Len() > longestKey {
			break
		}
	}
	key := b.String()
	if len(key) > longestKey {
		if at := strings.LastIndex(key, "-"); at > 0 {
			return key[:at] // at the end of a word
		}
		key = key[:longestKey]
	}
	return key
}

// reserved are names that one file system or another gives to no file.
var reserved = []string{"con", "prn", "aux", "nul", "com1", "com2", "com3", "com4", "com5", "com6", "com7", "com8", "com9", "lpt1", "lpt2", "lpt3", "lpt4", "lpt5", "lpt6", "lpt7", "lpt8", "lpt9"}

// keys are the names of the files of one kind.
type keys struct {
	noun string
	ofID map[string]string
	toID map[string]string
}

// newKeys names the files of objects with these ids and names. Those whose names
// come to the same are told apart by the beginning of their ids, all of them, so
// that none changes its file when another one goes.
func newKeys[T any](noun string, list []T, idName func(*T) (id, name string)) *keys {
	k := &keys{noun: noun, ofID: map[string]string{}, toID: map[string]string{}}
	count := map[string]int{}
	for i := range list {
		_, name := idName(&list[i])
		count[keyOf(name)]++
	}
	for i := range list {
		id, name := idName(&list[i])
		key := keyOf(name)
		if key == "" || count[key] > 1 || slices.Contains(reserved, key) {
			key = strings.TrimPrefix(key+"-"+keyOf(id[:min(len(id), 8)]), "-")
		}
		for k.toID[key] != "" {
			key = strings.TrimPrefix(keyOf(name)+"-"+keyOf(id), "-")
			if k.toID[key] != "" {
				break
			}
		}
		k.ofID[id], k.toID[key] = key, id
	}
	return k
}

// refer returns how an object is named by others; one that is gone by its id.
func (k *keys) refer(id string) string {
	if key, ok := k.ofID[id]; ok {
		return key
	}
	return id
}
