// Package storage is the contract between the FTP server and the place where
// files are kept: a small file system that is told what is wanted (a Path,
// Commit or Suspend), never how to do it (flags, handles).
//
// Every implementation runs the suite in storage/storagetest.
package storage

import (
	"context"
	"io"
	"io/fs"
	"iter"
	"time"
)

// An FS is one account's view of a tree of files. Its methods may be called
// from several goroutines at once.
//
// Errors wrap fs.ErrNotExist, fs.ErrExist, fs.ErrPermission or one of the
// errors of this package; anything else is a local failure (451 on the wire).
// No error text reaches a client.
type FS interface {
	// Stat describes p, following links that stay inside the tree. Where no
	// complete file stands under p but the account has an unfinished upload
	// of that name, it describes that, with Info.Unfinished set.
	Stat(ctx context.Context, p Path) (Info, error)

	// List yields the entries of dir in no particular order, as Stat would
	// describe them, in memory that does not grow with their number. A link
	// is shown as what it points to; a dangling or outward one is left out,
	// and so is whatever is neither a regular file nor a directory. A file
	// that vanishes while it is listed is left out. An error ends the
	// sequence. ErrNotDir when dir is a file.
	List(ctx context.Context, dir Path) iter.Seq2[Info, error]

	// Open returns the content of p from byte offset on. An offset past the
	// end is ErrOffset (RFC 3659 §5.4 → 554). The caller closes the reader;
	// cancelling ctx makes later Reads fail with ctx.Err. The reader is an
	// *os.File where that is what it is, so that plain data may be sent
	// without copying; such a reader does not wait, and does not watch ctx.
	//
	// Opening a directory or a special file is ErrNotRegular, an unfinished
	// upload an *UnfinishedError.
	Open(ctx context.Context, p Path, offset int64) (io.ReadCloser, error)

	// Create begins an upload to p as m says. Nothing shows under p, and
	// what stands there stays, until Commit; an old unfinished upload is
	// dropped at the first byte (or at Commit), not before. The caller ends
	// the Writer with exactly one of Commit, Suspend and Abort. A link of that
	// name is replaced by the file; what it leads to stays.
	//
	// ErrOffset when m.Offset fits nothing that is there, ErrBusy when
	// another upload builds on the same bytes or, with m.Offset or m.Append,
	// nothing is there but an upload of the account that still runs,
	// fs.ErrExist when m.Allow forbids what would have to be done to the file
	// that stands there, fs.ErrPermission when it forbids a new name,
	// ErrIsDir, ErrNotRegular, ErrNoSpace, ErrQuota, ErrName.
	Create(ctx context.Context, p Path, m Mode) (Writer, error)

	// Mkdir makes the directory p; its parent must exist. fs.ErrExist when
	// something stands there, be it an unfinished upload of the account.
	Mkdir(ctx context.Context, p Path) error

	// Remove removes p if it is of type t: a file, a link or an unfinished
	// upload of the account (File), or an empty directory (Dir). A directory
	// for File is ErrIsDir, a file or link for Dir ErrNotDir, a directory that
	// is not empty, or in which an upload runs, ErrNotEmpty. A directory that
	// holds nothing but unfinished uploads is empty to others than their
	// owner: they are removed with it. So is the account's unfinished upload
	// with the complete file of its name. The root is fs.ErrPermission.
	Remove(ctx context.Context, p Path, t Type) error

	// Rename moves from, itself if it is a link, to to. Where a file or link
	// stands under to, it is replaced if replace is true, else the error is
	// fs.ErrExist; a directory is never replaced, and replaces nothing, which
	// is fs.ErrExist too. Moving a directory into itself is ErrName, an
	// unfinished upload an *UnfinishedError. Unfinished uploads stay with
	// their directory and name.
	Rename(ctx context.Context, from, to Path, replace bool) error

	// SetAttr changes what a holds of p, following links. An unfinished
	// upload is an *UnfinishedError.
	SetAttr(ctx context.Context, p Path, a Attr) error

	// Symlink makes p a link to target. A target outside the tree is
	// fs.ErrPermission, a store without links ErrUnsupported.
	Symlink(ctx context.Context, target, p Path) error

	// Features tells facts of the store that holds dir.
	Features(ctx context.Context, dir Path) (Features, error)
}

