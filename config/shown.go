package config

import "fmt"

// Shown is a setting as it may be shown to an administrator.
type Shown struct {
	Name   string // as the environment spells it
	Usage  string
	Value  string // masked where it is secret
	Secret bool
}

// masked stands in the place of a secret that is set.
const masked = "********"

// Shown returns the settings in their order, secrets masked.
func (c Config) Shown() []Shown {
	var list []Shown
	for _, s := range c.settings() {
		one := Shown{Name: "ASSAY_" + s.name, Usage: s.usage, Value: fmt.Sprint(s.value.Interface()), Secret: s.secret}
		if s.secret && one.Value != "" {
			one.Value = masked
		}
		list = append(list, one)
	}
	return list
}
