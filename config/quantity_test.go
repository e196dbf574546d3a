package config

import (
	"testing"
	"time"
)

func TestSize(t *testing.T) {
	for _, tt := range []struct {
		why, given string
		want       Size
		spelt      string // "" means it is refused
	}{
		{"bytes", "1500", 1500, "1500"},
		{"none", "0", 0, "0"},
		{"the letters are powers of 1024", "10G", 10 << 30, "10G"},
		{"small letters", "64k", 64 << 10, "64K"},
		{"what others write", "10GB", 10 << 30, "10G"},
		{"what others write, exactly", "10GiB", 10 << 30, "10G"},
		{"bytes by name", "7B", 7, "7"},
		{"the largest unit that fits", "2048M", 2 << 30, "2G"},
		{"exact where no unit fits", "1025", 1025, "1025"},
		{"the most", "8191P", 8191 << 50, "8191P"},
		{"more than the most", "8192P", 0, ""},
		{"more digits than a number has", "99999999999999999999", 0, ""},
		{"nothing", "", 0, ""},
		{"a unit alone", "G", 0, ""},
		{"less than nothing", "-1", 0, ""},
		{"a plus sign", "+1", 0, ""},
		{"a fraction", "1.5G", 0, ""},
		{"two units", "1KM", 0, ""},
		{"a unit that nobody has", "1E", 0, ""},
		{"a space", "1 G", 0, ""},
		{"a half unit", "1Gi", 0, ""},
	} {
		var got Size
		err := got.UnmarshalText([]byte(tt.given))
		if (err == nil) != (tt.spelt != "") || got != tt.want {
			t.Errorf("%s: %q is %d, %v, want %d", tt.why, tt.given, got, err, tt.want)
		}
		if text, _ := got.MarshalText(); err == nil && string(text) != tt.spelt {
			t.Errorf("%s: %q is written %s, want %s", tt.why, tt.given, text, tt.spelt)
		}
	}
}

func TestSpell(t *testing.T) {
	for _, tt := range []struct {
		d    time.Duration
		want string
	}{
		{30 * time.Second, "30s"}, {5 * time.Minute, "5m"}, {24 * time.Hour, "24h"}, {90 * time.Minute, "1h30m"},
		{time.Hour + time.Second, "1h0m1s"}, {10 * time.Minute, "10m"}, {1500 * time.Millisecond, "1.5s"}, {0, "0s"},
	} {
		if got := spell(tt.d); got != tt.want {
			t.Errorf("%d is spelt %s, want %s", tt.d, got, tt.want)
		}
		if back, err := time.ParseDuration(spell(tt.d)); err != nil || back != tt.d {
			t.Errorf("%s reads back as %v, %v", spell(tt.d), back, err)
		}
	}
}
