package cluster

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"
)

// authority signs the certificates of a cluster, whose parts know each other by
// them: a user's name is the common name, the groups are the organisations.
type authority struct {
	dir  string // of all files
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	last int64 // serial number
}

// identity is who a certificate speaks for.
type identity struct {
	file   string // without .crt and .key
	name   string
	groups []string
	hosts  []string // names and addresses, for who serves
}

// newAuthority makes ca.crt in a directory, and what signs the tokens of service accounts.
func newAuthority(dir string) (*authority, error) {
	a := &authority{dir: dir}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make certificates: %w", err)
	}
	var err error
	if a.cert, a.key, err = a.sign("ca", &x509.Certificate{
		Subject: pkix.Name{CommonName: "plumbline test cluster"}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}); err != nil {
		return nil, err
	}
	_, key, err := a.sign("accounts", &x509.Certificate{})
	if err != nil {
		return nil, err
	}
	public, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		return nil, fmt.Errorf("make certificates: %w", err)
	}
	return a, a.write("accounts.pub", "PUBLIC KEY", public)
}

// issue makes a certificate and its key.
func (a *authority) issue(who identity) error {
	template := &x509.Certificate{
		Subject:  pkix.Name{CommonName: who.name, Organization: who.groups},
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}
	for _, host := range who.hosts {
		if address := net.ParseIP(host); address != nil {
			template.IPAddresses = append(template.IPAddresses, address)
		} else {
			template.DNSNames = append(template.DNSNames, host)
		}
	}
	if len(who.hosts) > 0 {
		template.ExtKeyUsage = append(template.ExtKeyUsage, x509.ExtKeyUsageServerAuth)
	}
	_, _, err := a.sign(who.file, template)
	return err
}

// admit issues a certificate and writes what its bearer needs to find the API
// server: FILE.kubeconfig.
func (a *authority) admit(who identity, server string) error {
	if err := a.issue(who); err != nil {
		return err
	}
	file := func(name string) string { return filepath.Join(a.dir, name) }
	text := fmt.Sprintf(`apiVersion: v1
kind: Config
clusters: [{name: test, cluster: {server: %q, certificate-authority: %q}}]
users: [{name: self, user: {client-certificate: %q, client-key: %q}}]
contexts: [{name: test, context: {cluster: test, user: self}}]
current-context: test
`, server, file("ca.crt"), file(who.file+".crt"), file(who.file+".key"))
	if err := os.WriteFile(file(who.file+".kubeconfig"), []byte(text), 0o600); err != nil {
		return fmt.Errorf("make certificates: %w", err)
	}
	return nil
}

// sign makes a key and a certificate over it, signed by the authority or, for its
// own, by itself.
func (a *authority) sign(file string, template *x509.Certificate) (*x509.Certificate, *ecdsa.PrivateKey, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, fmt.Errorf("make certificate %s: %w", file, err)
	}
	a.last++
	template.SerialNumber = big.NewInt(a.last)
	template.NotBefore, template.NotAfter = time.Now().Add(-time.Hour), time.Now().Add(24*time.Hour)
	parent, signer := a.cert, a.key
	if parent == nil {
		parent, signer = template, key
	}
	raw, err := x509.CreateCertificate(rand.Reader, template, parent, key.Public(), signer)
	if err != nil {
		return nil, nil, fmt.Errorf("make certificate %s: %w", file, err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, nil, fmt.Errorf("make certificate %s: %w", file, err)
	}
	cert, err := x509.ParseCertificate(raw)
	return cert, key, errors.Join(err, a.write(file+".crt", "CERTIFICATE", raw), a.write(file+".key", "PRIVATE KEY", private))
}

func (a *authority) write(file, kind string, content []byte) error {
	if err := os.WriteFile(filepath.Join(a.dir, file), pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: content}), 0o600); err != nil {
		return fmt.Errorf("make certificates: %w", err)
	}
	return nil
}
