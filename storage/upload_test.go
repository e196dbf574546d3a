package storage

import (
	"errors"
	"io/fs"
	"testing"
)

func TestPlan(t *testing.T) {
	const none = -1
	tests := []struct {
		why                  string
		mode                 Mode
		complete, unfinished int64
		base                 Base
		keep                 int64
		err                  error
	}{
		{"a plain upload starts anew", Mode{}, 9, 5, FromNothing, 0, nil},
		{"an unfinished upload of that size is continued", Mode{Offset: 5}, none, 5, FromUnfinished, 5, nil},
		{"it comes before a complete file of that size", Mode{Offset: 5}, 5, 5, FromUnfinished, 5, nil},
		{"a complete file of that size is extended", Mode{Offset: 5}, 5, none, FromComplete, 5, nil},
		{"it comes before a longer unfinished upload", Mode{Offset: 5}, 5, 9, FromComplete, 5, nil},
		{"stepping back in the unfinished upload", Mode{Offset: 3}, none, 5, FromUnfinished, 3, nil},
		{"stepping back in it beside a short file", Mode{Offset: 3}, 2, 5, FromUnfinished, 3, nil},
		{"stepping back in the complete file", Mode{Offset: 3}, 5, none, FromComplete, 3, nil},
		{"stepping back in it beside a short upload", Mode{Offset: 3}, 5, 2, FromComplete, 3, nil},
		{"two that are longer: nobody knows which is meant", Mode{Offset: 3}, 5, 6, FromNothing, 0, ErrOffset},
		{"past both ends", Mode{Offset: 7}, 5, 6, FromNothing, 0, ErrOffset},
		{"nothing is there", Mode{Offset: 1}, none, none, FromNothing, 0, ErrOffset},
		{"a negative offset", Mode{Offset: -1}, 5, 5, FromNothing, 0, ErrOffset},
		{"append to the complete file", Mode{Append: true}, 5, 6, FromComplete, 5, nil},
		{"append to an empty file", Mode{Append: true}, 0, none, FromComplete, 0, nil},
		{"append to the unfinished upload", Mode{Append: true}, none, 6, FromUnfinished, 6, nil},
		{"append creates", Mode{Append: true}, none, none, FromNothing, 0, nil},
	}
	for _, test := range tests {
		base, keep, err := test.mode.Plan(test.complete, test.unfinished)
		if base != test.base || keep != test.keep || !errors.Is(err, test.err) {
			t.Errorf("%s: got %v, %d, %v; want %v, %d, %v",
				test.why, base, keep, err, test.base, test.keep, test.err)
		}
	}
}

func TestAllowCheck(t *testing.T) {
	tests := []struct {
		why             string
		allow           Allow
		exists, extends bool
		err             error
	}{
		{"a new name", AllowNew, false, false, nil},
		{"a new name is not allowed", AllowExtend | AllowReplace, false, false, fs.ErrPermission},
		{"what was to be extended is gone", AllowExtend, false, true, fs.ErrPermission},
		{"extending", AllowExtend, true, true, nil},
		{"extending is not allowed", AllowNew | AllowReplace, true, true, fs.ErrExist},
		{"replacing", AllowReplace, true, false, nil},
		{"replacing is not allowed", AllowNew | AllowExtend, true, false, fs.ErrExist},
		{"nothing is allowed", 0, false, false, fs.ErrPermission},
	}
	for _, test := range tests {
		if err := test.allow.Check(test.exists, test.extends); !errors.Is(err, test.err) || (err == nil) != (test.err == nil) {
			t.Errorf("%s: got %v, want %v", test.why, err, test.err)
		}
	}
}
