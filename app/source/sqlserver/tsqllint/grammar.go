package tsqllint

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// ErrMissing is why Grammar could not run: Node.js or the grammar's packages are not installed.
var ErrMissing = errors.New("the T-SQL grammar is not installed (it needs Node.js and the packages of static/package.json)")

// Grammar reads each statement with a second T-SQL grammar, written by others,
// and returns for each what that has against it. Tests that get ErrMissing skip
// and say so. The grammar itself does not know GROUPING SETS, TABLESAMPLE,
// WINDOW, IS DISTINCT FROM and queries in parentheses joined by UNION.
func Grammar(statements []string) ([][]string, error) {
	root, err := moduleRoot()
	if err != nil {
		return nil, err
	}
	modules := filepath.Join(root, "static", "node_modules")
	if _, err := os.Stat(filepath.Join(modules, "antlr4ts-sql", "package.json")); err != nil {
		return nil, ErrMissing
	}
	node, err := exec.LookPath("node")
	if err != nil {
		return nil, ErrMissing
	}
	in, err := json.Marshal(statements)
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(node, filepath.Join(root, "app", "source", "sqlserver", "testdata", "grammar.cjs"), modules)
	var complaints bytes.Buffer
	cmd.Stdin, cmd.Stderr = bytes.NewReader(in), &complaints
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("%w: %s", err, complaints.Bytes())
	}
	var found [][]string
	if err := json.Unmarshal(out, &found); err != nil {
		return nil, err
	}
	if len(found) != len(statements) {
		return nil, fmt.Errorf("the grammar answered for %d of %d statements", len(found), len(statements))
	}
	return found, nil
}

func moduleRoot() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir, nil
		}
		up := filepath.Dir(dir)
		if up == dir {
			return "", errors.New("go.mod was not found above the working directory")
		}
		dir = up
	}
}
