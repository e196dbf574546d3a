package certs

import (
	"crypto/tls"
	"errors"
	"os"
	"path/filepath"
	"testing"
)

func TestInstall(t *testing.T) {
	p := newPKI(t)
	dir := filepath.Join(t.TempDir(), "certs")
	if _, ok := Installed(dir); ok {
		t.Fatal("something is installed")
	}
	if _, err := Uninstall(dir); !errors.Is(err, ErrNotInstalled) {
		t.Errorf("nothing to take out: %v", err)
	}
	install := func() (*tls.Certificate, func() error) {
		t.Helper()
		key := newTestKey(t)
		undo, err := Install(dir, certificates{leafBy(t, p.sub, key), p.sub.Certificate}, key)
		if err != nil {
			t.Fatal(err)
		}
		return served(t, dir), undo
	}
	first, undo := install()
	if info, err := os.Stat(InstalledFile(dir)); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the file with the key: %v, %v", info.Mode(), err)
	}
	if len(first.Certificate) != 2 {
		t.Errorf("%d certificates", len(first.Certificate))
	}
	if err := undo(); err != nil {
		t.Error(err)
	}
	if _, ok := Installed(dir); ok {
		t.Error("the first one cannot be taken back")
	}
	first, _ = install()
	second, undo := install()
	if second.Leaf.Equal(first.Leaf) {
		t.Error("the second one is not there")
	}
	if former := made[*tls.Certificate](t)(Load(FormerInstalled(dir), FormerInstalled(dir))); !former.Leaf.Equal(first.Leaf) {
		t.Error("the first one is not kept")
	}
	if err := undo(); err != nil || !served(t, dir).Leaf.Equal(first.Leaf) {
		t.Errorf("the second one cannot be taken back: %v", err)
	}
	undo, err := Uninstall(dir)
	if _, ok := Installed(dir); err != nil || ok {
		t.Errorf("it is there after Uninstall: %v", err)
	}
	if err := undo(); err != nil || !served(t, dir).Leaf.Equal(first.Leaf) {
		t.Errorf("Uninstall cannot be taken back: %v", err)
	}
	onlyFiles(t, dir, "installed.former.pem", "installed.pem")
}

func served(t *testing.T, dir string) *tls.Certificate {
	t.Helper()
	p, ok := Installed(dir)
	if !ok {
		t.Fatal("nothing is installed")
	}
	return made[*tls.Certificate](t)(Load(p.CertFile, p.KeyFile))
}

func onlyFiles(t *testing.T, dir string, want ...string) {
	t.Helper()
	found := made[[]os.DirEntry](t)(os.ReadDir(dir))
	for i, entry := range found {
		if len(found) != len(want) || entry.Name() != want[i] {
			t.Fatalf("the files are %v, want %v", found, want)
		}
	}
}

// TestAFailedInstallChangesNothing: neither the pair nor the directory.
func TestAFailedInstallChangesNothing(t *testing.T) {
	p := newPKI(t)
	dir := filepath.Join(t.TempDir(), "certs")
	key := newTestKey(t)
	leaf := leafBy(t, p.sub, key)
	if _, err := Install(dir, certificates{leaf}, key); err != nil {
		t.Fatal(err)
	}
	weak, weakKey := rsaPair(t, 1024)
	for _, err := range []error{
		func() error { _, err := Install(dir, certificates{p.leaf(t)}, newTestKey(t)); return err }(),
		func() error { _, err := Install(dir, certificates{weak}, weakKey); return err }(),
		func() error { _, err := Install(dir, nil, key); return err }(),
		func() error { _, err := Install(dir, certificates{p.sub.Certificate}, p.sub.Key); return err }(),
	} {
		if err == nil {
			t.Error("it was installed")
		}
	}
	if !served(t, dir).Leaf.Equal(leaf) {
		t.Error("another one is installed")
	}
	onlyFiles(t, dir, "installed.pem")
}

// TestASourceNeverSeesHalfAPair: while pairs change, whatever is loaded fits.
func TestASourceNeverSeesHalfAPair(t *testing.T) {
	p := newPKI(t)
	dir := filepath.Join(t.TempDir(), "certs")
	install := func() {
		key := newTestKey(t)
		if _, err := Install(dir, certificates{leafBy(t, p.sub, key)}, key); err != nil {
			t.Error(err)
		}
	}
	install()
	pair, _ := Installed(dir)
	s := newTestSource(t, SourceOptions{}, pair)
	for range 20 {
		before := s.Leaf()
		install()
		if err := s.Reload(); err != nil || s.Leaf().Equal(before) {
			t.Fatalf("%v, the leaf is the former one: %v", err, s.Leaf().Equal(before))
		}
	}
}

func TestJudgeInstall(t *testing.T) {
	p := newPKI(t)
	key := newTestKey(t)
	leaf := leafBy(t, p.sub, key)
	for _, tt := range []struct {
		why    string
		chain  certificates
		names  []string
		usable bool
		cannot bool
		kind   Kind
	}{
		{"right, whoever trusts its CA", certificates{leaf, p.sub.Certificate, p.root.Certificate}, []string{"ftp.test"}, true, false, KindUnknownIssuer},
		{"another name can be wanted", certificates{leaf, p.sub.Certificate}, []string{"www.test"}, false, false, KindWrongName},
		{"another key never can", certificates{p.leaf(t)}, nil, false, true, KindWrongKey},
	} {
		r, cannot := JudgeInstall(tt.chain, key, tt.names, start)
		if r.Trusted != tt.usable || cannot != tt.cannot || !r.Has(tt.kind) {
			t.Errorf("%s: %v, cannot be %v:\n%s", tt.why, r.Trusted, cannot, said(r))
		}
	}
}
