package account

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/crypto/argon2"
)

// ErrHash: a stored password hash is not one that is understood.
var ErrHash = errors.New("not an argon2id password hash of the form $argon2id$v=19$m=…,t=…,p=…$salt$hash")

// Parameters are the costs of a password hash (RFC 9106 §3.1).
type Parameters struct {
	Memory  uint32 // KiB that one hash holds while it is computed
	Time    uint32 // passes over the memory
	Threads uint8  // lanes, each computed by a goroutine of its own
}

// DefaultParameters are the second of the equivalent choices that OWASP's
// Password Storage Cheat Sheet gives for argon2id. RFC 9106 §4's second
// recommendation (64 MiB, 3 passes, 4 lanes) is for a login now and then; a
// file client opens 4 to 8 connections in one go, each with a login. With
// 19 MiB, 2 passes and one lane a login costs tens of milliseconds of one
// core, and GOMAXPROCS hashes at a time hold GOMAXPROCS × 19 MiB.
var DefaultParameters = Parameters{Memory: 19 * 1024, Time: 2, Threads: 1}

// Limits of the parameters of a stored hash: whoever can write to the store
// still cannot make a login take gigabytes or minutes.
const (
	maxMemory    = 256 * 1024  // KiB
	maxWork      = 1024 * 1024 // KiB × passes
	maxThreads   = 16
	minSalt      = 8
	minKey       = 16
	maxKey       = 64 // of salts too
	saltLength   = 16
	keyLength    = 32
	maxHashBytes = 512
)

func (p Parameters) validate() error {
	switch {
	case p.Time < 1 || p.Threads < 1 || p.Threads > maxThreads:
	case p.Memory < 8*uint32(p.Threads) || p.Memory > maxMemory:
	case uint64(p.Memory)*uint64(p.Time) > maxWork:
	default:
		return nil
	}
	return fmt.Errorf("%w: m=%d,t=%d,p=%d is outside of the limits", ErrHash, p.Memory, p.Time, p.Threads)
}

// passwordHash is a password hash taken apart.
type passwordHash struct {
	Parameters
	salt, key []byte
}

func (h passwordHash) String() string {
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, h.Memory, h.Time, h.Threads,
		base64.RawStdEncoding.EncodeToString(h.salt), base64.RawStdEncoding.EncodeToString(h.key))
}

// parseHash reads the PHC string format of argon2id, in its one canonical
// form: what it accepts, String gives back.
func parseHash(text string) (passwordHash, error) {
	if len(text) > maxHashBytes {
		return passwordHash{}, ErrHash
	}
	part := strings.Split(text, "$")
	if len(part) != 6 || part[0] != "" || part[1] != "argon2id" || part[2] != "v="+strconv.Itoa(argon2.Version) {
		return passwordHash{}, ErrHash
	}
	p, err := parseParameters(part[3])
	if err != nil {
		return passwordHash{}, err
	}
	h := passwordHash{Parameters: p}
	if h.salt, err = base64.RawStdEncoding.DecodeString(part[4]); err != nil {
		return passwordHash{}, ErrHash
	}
	if h.key, err = base64.RawStdEncoding.DecodeString(part[5]); err != nil {
		return passwordHash{}, ErrHash
	}
	if len(h.salt) < minSalt || len(h.salt) > maxKey || len(h.key) < minKey || len(h.key) > maxKey || h.String() != text {
		return passwordHash{}, ErrHash
	}
	return h, nil
}

func parseParameters(text string) (Parameters, error) {
	field := strings.Split(text, ",")
	if len(field) != 3 {
		return Parameters{}, ErrHash
	}
	var number [3]uint64
	for i, prefix := range []string{"m=", "t=", "p="} {
		digits, found := strings.CutPrefix(field[i], prefix)
		n, err := strconv.ParseUint(digits, 10, []int{32, 32, 8}[i])
		if !found || err != nil {
			return Parameters{}, ErrHash
		}
		number[i] = n
	}
	p := Parameters{Memory: uint32(number[0]), Time: uint32(number[1]), Threads: uint8(number[2])}
	return p, p.validate()
}
