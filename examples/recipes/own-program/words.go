// Counts the words on standard input, and the bits that a choice among the different byte values carries.
package main

import (
	"bytes"
	"fmt"
	"io"
	"math"
	"os"
)

func main() {
	input, err := io.ReadAll(os.Stdin)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	var count [256]float64
	for _, b := range input {
		count[b]++
	}
	entropy := 0.0
	for _, n := range count {
		if n > 0 {
			entropy -= n / float64(len(input)) * math.Log2(n/float64(len(input)))
		}
	}
	fmt.Printf("{\"words\": %d, \"entropy\": %.3f}\n", len(bytes.Fields(input)), entropy)
}
