package postgres

import (
	"fmt"
	"strings"

	"google.golang.org/protobuf/reflect/protoreflect"
)

// different returns the path to the first difference of two trees other than
// positions in the text, or "" where there is none.
func different(a, b protoreflect.Message) (where string) {
	if a.Descriptor() != b.Descriptor() {
		return fmt.Sprintf("%s against %s", a.Descriptor().Name(), b.Descriptor().Name())
	}
	set := 0
	a.Range(func(f protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		if isPosition(f) {
			return true
		}
		set++
		where = differentValue(f, v, b.Get(f))
		return where == ""
	})
	if where != "" {
		return string(a.Descriptor().Name()) + "." + where
	}
	b.Range(func(f protoreflect.FieldDescriptor, _ protoreflect.Value) bool {
		if !isPosition(f) {
			set--
		}
		return true
	})
	if set != 0 {
		return string(a.Descriptor().Name()) + " has other fields set"
	}
	return ""
}

// isPosition reports whether a field says where in the text its node was.
func isPosition(f protoreflect.FieldDescriptor) bool {
	if f.Kind() != protoreflect.Int32Kind {
		return false
	}
	name := string(f.Name())
	return strings.HasSuffix(name, "location") || strings.HasSuffix(name, "list_start") || strings.HasSuffix(name, "list_end") || name == "stmt_len"
}

func differentValue(f protoreflect.FieldDescriptor, x, y protoreflect.Value) string {
	switch {
	case f.IsMap():
		return string(f.Name()) + " is a map"
	case f.IsList():
		a, b := x.List(), y.List()
		if a.Len() != b.Len() {
			return fmt.Sprintf("%s has %d and %d elements", f.Name(), a.Len(), b.Len())
		}
		for i := range a.Len() {
			if f.Message() == nil {
				if !a.Get(i).Equal(b.Get(i)) {
					return string(f.Name())
				}
			} else if where := different(a.Get(i).Message(), b.Get(i).Message()); where != "" {
				return string(f.Name()) + "." + where
			}
		}
		return ""
	case f.Message() != nil:
		if where := different(x.Message(), y.Message()); where != "" {
			return string(f.Name()) + "." + where
		}
		return ""
	case !x.Equal(y):
		return fmt.Sprintf("%s is %v and %v", f.Name(), x, y)
	}
	return ""
}
