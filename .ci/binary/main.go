// Command binary looks through a release binary for what a build machine leaves
// behind: home directories, addresses with a password, private keys.
package main

import (
	"bytes"
	"fmt"
	"os"
	"regexp"
)

// signs are what must not be there, and what they would be.
var signs = []struct {
	what string
	sign *regexp.Regexp
}{
	{"a home directory", regexp.MustCompile(`/(?:home|Users)/[a-z][a-z0-9_-]+/[A-Za-z0-9._/-]+|/root/[A-Za-z0-9._-]+/[A-Za-z0-9._/-]+|[A-Z]:\\Users\\[A-Za-z0-9._-]+\\`)},
	{"a folder of the build", regexp.MustCompile(`/(?:work|workspace|builds?|tmp|src)/[A-Za-z0-9._/-]+\.go\b`)},
	{"an address with a password", regexp.MustCompile(`\b[a-z][a-z0-9+.-]{2,20}://[A-Za-z0-9._~%-]{1,64}:[^\s/@"'<>{}\x00-\x1f\x7f-\xff]{1,64}@[A-Za-z0-9.-]{3,}`)},
	{"a private key", regexp.MustCompile(`-----BEGIN [A-Z ]*PRIVATE KEY-----\s+[A-Za-z0-9+/=]{40}`)},
}

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: binary FILE")
		os.Exit(2)
	}
	text, err := os.ReadFile(os.Args[1])
	if err != nil {
		fmt.Fprintln(os.Stderr, "binary:", err)
		os.Exit(1)
	}
	found := 0
	// What this program looks for must be findable in what it reads.
	if !bytes.Contains(text, []byte("net/http")) {
		fmt.Fprintln(os.Stderr, "binary: this is no Go program that serves")
		os.Exit(1)
	}
	for _, s := range signs {
		for _, match := range s.sign.FindAll(text, 200) {
			if bytes.Contains(match, []byte(":password@")) {
				continue // an example in a message
			}
			fmt.Printf("%s holds %s: %.160q\n", os.Args[1], s.what, match)
			found++
		}
	}
	if found > 0 {
		os.Exit(1)
	}
}
