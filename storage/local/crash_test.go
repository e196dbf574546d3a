package local

import (
	"strings"
	"testing"
	"time"

	"github.com/sealift/sealift/storage"
)

func TestKilledUploadIsResumed(t *testing.T) {
	b := newBox(t)
	b.killed("/f", storage.Mode{}, "12345")
	b.unfinished("/f", 5)
	if got := b.listed("/"); got != "f" {
		t.Errorf("listed %q", got)
	}
	if got := b.as("bob").listed("/"); got != "" {
		t.Errorf("somebody else sees %q", got)
	}
	b.must(b.create("/f", storage.Mode{Offset: 5}, "6").Commit())
	b.holds("f", "123456")
	b.settled()
}

func TestKilledWhileItContinued(t *testing.T) {
	b := newBox(t)
	b.must(b.create("/f", storage.Mode{}, "12345").Suspend())
	b.killed("/f", storage.Mode{Offset: 5}, "67")
	b.unfinished("/f", 7)
	b.must(b.create("/f", storage.Mode{Append: true}, "8").Suspend())
	b.unfinished("/f", 8)
	b.settled()
}

func TestKilledUploadIsDroppedAtTheFirstByte(t *testing.T) {
	b := newBox(t)
	b.killed("/f", storage.Mode{}, "12345")
	b.must(b.create("/f", storage.Mode{}, "").Abort())
	b.unfinished("/f", 5)
	b.put("/f", "new")
	if left := b.hidden(""); len(left) > 0 {
		t.Errorf("left: %q", left)
	}
	b.settled()
}

func TestKilledBeforeAByteLeavesNothingToSee(t *testing.T) {
	b := newBox(t)
	b.killed("/f", storage.Mode{}, "")
	if got := b.listed("/"); got != "" {
		t.Errorf("listed %q", got)
	}
	b.put("/f", "data")
	b.must(b.Sweep(t.Context(), time.Hour))
	if len(b.hidden("")) != 1 {
		t.Error("a hidden file that may just be in the making was swept")
	}
	b.age(b.hidden("")[0], 2*time.Minute)
	b.must(b.Sweep(t.Context(), time.Hour))
	if left := b.hidden(""); len(left) > 0 {
		t.Errorf("left: %q", left)
	}
	b.settled()
}

func TestKilledExtensionLeavesTheFile(t *testing.T) {
	b := newBox(t)
	b.put("/f", "abc")
	b.killed("/f", storage.Mode{Append: true}, "")
	b.killed("/f", storage.Mode{Append: true}, "de")
	b.holds("f", "abc")
	b.must(b.create("/f", storage.Mode{Offset: 5}, "f").Commit())
	b.holds("f", "abcdef")
	b.settled()
}

// TestKeptAndKilled is the case that both an upload was suspended and one
// beside it was killed.
func TestKeptAndKilled(t *testing.T) {
	b := newBox(t)
	for _, end := range []func() error{
		func() error { return b.Remove(t.Context(), "/f", storage.File) },
		func() error { return b.create("/f", storage.Mode{}, "x").Abort() },
		func() error { return b.create("/f", storage.Mode{Offset: 2}, "x").Abort() },
		func() error { return b.as("bob").Sweep(t.Context(), -time.Hour) },
	} {
		running := b.create("/f", storage.Mode{}, "12345")
		b.must(b.create("/f", storage.Mode{}, "67").Suspend())
		running.close()
		b.recount()
		b.unfinished("/f", 2)
		if got := b.listed("/"); got != "f" {
			t.Errorf("listed %q", got)
		}
		b.must(end())
		b.settled()
		if left := b.hidden(""); len(left) > 0 {
			t.Errorf("left: %q", left)
			b.must(b.Sweep(t.Context(), -time.Hour))
		}
	}
}

func TestSweep(t *testing.T) {
	b := newBox(t)
	b.must(b.Mkdir(t.Context(), "/d"))
	b.put("/d/complete", "data")
	b.must(b.create("/d/complete", storage.Mode{}, "12").Suspend())
	b.must(b.create("/d/old", storage.Mode{}, "123").Suspend())
	b.must(b.as("bob").create("/d/bobs", storage.Mode{}, "1234").Suspend())
	b.must(b.create("/d/"+storage.Path(strings.Repeat("x", 250)), storage.Mode{}, "12345").Suspend())
	running := b.create("/d/running", storage.Mode{}, "123456")
	for _, name := range b.hidden("d") {
		b.age("d/"+name, 2*time.Hour)
	}
	b.must(b.create("/d/young", storage.Mode{}, "1234567").Suspend())
	b.must(b.Sweep(t.Context(), time.Hour))
	if got := b.listed("/d"); got != "complete young" {
		t.Errorf("listed %q", got)
	}
	b.must(running.Commit())
	if left := b.hidden("d"); len(left) != 1 {
		t.Errorf("left: %q", left)
	}
	b.settled()
}

func TestInterruptedIsDiscarded(t *testing.T) {
	b := newBox(t)
	b.must(b.create("/g", storage.Mode{}, "12").Suspend())
	b.options.KeepInterrupted = 0
	b.must(b.create("/f", storage.Mode{}, "12345").Suspend())
	b.must(b.create("/g", storage.Mode{Offset: 2}, "").Suspend())
	if got := b.listed("/"); got != "g" {
		t.Errorf("listed %q", got)
	}
	b.settled()
}
