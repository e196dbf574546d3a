package acme

import (
	"cmp"
	"context"
	"crypto"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"io/fs"
	"log/slog"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"time"

	"github.com/mholt/acmez/v3"
	"github.com/mholt/acmez/v3/acme"

	"github.com/sealift/sealift/certs"
)

// answerTime is how long one request to a CA may take.
const answerTime = time.Minute

func httpClient(roots *x509.CertPool) *http.Client {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.TLSClientConfig = &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}
	transport.IdleConnTimeout = time.Minute
	return &http.Client{Transport: transport, Timeout: answerTime}
}

// client speaks to the CA; it reads the directory anew.
func (k *Keeper) client(solver acmez.Solver) *acmez.Client {
	return &acmez.Client{
		Client: &acme.Client{
			Directory: k.o.Directory, HTTPClient: k.http, UserAgent: cmp.Or(k.o.UserAgent, "sealift"),
		},
		ChallengeSolvers: map[string]acmez.Solver{string(k.o.Challenge): solver},
	}
}

// obtain orders a certificate, with a new key, and puts it into the
// directory.
func (k *Keeper) obtain(ctx context.Context) (*x509.Certificate, error) {
	client := k.client(telling{k.o.Solver, k.o.Log})
	about, err := client.GetDirectory(ctx)
	if err != nil {
		return nil, err
	}
	if err := k.checkDirectory(about); err != nil {
		return nil, err
	}
	account, err := k.account(ctx, client.Client)
	if err != nil {
		return nil, err
	}
	key, err := certs.NewKey(certs.P256)
	if err != nil {
		return nil, err
	}
	order, err := k.order(account, key, about.RenewalInfo != "")
	if err != nil {
		return nil, err
	}
	chains, err := client.ObtainCertificate(ctx, order)
	if err != nil {
		return nil, err
	}
	if len(chains) == 0 {
		return nil, errorf("", "the CA gave no certificate")
	}
	return k.keep(chains[0].ChainPEM, key)
}

// checkDirectory refuses a CA that wants what we do not have.
func (k *Keeper) checkDirectory(d acme.Directory) error {
	switch meta := d.Meta; {
	case meta == nil:
	case meta.TermsOfService != "" && !k.o.AcceptTerms:
		return errorf("set acme.accept_terms = true", "the CA wants its terms of service accepted: %s", meta.TermsOfService)
	case meta.ExternalAccountRequired && k.o.EABKeyID == "":
		return errorf("get a key identifier and an HMAC key there, and set acme.eab_key_id and acme.eab_key_file", "the CA wants an account that was made with it by other means")
	}
	return nil
}

// order says what is wanted. A renewal names the certificate that it replaces,
// where the CA can take that (RFC 9773 §5), unless that was the trouble.
func (k *Keeper) order(account acme.Account, key crypto.Signer, replaces bool) (acmez.OrderParameters, error) {
	csr, err := acmez.NewCSR(key, k.o.Hosts)
	if err != nil {
		return acmez.OrderParameters{}, err
	}
	order, err := acmez.OrderParametersFromCSR(account, csr)
	k.mu.Lock()
	defer k.mu.Unlock()
	if replaces && k.suits() && k.state.Failures == 0 {
		order.Replaces = k.leaf
	}
	return order, err
}

// account is ours at the CA. It is found by its key, or made.
func (k *Keeper) account(ctx context.Context, client *acme.Client) (acme.Account, error) {
	key, err := accountKey(filepath.Join(k.o.Dir, k.accountName()))
	if err != nil {
		return acme.Account{}, err
	}
	found, err := client.GetAccount(ctx, acme.Account{PrivateKey: key})
	var problem acme.Problem
	if !errors.As(err, &problem) || problem.Type != acme.ProblemTypeAccountDoesNotExist {
		return found, err
	}
	made := acme.Account{PrivateKey: key, TermsOfServiceAgreed: k.o.AcceptTerms}
	if k.o.Email != "" {
		made.Contact = []string{"mailto:" + k.o.Email}
	}
	if k.o.EABKeyID != "" {
		if err := made.SetExternalAccountBinding(ctx, client, acme.EAB{KeyID: k.o.EABKeyID, MACKey: k.o.EABKey}); err != nil {
			return acme.Account{}, errorf("acme.eab_key_file holds the key as the CA shows it, in base64url", "the external account binding cannot be made: %v", err)
		}
	}
	return client.NewAccount(ctx, made)
}

// accountName is the file of the account's key: each CA has its own.
func (k *Keeper) accountName() string {
	sum := sha256.Sum256([]byte(k.o.Directory))
	host := "ca"
	if u, err := url.Parse(k.o.Directory); err == nil {
		host = cmp.Or(u.Hostname(), host)
	}
	return "account-" + filepath.Base(host) + "-" + hex.EncodeToString(sum[:4]) + ".key"
}

// accountKey reads a key, or makes it.
func accountKey(file string) (crypto.Signer, error) {
	id, err := certs.ReadIdentity([]string{file}, nil)
	switch {
	case err == nil && id.Key != nil:
		return id.Key, nil
	case err == nil:
		return nil, errorf("move the file away, and a new account is made", "%s holds no private key", file)
	case !errors.Is(err, fs.ErrNotExist):
		return nil, err
	}
	key, err := certs.NewKey(certs.P256)
	if err != nil {
		return nil, err
	}
	f, err := certs.KeyFile(file, key)
	if err != nil {
		return nil, err
	}
	return key, certs.Save(false, f)
}

// keep puts the certificate into the directory if it is what was ordered. The
// former one stands beside it.
func (k *Keeper) keep(chainPEM []byte, key crypto.Signer) (*x509.Certificate, error) {
	var chain []*x509.Certificate
	for block, rest := pem.Decode(chainPEM); block != nil; block, rest = pem.Decode(rest) {
		cert, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, errorf("", "the CA gave a certificate that cannot be read: %v", err)
		}
		chain = append(chain, cert)
	}
	if len(chain) == 0 {
		return nil, errorf("", "the CA gave no certificate")
	}
	if missing := uncovered(chain[0], k.o.Hosts); len(missing) > 0 {
		return nil, errorf("", "the CA gave a certificate that is not for %s", strings.Join(missing, ", "))
	}
	if !chain[0].NotAfter.After(k.o.Now()) {
		return nil, errorf("check the clock", "the CA gave a certificate that has ended on %s", chain[0].NotAfter.UTC().Format(time.RFC3339))
	}
	if _, err := certs.Install(k.o.Dir, chain, key); err != nil {
		return nil, err
	}
	return chain[0], nil
}

// telling logs what goes wrong after a challenge, which fails no order.
type telling struct {
	acmez.Solver
	log *slog.Logger
}

func (s telling) CleanUp(ctx context.Context, c acme.Challenge) error {
	err := s.Solver.CleanUp(ctx, c)
	if err != nil {
		s.log.Warn("what answered a challenge was not taken away", "host", c.Identifier.Value, "error", err.Error())
	}
	return err
}
