package sqlserver

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	mssql "github.com/microsoft/go-mssqldb"

	"assay/app/source"
)

func TestFailure(t *testing.T) {
	server := func(number int32, class uint8, message string) error {
		return mssql.Error{Number: number, Class: class, Message: message, LineNo: 1}
	}
	for _, tt := range []struct {
		name, state string
		err         error
		code        source.Code
		hinted      bool
	}{
		{"syntax", "102", server(102, 15, "Incorrect syntax near ','."), source.DatabaseError, true},
		{"keyword", "156", server(156, 15, "Incorrect syntax near the keyword 'FROM'."), source.DatabaseError, true},
		{"unknown table", "208", server(208, 16, "Invalid object name 'nope'."), source.DatabaseError, true},
		{"unknown column", "207", server(207, 16, "Invalid column name 'nope'."), source.DatabaseError, true},
		{"conversion", "245", server(245, 16, "Conversion failed when converting the varchar value 'x' to data type int."), source.DatabaseError, true},
		{"division", "8134", server(8134, 16, "Divide by zero error encountered."), source.DatabaseError, true},
		{"overflow", "8115", server(8115, 16, "Arithmetic overflow error."), source.DatabaseError, true},
		{"permission", "229", server(229, 14, "The SELECT permission was denied on the object 'x'."), source.DatabaseError, true},
		{"locked", "1222", server(1222, 16, "Lock request time out period exceeded."), source.DatabaseError, true},
		{"deadlock", "1205", server(1205, 13, "Transaction was deadlocked."), source.DatabaseError, true},
		{"grouping", "8120", server(8120, 16, "Column 'a' is invalid in the select list."), source.DatabaseError, true},
		{"Babelfish", "33557097", server(33557097, 16, "relation \"nope\" does not exist"), source.DatabaseError, false},
		{"login", "18456", server(18456, 14, "Login failed."), source.Unreachable, true},
		{"database", "4060", server(4060, 11, "Cannot open database."), source.Unreachable, true},
		{"a chain", "8134", mssql.Error{Number: 3621, Class: 16, Message: "The statement has been terminated.", All: []mssql.Error{
			{Number: 5701, Class: 0, Message: "Changed database context"}, {Number: 8134, Class: 16, Message: "Divide by zero error encountered."}}}, source.DatabaseError, true},
		{"lost", "", io.ErrUnexpectedEOF, source.Unreachable, true},
		{"cancelled", "", errors.Join(context.Canceled, io.EOF), source.Cancelled, false},
		{"late", "", errors.Join(context.DeadlineExceeded, errors.New("did not get cancellation confirmation")), source.DeadlineExceeded, true},
		{"own", "", &source.Failure{Code: source.OverBudget, Message: "x"}, source.OverBudget, false},
	} {
		f := failure(fmt.Errorf("while reading: %w", tt.err))
		if f.Code != tt.code || f.State != tt.state || (f.Hint != "") != tt.hinted || f.Message == "" {
			t.Errorf("%s: %+v", tt.name, f)
		}
	}
}

func TestLocated(t *testing.T) {
	for _, tt := range []struct {
		sql, message string
		line         int32
		want         string // what stands at the position
	}{
		{"SELECT ż, nope FROM t", "Invalid column name 'nope'.", 1, "nope FROM"},
		{"SELECT a,\n\n  [nope]\nFROM t", "Invalid column name 'nope'.", 3, "[nope]"},
		{"SELECT a\nFROM dbo.nope", "Invalid object name 'dbo.nope'.", 1, "nope"},
		{"SELECT a\nFROM t WHERE AND", "Incorrect syntax near the keyword 'AND'.", 2, "AND"},
		{"SELECT nope FROM t WHERE nope = 1", "Invalid column name 'nope'.", 1, ""},
		{"SELECT 'nope', a\nFROM t\nWHERE 1/0 = 1", "Divide by zero error encountered.", 3, "WHERE 1/0"},
	} {
		f := located(tt.sql, failure(mssql.Error{Number: 207, Class: 16, Message: tt.message, LineNo: tt.line}))
		if tt.want == "" {
			if f.Position != 0 {
				t.Errorf("%q: position %d", tt.sql, f.Position)
			}
			continue
		}
		if runes := []rune(tt.sql); f.Position < 1 || !strings.HasPrefix(string(runes[f.Position-1:]), tt.want) {
			t.Errorf("%q: position %d", tt.sql, f.Position)
		}
	}
}

// TestUnreachableNamesTheCertificate reads the errors of the TLS library as the driver passes them on: as text.
func TestUnreachableNamesTheCertificate(t *testing.T) {
	for text, want := range map[string]string{
		"x509: certificate is not valid for any names, but wanted to match db":                  "The server's certificate names no host in a way that can be checked",
		"x509: certificate relies on legacy Common Name field, use SANs instead":                "The server's certificate names no host in a way that can be checked",
		"x509: certificate is valid for other, not db":                                          "The server's certificate is for another name",
		"x509: cannot validate certificate for 10.0.0.1 because it doesn't contain any IP SANs": "The server's certificate is for another name",
		"x509: certificate signed by unknown authority":                                         "The server's certificate is signed by an authority that is not known here",
		"x509: certificate has expired or is not yet valid: current time 2026 is after 2025":    "The server's certificate is not valid",
	} {
		f := unreachable(source.Config{Host: "db"}, errors.New("TLS Handshake failed: tls: failed to verify certificate: "+text), context.Background())
		if f.Code != source.Unreachable || f.Message != want || f.Hint == "" {
			t.Errorf("%s: %+v", text, f)
		}
	}
}
