package certs

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"regexp"
	"strings"
)

// A pemBlock is a block of a PEM file (RFC 7468), with the line it begins on.
type pemBlock struct {
	*pem.Block
	line int
}

// A pemError is what is wrong with a PEM file, from the line on.
type pemError struct {
	line    int
	problem string
}

func (e *pemError) Error() string { return fmt.Sprintf("line %d: %s", e.line, e.problem) }

const (
	pemBegin = "-----BEGIN "
	pemEnd   = "-----END "
	pemDash  = "-----"
)

// seemsBegin is a line that was meant to begin a block.
var seemsBegin = regexp.MustCompile(`^\s*-*\s*BEGIN [A-Z0-9 ]*(CERTIFICATE|CRL|KEY|PKCS7|REQUEST)\s*-*$`)

// splitPEM finds the blocks of a file, as pem.Decode does; but what looks like
// a block and is none is an error instead of text between blocks.
func splitPEM(data []byte) (blocks []pemBlock, err error) {
	lines := strings.Split(string(bytes.TrimPrefix(data, []byte("\uFEFF"))), "\n")
	for i := 0; i < len(lines); i++ {
		line := strings.TrimRight(lines[i], " \t\r")
		kind, isBegin := marker(line, pemBegin)
		if !isBegin && !seemsBegin.MatchString(line) {
			continue
		}
		if !isBegin {
			return nil, &pemError{i + 1, fmt.Sprintf("%q is no line that begins a block; it has five dashes on each side and nothing else", line)}
		}
		end, err := blockEnd(lines, i, kind)
		if err != nil {
			return nil, err
		}
		block, _ := pem.Decode([]byte(strings.Join(lines[i:end+1], "\n") + "\n"))
		if block == nil {
			return nil, damageIn(lines, i, end)
		}
		blocks = append(blocks, pemBlock{block, i + 1})
		i = end
	}
	return blocks, nil
}

// marker is the word of a BEGIN or an END line.
func marker(line, kind string) (word string, ok bool) {
	word, ok = strings.CutPrefix(line, kind)
	if !ok {
		return "", false
	}
	return strings.CutSuffix(word, pemDash)
}

// blockEnd is the line that ends the block which begins on line begin.
func blockEnd(lines []string, begin int, kind string) (int, error) {
	for i := begin + 1; i < len(lines); i++ {
		line := strings.TrimRight(lines[i], " \t\r")
		if word, isEnd := marker(line, pemEnd); isEnd && word == kind {
			return i, nil
		}
		if strings.HasPrefix(line, pemEnd) && strings.Contains(line, pemBegin) {
			return 0, &pemError{i + 1, "two blocks meet on one line; a line break is missing between them"}
		}
		if strings.Contains(line, pemDash) || i == len(lines)-1 {
			return 0, &pemError{begin + 1, fmt.Sprintf("the block %s that begins here has no line %q", kind, pemEnd+kind+pemDash)}
		}
	}
	return 0, &pemError{begin + 1, fmt.Sprintf("the file ends where the block %s begins", kind)}
}

// damageIn says which line of a block is no base64.
func damageIn(lines []string, begin, end int) error {
	for i := begin + 1; i < end; i++ {
		line := strings.TrimSpace(lines[i])
		if strings.Trim(line, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=") != "" {
			return &pemError{i + 1, "this is no base64; the block is damaged"}
		}
	}
	return &pemError{begin + 1, "the block that begins here is damaged: characters are missing, or too many"}
}

