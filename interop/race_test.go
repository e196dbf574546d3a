//go:build race

package interop

const race = true