// A Writer receives one upload. Exactly one of Commit, Suspend and Abort is
// called, once, and none of its methods afterwards.
type Writer interface {
	io.Writer

	// Commit makes the upload durable and then visible under its name, whole
	// and at once. When it returns nil the file survives a power cut. When
	// it fails, nothing was published and nothing is kept. fs.ErrExist when
	// a file has come to stand there that Mode.Allow does not let go. It fails
	// when the directory has been removed or renamed, and after a Write that
	// failed.
	Commit() error

	// Suspend keeps what has come so far, for this account, to be resumed.
	// It replaces an older unfinished upload of the same name; if not a byte
	// has come, what was there before stays as it was. When it fails, as it
	// does after a Write that failed, nothing is kept.
	Suspend() error

	// Abort forgets what has come. A complete file that stood under the name
	// still stands. If not a byte has come, an old unfinished upload too.
	Abort() error
}

// Type is what an entry is.
type Type uint8

// The two types of entry; nothing else is ever shown.
const (
	File Type = iota
	Dir
)

// Info describes an entry.
type Info struct {
	Name    string // last element of its path
	Type    Type
	Size    int64 // bytes; 0 for a directory
	ModTime time.Time
	Mode    fs.FileMode // permission bits; 0 where the store has none
	// ID is the same for two names of one file and differs between files; the
	// zero value where the store cannot tell. Never sent as it is.
	ID [2]uint64
	// Unfinished marks an interrupted upload of the account (Size bytes of it).
	Unfinished bool
}

// Mode says what kind of upload Create begins.
//
// With Offset n > 0 (RFC 3659 §5.3): an unfinished upload of exactly n bytes
// is continued; else a complete file of exactly n bytes is extended; else,
// where just one of the two has more than n bytes, its first n are kept and
// what follows is replaced by the upload; else ErrOffset. The complete file
// is extended in a copy, which Commit publishes whole.
//
// With Append: the complete file is extended if there is one, else the
// unfinished upload is continued if there is one, else the file is created.
type Mode struct {
	Offset int64 // bytes, ≥ 0
	Append bool  // only with Offset 0
	Expect int64 // bytes announced by ALLO, reserved ahead; 0 if unknown
	Allow  Allow
}

// Allow says what an upload may do to the complete file under its name.
type Allow uint8

// What an upload may do; continuing an unfinished upload of one's own, and
// a name where no complete file stands, need AllowNew.
const (
	AllowNew     Allow = 1 << iota // publish a name that does not exist
	AllowExtend                    // keep all bytes of the complete file, and add
	AllowReplace                   // lose bytes of the complete file
	AllowAll     = AllowNew | AllowExtend | AllowReplace
)

// Attr is what SetAttr changes; nil fields stay as they are.
type Attr struct {
	ModTime *time.Time
	Mode    *fs.FileMode // permission bits
}

// Features are facts of a store.
type Features struct {
	Free     int64 // bytes left; -1 if unknown
	Modes    bool  // has permission bits
	Symlinks bool
}

// A Meter keeps account of the bytes and names that an FS holds. Every FS
// that is given one reports each change of what it holds: growth before it
// happens, shrinkage after. A name with a complete file, an unfinished upload
// or both counts as one file, as the account sees it; unfinished uploads count
// with their bytes, links as files without bytes, directories not at all. The
// copy in which a file is extended counts when it is suspended. So at rest the
// sums reported equal a walk over the tree.
type Meter interface {
	// Add adds bytes and files, each of which may be negative. Where it
	// would pass a limit it adds nothing and returns ErrQuota; shrinking
	// never fails.
	Add(bytes, files int64) error
}