// ReadChain reads the certificates of a file, in their order: at least one. A
// file in DER is read, too; that servers want PEM is then a finding, as are
// private keys that stand in it. Errors are *FileError.
func ReadChain(file string) ([]*x509.Certificate, []Finding, error) {
	data, err := readFile(file)
	if err != nil {
		return nil, nil, err
	}
	if chain, err := x509.ParseCertificates(data); err == nil && len(chain) > 0 {
		return chain, []Finding{{Kind: KindNotPEM, Level: Warning, Problem: "the file is in DER, not in PEM",
			Why: "servers and most programs want PEM", Hint: derHint}}, nil
	}
	chain, blocks, err := parseChain(file, data)
	for _, block := range blocks {
		if err == nil && strings.HasSuffix(block.Type, pemPrivateKey) {
			return chain, []Finding{{Kind: KindKeyInFile, Level: Warning,
				Problem: fmt.Sprintf("a private key stands in the file, in line %d", block.line),
				Why:     "a chain may be given to everybody, a key to nobody",
				Hint:    "give nobody this file; keep it at mode 0600"}}, nil
		}
	}
	return chain, nil, err
}

const derHint = "openssl x509 -inform der -in FILE -out NEW.pem converts it"

// parseChain takes the certificates of PEM; at least one.
func parseChain(file string, data []byte) (chain []*x509.Certificate, blocks []pemBlock, err error) {
	blocks, err = splitPEM(data)
	if err != nil {
		return nil, nil, &FileError{File: file, Problem: err.Error(),
			Hint: "get the file again, without an editor or a chat in between", Err: err}
	}
	for _, block := range blocks {
		if block.Type != pemCertificate {
			continue
		}
		cert, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, nil, &FileError{File: file, Err: err, Hint: "get the file again",
				Problem: fmt.Sprintf("line %d: certificate %d is damaged: %v", block.line, len(chain)+1, err)}
		}
		chain = append(chain, cert)
	}
	if len(chain) == 0 {
		return nil, nil, noCertificate(file, data, blocks)
	}
	return chain, blocks, nil
}

// noCertificate says what a file holds instead.
func noCertificate(file string, data []byte, blocks []pemBlock) error {
	e := &FileError{File: file, Problem: "holds no certificate in PEM form", Hint: `it must begin with "-----BEGIN CERTIFICATE-----"`}
	for _, block := range blocks {
		e.Problem, e.Hint = insteadOf(block)
		return e
	}
	_, err := x509.ParseCertificate(data)
	switch {
	case err == nil:
		e.Problem, e.Hint = "holds a certificate in DER, not in PEM", derHint
	case bytes.HasPrefix(data, []byte{0xFF, 0xFE}) || bytes.HasPrefix(data, []byte{0xFE, 0xFF}):
		e.Problem, e.Hint = "is text in UTF-16", "save it as ASCII or UTF-8"
	case bytes.HasPrefix(data, []byte{0x30}) && bytes.Contains(data[:min(len(data), 8)], []byte{2, 1, 3}):
		e.Problem = "holds no certificate in PEM form; it looks like PKCS #12"
		e.Hint = "openssl pkcs12 -in FILE -nokeys shows the certificates in it; sealift cert install takes it as it is"
	case len(data) == 0:
		e.Problem = "is empty"
	}
	return e
}

// insteadOf says what stands where a certificate should.
func insteadOf(block pemBlock) (problem, hint string) {
	at := fmt.Sprintf(" (line %d)", block.line)
	switch {
	case strings.HasSuffix(block.Type, pemPrivateKey):
		return "holds a private key" + at + ", but no certificate", "name the file with the certificate; give the key to nobody"
	case strings.HasSuffix(block.Type, "CERTIFICATE REQUEST"):
		return "holds a request for a certificate" + at + ", but no certificate", "send it to the CA; what the CA sends back is the certificate"
	case block.Type == "PKCS7":
		return "holds PKCS #7" + at, "openssl pkcs7 -print_certs -in FILE -out NEW.pem takes the certificates out"
	case block.Type == "TRUSTED CERTIFICATE":
		return "holds a certificate in OpenSSL's own form" + at, "openssl x509 -in FILE -out NEW.pem converts it"
	case block.Type == pemCRL:
		return "holds a list of revoked certificates" + at + ", but no certificate", "name it with --crl"
	}
	return "holds " + block.Type + at + ", but no certificate", `it must have a block that begins with "-----BEGIN CERTIFICATE-----"`
}
