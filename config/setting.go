package config

import (
	"fmt"
	"io"
	"reflect"
	"strconv"
	"strings"
	"time"
)

// setting is one field of a Config, by its name.
type setting struct {
	name   string
	usage  string
	secret bool
	value  reflect.Value
}

func (c *Config) settings() []setting {
	v := reflect.ValueOf(c).Elem()
	var list []setting
	for i := range v.NumField() {
		field := v.Type().Field(i)
		name, flags, _ := strings.Cut(field.Tag.Get("set"), ",")
		if name != "" {
			list = append(list, setting{name: name, usage: field.Tag.Get("usage"), secret: flags == "secret", value: v.Field(i)})
		}
	}
	return list
}

func (s setting) flag() string { return strings.ReplaceAll(strings.ToLower(s.name), "_", "-") }

func (s setting) parse(text string) error {
	switch s.value.Interface().(type) {
	case string:
		s.value.SetString(text)
	case int:
		n, err := strconv.Atoi(text)
		if err != nil {
			return fmt.Errorf("%q is not a whole number", text)
		}
		s.value.SetInt(int64(n))
	case bool:
		b, err := strconv.ParseBool(text)
		if err != nil {
			return fmt.Errorf("%q is neither true nor false", text)
		}
		s.value.SetBool(b)
	case time.Duration:
		d, err := time.ParseDuration(text)
		if err != nil {
			return fmt.Errorf("%q is not a duration such as 60s", text)
		}
		s.value.SetInt(int64(d))
	}
	return nil
}

// Print writes the settings as NAME=value lines, secrets masked.
func (c Config) Print(w io.Writer) error {
	for _, s := range c.settings() {
		value := fmt.Sprint(s.value.Interface())
		if s.secret && value != "" {
			value = "********"
		}
		if _, err := fmt.Fprintf(w, "ASSAY_%s=%s\n", s.name, value); err != nil {
			return err
		}
	}
	return nil
}
