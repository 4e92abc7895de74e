package sqlserver

import (
	"context"
	"strings"
	"testing"

	"assay/app/frame"
	"assay/app/source"
)

// hostile are texts that try to end the quotes around them.
var hostile = []string{
	"", "'", "''", "' OR 1 = 1 --", "'; DROP TABLE orders; --", "x' + (SELECT MAX(note) FROM salaries) + N'", "\\", "\\'", "'\\", "\\''--",
	"a\\\nb", "a\\\r\nb", "\\\n'", "'\\\n", "a\\\\\nb", "line\nbreak", "cr\rlf\r\n", "a\x00b", "\x00", "'\x00'", "\xff", "a\xc3'", "\xed\xa0\x80",
	"’ OR 1 = 1", "ʼ", "＇", "\u2028", "\u200b", "]", "[x]", "\"", "--", "/*", "*/", "@p1", "%_[", "$(x)", "go\ngo\n", "żółw 🐢", "N'x'", "{fn now()}", "?", "tab\t",
	strings.Repeat("'", 5000), "日本語", "e\u0301",
}

// A literal must be one operand: text in quotes, or in parentheses such texts
// joined to each other and to U+0000.
func TestLiteralText(t *testing.T) {
	for _, text := range hostile {
		for _, kind := range []frame.Kind{frame.Text, frame.Number, frame.Bool, frame.Date, frame.Time, frame.JSON} {
			sql := dialect{}.Literal(text, kind)
			tokens, err := readTokens("SELECT 1 WHERE [a] = " + sql + " AND 1 = 1")
			if err != nil {
				t.Errorf("%q as %s: %v\n%s", text, kind, err, sql)
				continue
			}
			tokens = tokens[5 : len(tokens)-4]
			var read strings.Builder
			if len(tokens) > 1 && tokens[0].op("(") && tokens[len(tokens)-1].op(")") {
				tokens = tokens[1 : len(tokens)-1]
			}
			for i := 0; i < len(tokens); i++ {
				switch tok := tokens[i]; {
				case tok.kind == tokenString && strings.HasPrefix(tok.text, "N'"):
					read.WriteString(strings.ReplaceAll(tok.text[2:len(tok.text)-1], "''", "'"))
				case tok.op("+") && i > 0 && i+1 < len(tokens):
				case tok.is("NCHAR") && i+3 < len(tokens) && tokens[i+1].op("(") && tokens[i+2].text == "0" && tokens[i+3].op(")"):
					read.WriteByte(0)
					i += 3
				default:
					t.Errorf("%q as %s holds %s: %s", text, kind, tok.text, sql)
				}
			}
			if want := strings.ToValidUTF8(text, "\uFFFD"); read.String() != want {
				t.Errorf("%q as %s is read as %q: %s", text, kind, read.String(), sql)
			}
		}
		c, err := New().Guard("SELECT id FROM t WHERE a = "+dialect{}.Literal(text, frame.Text), source.Policy{})
		if err != nil {
			t.Errorf("%q: %v", text, err)
		} else if _, err := New().Guard(c.SQL, source.Policy{}); err != nil {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestLiteral(t *testing.T) {
	for _, tt := range []struct {
		text string
		kind frame.Kind
		want string
	}{
		{"EU", frame.Text, "N'EU'"},
		{"a\\\nb", frame.Text, "(N'a\\' + N'\nb')"},
		{"a\x00b", frame.Text, "(N'a' + NCHAR(0) + N'b')"},
		{"\xff", frame.Text, "N'\uFFFD'"},
		{"12.50", frame.Number, "12.50"},
		{"-5", frame.Number, "(-5)"},
		{"1e300", frame.Number, "1e300"},
		{"12345678901234567890123456789012345678", frame.Number, "12345678901234567890123456789012345678"},
		{"123456789012345678901234567890123456789", frame.Number, "123456789012345678901234567890123456789E0"},
		{"-0.123456789012345678901234567890123456789", frame.Number, "(-0.123456789012345678901234567890123456789E0)"},
		{"1; DROP TABLE t", frame.Number, "N'1; DROP TABLE t'"},
		{"0x41", frame.Number, "N'0x41'"},
		{"1--", frame.Number, "N'1--'"},
		{"NaN", frame.Number, "N'NaN'"},
		{"true", frame.Bool, "1"},
		{"false", frame.Bool, "0"},
		{"1 OR 1 = 1", frame.Bool, "N'1 OR 1 = 1'"},
		{"2024-02-29", frame.Date, "CAST(N'2024-02-29' AS date)"},
		{"2024-02-30", frame.Date, "N'2024-02-30'"},
		{"2024-02-29T12:30:00.123456789", frame.Time, "CAST(N'2024-02-29T12:30:00.1234567' AS datetime2(7))"},
		{"2024-02-29T12:30:00+02:00", frame.Time, "CAST(N'2024-02-29T12:30:00+02:00' AS datetimeoffset(7))"},
		{"2024-02-29", frame.Time, "CAST(N'2024-02-29T00:00:00' AS datetime2(7))"},
		{"2024-02-29' OR 1 = 1", frame.Date, "N'2024-02-29'' OR 1 = 1'"},
		{"\x00'\xff", frame.Binary, "0x0027ff"},
		{"", frame.Binary, "0x"},
		{`{"a": "it's"}`, frame.JSON, `N'{"a": "it''s"}'`},
	} {
		got := dialect{}.Literal(tt.text, tt.kind)
		if got != tt.want {
			t.Errorf("%q as %s\n got %s\nwant %s", tt.text, tt.kind, got, tt.want)
		}
		if _, err := New().Guard("SELECT 1 WHERE a - "+got+" = "+got, source.Policy{}); err != nil {
			t.Errorf("%s: %v", got, err)
		}
	}
}

func TestFence(t *testing.T) {
	sql := dialect{}.Fence("[a], 1 AS [b]", "FROM [dbo].[t] WHERE ([a] = 1)")
	if want := "SELECT TOP (9223372036854775807) [a], 1 AS [b] FROM [dbo].[t] WHERE ([a] = 1)"; sql != want {
		t.Errorf("got %s", sql)
	}
	for text, limited := range map[string]bool{
		sql:                                true,
		"SELECT * FROM (" + sql + ") AS x": true,
		"SELECT 'TOP (9223372036854775807)' AS [TOP (9223372036854775807)] FROM [SELECT]": false,
		"SELECT TOP (10) a FROM t": false,
		"SELECT 'x":                true,
	} {
		if readsLimited(text) != limited {
			t.Errorf("%s reads a limited table: %t", text, !limited)
		}
	}
}

// A plan is made of statistics over all rows.
func TestPlanOfLimited(t *testing.T) {
	s := newFake(t, plainly(func(string, *tokens, <-chan struct{}) { t.Error("the server was asked") })).start()
	c, err := New().Guard("SELECT * FROM orders", shopPolicy())
	if err != nil {
		t.Fatal(err)
	}
	_, err = open(t, s.config()).Query(context.Background(), source.Statement{SQL: c.SQL, Explain: true})
	if f := source.AsFailure(err); f == nil || f.Code != source.Refused {
		t.Errorf("got %v", err)
	}
}
