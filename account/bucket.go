package account

import (
	"container/heap"
	"time"
)

// A Rate is what a token bucket allows: Burst at once, and one more each
// Every.
type Rate struct {
	Burst int
	Every time.Duration
}

// buckets are token buckets by key. Only those that are not full are kept,
// and at most limit of them: beyond that goes the one that is soonest full,
// so that new ones never push out an emptier one. The caller locks.
type buckets[K comparable] struct {
	rate  Rate
	limit int
	byKey map[K]*bucket[K]
	queue queue[K]
}

type bucket[K comparable] struct {
	key      K
	fullAt   time.Time     // when all tokens are back
	reserved int           // tokens of checks that are under way
	settled  chan struct{} // closed when one of them ends; nil if nobody waits
	index    int           // in the queue
}

// answer is what a bucket says to somebody who wants a token.
type answer int

const (
	yes   answer = iota
	later        // the last tokens are reserved; some may come back
	no
)

func newBuckets[K comparable](rate Rate, limit int) *buckets[K] {
	return &buckets[K]{rate: rate, limit: limit, byKey: map[K]*bucket[K]{}}
}

// ask says whether there is a token for key.
func (s *buckets[K]) ask(key K, now time.Time) answer {
	b, kept := s.byKey[key]
	if !kept {
		return yes
	}
	switch left := s.tokens(b, now); {
	case left > b.reserved:
		return yes
	case left > 0:
		return later
	}
	return no
}

// tokens are the whole tokens in b, those that are reserved included.
func (s *buckets[K]) tokens(b *bucket[K], now time.Time) int {
	missing := max(0, b.fullAt.Sub(now))
	return s.rate.Burst - int((missing+s.rate.Every-1)/s.rate.Every)
}

// reserve takes a token for a check, whether there is one or not.
func (s *buckets[K]) reserve(key K, now time.Time) {
	b, kept := s.byKey[key]
	if !kept {
		s.makeRoom(now)
		b = &bucket[K]{key: key, fullAt: now}
		s.byKey[key] = b
		heap.Push(&s.queue, b)
	}
	b.reserved++
	heap.Fix(&s.queue, b.index)
}

// settle ends the check: its token is spent, or it comes back.
func (s *buckets[K]) settle(key K, spent bool, now time.Time) {
	b := s.byKey[key]
	b.reserved--
	if spent {
		s.spend(b, now)
	}
	if b.settled != nil {
		close(b.settled)
		b.settled = nil
	}
	if b.reserved == 0 && !b.fullAt.After(now) {
		s.drop(b)
		return
	}
	heap.Fix(&s.queue, b.index)
}

func (s *buckets[K]) spend(b *bucket[K], now time.Time) {
	if b.fullAt.Before(now) {
		b.fullAt = now
	}
	b.fullAt = b.fullAt.Add(s.rate.Every)
	if empty := now.Add(time.Duration(s.rate.Burst) * s.rate.Every); b.fullAt.After(empty) {
		b.fullAt = empty
	}
}

// wait is closed when a check on key, of which there is one, ends.
func (s *buckets[K]) wait(key K) <-chan struct{} {
	b := s.byKey[key]
	if b.settled == nil {
		b.settled = make(chan struct{})
	}
	return b.settled
}

// makeRoom drops what is full again, and then what is soonest full until one
// more bucket has room. What a check is using stays.
func (s *buckets[K]) makeRoom(now time.Time) {
	for len(s.queue) > 0 {
		first := s.queue[0]
		if first.reserved > 0 || first.fullAt.After(now) && len(s.queue) < s.limit {
			return
		}
		s.drop(first)
	}
}

func (s *buckets[K]) drop(b *bucket[K]) {
	heap.Remove(&s.queue, b.index)
	delete(s.byKey, b.key)
}

// queue is a heap.Interface with the bucket to drop first in front.
type queue[K comparable] []*bucket[K]

func (q queue[K]) Len() int { return len(q) }

func (q queue[K]) Less(i, j int) bool {
	if idle := q[i].reserved == 0; idle != (q[j].reserved == 0) {
		return idle
	}
	return q[i].fullAt.Before(q[j].fullAt)
}

func (q queue[K]) Swap(i, j int) {
	q[i], q[j] = q[j], q[i]
	q[i].index, q[j].index = i, j
}

// Push implements heap.Interface.
func (q *queue[K]) Push(x any) {
	b := x.(*bucket[K])
	b.index = len(*q)
	*q = append(*q, b)
}

// Pop implements heap.Interface.
func (q *queue[K]) Pop() any {
	last := len(*q) - 1
	b := (*q)[last]
	(*q)[last] = nil
	*q = (*q)[:last]
	return b
}
