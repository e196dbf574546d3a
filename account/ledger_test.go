package account

import (
	"errors"
	"math"
	"sync"
	"sync/atomic"
	"testing"
)

var errFull = errors.New("full")

func TestLedger(t *testing.T) {
	type usage struct{ bytes, files int64 }
	for _, tt := range []struct {
		why       string
		has, max  usage
		add, want usage
		full      bool
	}{
		{"no limit", usage{}, usage{}, usage{1 << 40, 1 << 30}, usage{1 << 40, 1 << 30}, false},
		{"up to the limit", usage{5, 1}, usage{10, 2}, usage{5, 1}, usage{10, 2}, false},
		{"a byte too many adds no file either", usage{5, 1}, usage{10, 0}, usage{6, 1}, usage{5, 1}, true},
		{"a file too many adds no bytes either", usage{5, 2}, usage{0, 2}, usage{1, 1}, usage{5, 2}, true},
		{"shrinking above the limit", usage{50, 9}, usage{10, 2}, usage{-5, -1}, usage{45, 8}, false},
		{"growing above the limit", usage{50, 9}, usage{10, 2}, usage{1, 0}, usage{50, 9}, true},
		{"bytes grow while files shrink above their limit", usage{5, 9}, usage{10, 2}, usage{1, -1}, usage{6, 8}, false},
		{"nothing is never refused", usage{50, 9}, usage{10, 2}, usage{}, usage{50, 9}, false},
		{"nothing is held that is less than nothing", usage{5, 1}, usage{10, 2}, usage{-6, -2}, usage{0, 0}, false},
		{"numbers do not overflow without a limit", usage{5, 5}, usage{}, usage{math.MaxInt64, 1}, usage{5, 5}, true},
		{"nor with one", usage{5, 5}, usage{10, 10}, usage{math.MaxInt64, math.MaxInt64}, usage{5, 5}, true},
		{"nor downwards", usage{5, 5}, usage{}, usage{math.MinInt64, math.MinInt64}, usage{0, 0}, false},
	} {
		l := NewLedger(errFull)
		l.SetUsage(tt.has.bytes, tt.has.files)
		l.SetLimits(tt.max.bytes, tt.max.files)
		err := l.Add(tt.add.bytes, tt.add.files)
		if (err != nil) != tt.full || err != nil && err != errFull {
			t.Errorf("%s: %v", tt.why, err)
		}
		bytes, files, maxBytes, maxFiles := l.Usage()
		if got := (usage{bytes, files}); got != tt.want || (usage{maxBytes, maxFiles}) != tt.max {
			t.Errorf("%s: %v of %v, want %v of %v", tt.why, got, usage{maxBytes, maxFiles}, tt.want, tt.max)
		}
	}
}

func TestALimitChangesWhileInUse(t *testing.T) {
	l := NewLedger(errFull)
	l.SetLimits(0, 1)
	if err := l.Add(1, 1); err != nil {
		t.Fatal(err)
	}
	if err := l.Add(1, 1); err != errFull {
		t.Fatal(err)
	}
	l.SetLimits(0, 2)
	if err := l.Add(1, 1); err != nil {
		t.Fatal(err)
	}
	l.SetLimits(-1, -1)
	if err := l.Add(1, 1); err != nil {
		t.Fatal("less than nothing is no limit:", err)
	}
}

// TestFiftyUploadsTenFiles is F8 of the security requirements.
func TestFiftyUploadsTenFiles(t *testing.T) {
	l := NewLedger(errFull)
	l.SetLimits(0, 10)
	var succeeded atomic.Int64
	var all sync.WaitGroup
	for range 50 {
		all.Go(func() {
			switch err := l.Add(100, 1); err {
			case nil:
				succeeded.Add(1)
			case errFull:
			default:
				t.Error(err)
			}
		})
	}
	all.Wait()
	bytes, files, _, _ := l.Usage()
	if succeeded.Load() != 10 || files != 10 || bytes != 1000 {
		t.Errorf("%d succeeded; %d files with %d bytes are held", succeeded.Load(), files, bytes)
	}
}
