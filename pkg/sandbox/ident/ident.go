// Package ident makes ids that nobody can guess, as AWS writes them.
package ident

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
)

// UUID returns a random UUID.
func UUID() string {
	b := random(16)
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80 // version 4, variant 1
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

// Hex returns 64 random hexadecimal digits.
func Hex() string { return hex.EncodeToString(random(32)) }

func random(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails, by its contract
	return b
}
