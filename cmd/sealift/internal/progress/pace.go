package progress

import (
	"fmt"
	"math"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/dustin/go-humanize"
	"github.com/vbauerster/mpb/v8/decor"
)

// pace is how fast something grows, smoothed.
type pace struct {
	mu      sync.Mutex
	seen    time.Time // of the last sample; zero: none yet
	at      int64     // what it was then
	rate    float64   // bytes per second
	samples int
}

// memory is how long a rate matters.
const memory = 4 * time.Second

// skip takes bytes that were there before.
func (p *pace) skip(n int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.at += n
}

// sample takes the amount at a time and returns the rate.
func (p *pace) sample(now time.Time, at int64) float64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.seen.IsZero() {
		p.seen = now
		return 0
	}
	passed := now.Sub(p.seen)
	if passed < 100*time.Millisecond {
		return p.rate
	}
	rate := float64(at-p.at) / passed.Seconds()
	weight := 1 - math.Exp(-float64(passed)/float64(memory))
	if p.samples == 0 {
		weight = 1
	}
	p.rate += (rate - p.rate) * weight
	p.seen, p.at = now, at
	p.samples++
	return p.rate
}

// These are for decor.Any.

func (p *pace) counted(s decor.Statistics) string {
	return " " + humanize.IBytes(uint64(max(s.Current, 0)))
}

func (p *pace) rated(s decor.Statistics) string {
	rate := p.sample(time.Now(), s.Current)
	if rate < 1 {
		return "  -"
	}
	return "  " + humanize.IBytes(uint64(rate)) + "/s"
}

func (p *pace) left(s decor.Statistics) string {
	p.mu.Lock()
	rate := p.rate
	p.mu.Unlock()
	return "  " + remaining(s.Total-s.Current, rate)
}

// remaining is the time that n bytes take.
func remaining(n int64, rate float64) string {
	if rate < 1 || n <= 0 {
		return "--:--"
	}
	seconds := int64(math.Ceil(float64(n) / rate))
	switch {
	case seconds >= 100*3600:
		return "> 4 days"
	case seconds >= 3600:
		return fmt.Sprintf("%d:%02d:%02d", seconds/3600, seconds/60%60, seconds%60)
	}
	return fmt.Sprintf("%02d:%02d", seconds/60, seconds%60)
}

func counted(done, all int64) string { return fmt.Sprintf("%d of %d files", done, all) }

// shorten keeps the end of a name, which tells more than its beginning.
func shorten(name string) string {
	n := utf8.RuneCountInString(name)
	if n <= nameWidth-1 {
		return name
	}
	runes := []rune(name)
	return "…" + string(runes[n-(nameWidth-2):])
}
