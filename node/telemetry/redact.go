package telemetry

import (
	"regexp"
	"strings"
	"unicode"
)

// redacted stands where a secret was.
const redacted = "[redacted]"

// pemBlock finds a PEM block, also one whose newlines were escaped by a quoting layer, and also one cut off before its end:
// half a private key is still a secret. Public blocks go with it: to tell them apart would trust a label.
var pemBlock = regexp.MustCompile(`(?s)-----BEGIN [A-Z0-9 ]+-----.*?(?:-----END [A-Z0-9 ]+-----|$)`)

func redactText(s string) string {
	if !strings.Contains(s, "-----BEGIN ") { // nearly every string: no regular expression for it
		return s
	}
	return pemBlock.ReplaceAllString(s, redacted)
}

// Words that make a key a secret wherever they stand in it, and words that do so only as its last (or only) word.
var (
	secretWords = map[string]bool{
		"secret": true, "secrets": true, "token": true, "tokens": true, "password": true, "passwd": true,
		"passphrase": true, "private": true, "mnemonic": true, "authorization": true, "cookie": true,
		"credential": true, "credentials": true, "pem": true,
	}
	secretLast = map[string]bool{"key": true, "keys": true, "seed": true}
	// publicLast are last words that say the value is only ABOUT a secret.
	publicLast = map[string]bool{
		"file": true, "path": true, "dir": true, "name": true, "namespace": true, "count": true, "id": true,
		"kind": true, "type": true, "ref": true, "version": true, "bytes": true, "size": true, "age": true, "reason": true,
	}
)

// isSecretKey tells whether an attribute of this name may hold a secret. Names are taken apart at _ - . and capitals:
// "apiKey", "api_key" and "api-key" are one name; "public_key" and "key_file" hold no secret, "monkey" neither.
func isSecretKey(key string) bool {
	words := splitWords(key)
	if len(words) == 0 {
		return false
	}
	last := words[len(words)-1]
	if publicLast[last] && len(words) > 1 {
		return false
	}
	for _, w := range words {
		if secretWords[w] {
			return true
		}
	}
	if !secretLast[last] {
		return false
	}
	for _, w := range words[:len(words)-1] {
		if w == "public" || w == "pub" {
			return false
		}
	}
	return true
}

func splitWords(key string) []string {
	var b strings.Builder
	lower := false // the rune before was a lower-case letter or a digit
	for _, r := range key {
		if lower && unicode.IsUpper(r) {
			b.WriteByte(' ')
		}
		lower = unicode.IsLower(r) || unicode.IsDigit(r)
		b.WriteRune(unicode.ToLower(r))
	}
	return strings.FieldsFunc(b.String(), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
}
