package account

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base32"
	"errors"
	"runtime"
	"strings"

	"golang.org/x/crypto/argon2"
)

// ErrPassword: a password that nobody could send with PASS.
var ErrPassword = errors.New("account: a password has 1 to 1024 bytes, none of them NUL, CR or LF")

// maxPassword is the longest password in bytes; a control line is not much
// longer.
const maxPassword = 1024

// A Hasher makes and checks password hashes, at most GOMAXPROCS at a time
// (as it was when the Hasher was made); the others wait.
type Hasher struct {
	parameters Parameters
	slots      chan struct{}
	unknown    passwordHash // of no password
	derive     func(password string, salt []byte, p Parameters, length int) []byte
}

// NewHasher is a Hasher that makes hashes with these parameters. It panics if
// they are outside of the limits of a stored hash.
func NewHasher(p Parameters) *Hasher {
	if err := p.validate(); err != nil {
		panic(err)
	}
	return &Hasher{
		parameters: p,
		slots:      make(chan struct{}, runtime.GOMAXPROCS(0)),
		unknown:    passwordHash{Parameters: p, salt: random(saltLength), key: random(keyLength)},
		derive:     argon2id,
	}
}

func argon2id(password string, salt []byte, p Parameters, length int) []byte {
	return argon2.IDKey([]byte(password), salt, p.Time, p.Memory, p.Threads, uint32(length))
}

// Hash is the string to store for password, in the PHC form. Errors are
// ErrPassword, and that of ctx while it waits.
func (h *Hasher) Hash(ctx context.Context, password string) (string, error) {
	if password == "" || len(password) > maxPassword || strings.ContainsAny(password, "\x00\r\n") {
		return "", ErrPassword
	}
	made := passwordHash{Parameters: h.parameters, salt: random(saltLength), key: make([]byte, keyLength)}
	if err := h.compute(ctx, &made, password); err != nil {
		return "", err
	}
	return made.String(), nil
}

// Verify reports whether stored is a hash of password. An empty stored
// string, and one that is not understood, match nothing and cost as much as a
// hash with the Hasher's own parameters. The only error is that of ctx, while
// the check waits for its turn: once begun, it is finished.
func (h *Hasher) Verify(ctx context.Context, stored, password string) (bool, error) {
	want, err := parseHash(stored)
	known := err == nil
	if !known {
		want = h.unknown
	}
	got := want
	got.key = make([]byte, len(want.key))
	if err := h.compute(ctx, &got, password); err != nil {
		return false, err
	}
	return subtle.ConstantTimeCompare(got.key, want.key) == 1 && known, nil
}

// compute fills hash.key, when it is its turn.
func (h *Hasher) compute(ctx context.Context, hash *passwordHash, password string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	select {
	case h.slots <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { <-h.slots }()
	hash.key = h.derive(password, hash.salt, hash.Parameters, len(hash.key))
	return nil
}

// readable is Crockford's base 32: no i, l, o or u.
var readable = base32.NewEncoding("0123456789abcdefghjkmnpqrstvwxyz").WithPadding(base32.NoPadding)

// GeneratePassword is a new password for people to copy: five groups of five
// characters, 125 random bits, no two characters alike, and none that a
// shell, a URL or a configuration file treats specially.
func GeneratePassword() string {
	text := readable.EncodeToString(random(16))
	return strings.Join([]string{text[:5], text[5:10], text[10:15], text[15:20], text[20:25]}, "-")
}

// random bytes; crypto/rand.Read never fails.
func random(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.Read(b)
	return b
}
