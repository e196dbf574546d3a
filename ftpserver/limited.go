package ftpserver

import (
	"context"
	"io"

	"golang.org/x/time/rate"
)

// limited is r, read at no more than so many bytes per second; 0 means no
// limit, and r itself.
func limited(ctx context.Context, r io.Reader, perSecond int64) io.Reader {
	if perSecond <= 0 {
		return r
	}
	return &limitedReader{ctx, r, rate.NewLimiter(rate.Limit(perSecond), chunk)}
}

type limitedReader struct {
	ctx     context.Context
	src     io.Reader
	limiter *rate.Limiter
}

func (r *limitedReader) Read(p []byte) (int, error) {
	// A quarter of a second's bytes at most, so that it flows.
	most := max(512, int(r.limiter.Limit())/4)
	n, err := r.src.Read(p[:min(len(p), most, chunk)])
	if waitErr := r.limiter.WaitN(r.ctx, n); err == nil && waitErr != nil {
		err = context.Cause(r.ctx)
	}
	return n, err
}
