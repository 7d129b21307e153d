package jobs

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"math/big"
	"mime/quotedprintable"
	"net"
	"net/mail"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
	"github.com/google/go-cmp/cmp"

	"plumbline/demo-app/icat"
)

// postbox is an SMTP server that keeps what it is sent.
type postbox struct {
	addr     string
	users    map[string]string // who has to log in; empty means nobody
	refuse   *smtp.SMTPError   // every recipient, if not nil
	vanish   bool              // end the connection once the message is accepted
	mu       sync.Mutex
	letters  []letter
	attempts int
}

type letter struct {
	from, to, text, user string
	tls                  bool
}

// start serves smtp, or smtps if implicit, and returns who vouches for it.
func (p *postbox) start(t *testing.T, offerTLS, implicit bool) *x509.CertPool {
	t.Helper()
	server := smtp.NewServer(p)
	server.Domain, server.AllowInsecureAuth = "localhost", true
	var roots *x509.CertPool
	if offerTLS || implicit {
		server.TLSConfig, roots = certificate(t)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	p.addr = listener.Addr().String()
	if implicit {
		listener = tls.NewListener(listener, server.TLSConfig)
	}
	done := make(chan struct{})
	go func() { defer close(done); _ = server.Serve(listener) }()
	t.Cleanup(func() { _ = server.Close(); <-done })
	return roots
}

func (p *postbox) NewSession(c *smtp.Conn) (smtp.Session, error) {
	return &sitting{box: p, conn: c}, nil
}

type sitting struct {
	box  *postbox
	conn *smtp.Conn
	letter
}

func (s *sitting) AuthMechanisms() []string {
	if len(s.box.users) == 0 {
		return nil
	}
	return []string{sasl.Plain}
}

func (s *sitting) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, user, password string) error {
		if want, ok := s.box.users[user]; !ok || want != password {
			return smtp.ErrAuthFailed
		}
		s.user = user
		return nil
	}), nil
}

func (s *sitting) Mail(from string, _ *smtp.MailOptions) error {
	if len(s.box.users) > 0 && s.user == "" {
		return smtp.ErrAuthRequired
	}
	s.from = from
	return nil
}

func (s *sitting) Rcpt(to string, _ *smtp.RcptOptions) error {
	s.box.mu.Lock()
	defer s.box.mu.Unlock()
	s.box.attempts++
	if s.box.refuse != nil {
		return s.box.refuse
	}
	s.to = to
	return nil
}

func (s *sitting) Data(r io.Reader) error {
	text, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	s.text = string(text)
	_, s.tls = s.conn.TLSConnectionState()
	s.box.mu.Lock()
	defer s.box.mu.Unlock()
	s.box.letters = append(s.box.letters, s.letter)
	return nil
}

func (s *sitting) Reset() {
	if s.box.vanish && s.text != "" {
		_ = s.conn.Conn().Close()
	}
}

func (s *sitting) Logout() error { return nil }

// certificate is good for 127.0.0.1 and made for one test.
func certificate(t *testing.T) (*tls.Config, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	template := &x509.Certificate{SerialNumber: big.NewInt(1), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	must(t, err)
	parsed, err := x509.ParseCertificate(der)
	must(t, err)
	roots := x509.NewCertPool()
	roots.AddCert(parsed)
	return &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}, roots
}

func ready() icat.Download {
	at := icat.FromMillis(1_600_000_000_000)
	return icat.Download{ID: "6f2d1f3e-0000-4000-8000-000000000000", Username: "Ann1", DatasetIDs: []int64{7, 8}, Email: "ann@example.org",
		Status: icat.DownloadComplete, FileCount: 3, FileSize: 60, CompleteTime: at, ExpireTime: icat.At(at.Time().Add(hour))}
}

func TestMail(t *testing.T) {
	for _, row := range []struct {
		name               string
		scheme, user       string
		offerTLS, implicit bool
		users              map[string]string
		trusted            bool
		wantTLS            bool
		wantErr            string // part of it; "" means that it arrives
	}{
		{name: "a plain server gets it plainly", scheme: "smtp"},
		{name: "starttls is used when it is offered", scheme: "smtp", offerTLS: true, trusted: true, wantTLS: true},
		{name: "smtps speaks tls from the start", scheme: "smtps", implicit: true, trusted: true, wantTLS: true},
		{name: "a password goes through tls", scheme: "smtp", user: "icat:pass%40word@", offerTLS: true, trusted: true, users: map[string]string{"icat": "pass@word"}, wantTLS: true},
		{name: "a password does not go without tls", scheme: "smtp", user: "icat:pass%40word@", users: map[string]string{"icat": "pass@word"}, wantErr: "STARTTLS"},
		{name: "a wrong password is an error", scheme: "smtp", user: "icat:wr%40ng@", offerTLS: true, trusted: true, users: map[string]string{"icat": "pass@word"}, wantErr: "535"},
		{name: "an unknown authority is not trusted", scheme: "smtp", offerTLS: true, wantErr: "certificate"},
	} {
		t.Run(row.name, func(t *testing.T) {
			box := &postbox{users: row.users}
			roots := box.start(t, row.offerTLS, row.implicit)
			if !row.trusted {
				roots = x509.NewCertPool()
			}
			m, err := NewMailer(row.scheme+"://"+row.user+box.addr+"?from=icat@facility.example", roots)
			must(t, err)
			outcome, err := m.Notify(t.Context(), ready())
			if row.wantErr != "" {
				if err == nil || !strings.Contains(err.Error(), row.wantErr) || len(box.letters) != 0 {
					t.Errorf("got %v and %d letters, want an error with %q", err, len(box.letters), row.wantErr)
				}
				if err != nil && (strings.Contains(err.Error(), "pass@word") || strings.Contains(err.Error(), "wr@ng")) {
					t.Errorf("the password is in %v", err)
				}
				return
			}
			if err != nil || outcome != "sent" || len(box.letters) != 1 {
				t.Fatalf("got %q, %v, %d letters", outcome, err, len(box.letters))
			}
			got := box.letters[0]
			got.text = ""
			want := letter{from: "icat@facility.example", to: "ann@example.org", tls: row.wantTLS}
			if row.user != "" {
				want.user = "icat"
			}
			if diff := cmp.Diff(want, got, cmp.AllowUnexported(letter{})); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestMailText(t *testing.T) {
	failedOne := ready()
	failedOne.Status, failedOne.Message = icat.DownloadFailed, "Dataset[id:7] not found."
	for _, row := range []struct {
		name          string
		d             icat.Download
		subject, body string
	}{
		{"a complete download is announced", ready(), "Your download is ready",
			"Download 6f2d1f3e-0000-4000-8000-000000000000 is ready: 3 files, 60 bytes.\nIts manifest: /downloads/6f2d1f3e-0000-4000-8000-000000000000/manifest, until 2020-09-13T13:26:40+00:00.\nDatasets: [7 8]\n"},
		{"a failed one says why", failedOne, "Your download could not be prepared",
			"Download 6f2d1f3e-0000-4000-8000-000000000000 could not be prepared: Dataset[id:7] not found.\nDatasets: [7 8]\n"},
	} {
		t.Run(row.name, func(t *testing.T) {
			m, err := NewMailer("smtp://mail.example?from=ICAT+%3Cicat@facility.example%3E", nil)
			must(t, err)
			msg, err := m.message(row.d)
			must(t, err)
			var text bytes.Buffer
			_, err = msg.WriteTo(&text)
			must(t, err)
			got, err := mail.ReadMessage(&text)
			must(t, err)
			body, err := io.ReadAll(quotedprintable.NewReader(got.Body))
			must(t, err)
			if diff := cmp.Diff(row.body, strings.ReplaceAll(string(body), "\r\n", "\n")); diff != "" {
				t.Error(diff)
			}
			for header, want := range map[string]string{"Subject": row.subject, "To": "<ann@example.org>", "From": `"ICAT" <icat@facility.example>`,
				"Message-Id": "<6f2d1f3e-0000-4000-8000-000000000000@mail.example>", "Auto-Submitted": "auto-generated"} {
				if diff := cmp.Diff([]string{want}, got.Header[header]); diff != "" {
					t.Errorf("%s: %s", header, diff)
				}
			}
		})
	}
}

func TestMailRefused(t *testing.T) {
	for _, row := range []struct {
		name  string
		reply *smtp.SMTPError
		final bool
	}{
		{"a recipient refused for good is not tried again", &smtp.SMTPError{Code: 550, Message: "ann@example.org is no user here"}, true},
		{"one refused for now is", &smtp.SMTPError{Code: 451, Message: "greylisted"}, false},
	} {
		t.Run(row.name, func(t *testing.T) {
			box := &postbox{refuse: row.reply}
			box.start(t, false, false)
			m, err := NewMailer("smtp://"+box.addr+"?from=icat@facility.example", nil)
			must(t, err)
			_, err = m.Notify(t.Context(), ready())
			if err == nil || errors.Is(err, ErrRefused) != row.final || strings.Contains(err.Error(), "ann@") {
				t.Errorf("got %v, want refused for good %v and no recipient", err, row.final)
			}
		})
	}
}

func TestMailIsSentOnceThoughTheFarewellFails(t *testing.T) {
	box := &postbox{vanish: true}
	box.start(t, false, false)
	m, err := NewMailer("smtp://"+box.addr+"?from=icat@facility.example", nil)
	must(t, err)
	if outcome, err := m.Notify(t.Context(), ready()); outcome != "sent" || err != nil || len(box.letters) != 1 {
		t.Errorf("got %q, %v, %d letters", outcome, err, len(box.letters))
	}
}

func TestMailServerAway(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	addr := listener.Addr().String()
	must(t, listener.Close())
	m, err := NewMailer("smtp://"+addr+"?from=icat@facility.example", nil)
	must(t, err)
	if _, err := m.Notify(t.Context(), ready()); err == nil || errors.Is(err, ErrRefused) {
		t.Errorf("got %v, want an error that may pass", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := m.Notify(ctx, ready()); err == nil {
		t.Error("a cancelled context sent a mail")
	}
	silent, err := net.Listen("tcp", "127.0.0.1:0") // takes connections in and says nothing
	must(t, err)
	defer silent.Close()
	m, err = NewMailer("smtp://"+silent.Addr().String()+"?from=icat@facility.example", nil)
	must(t, err)
	ctx, cancel = context.WithCancel(t.Context())
	go func() {
		_, _ = silent.Accept()
		cancel()
	}()
	if _, err := m.Notify(ctx, ready()); err == nil || ctx.Err() == nil {
		t.Errorf("a server that hangs: got %v", err)
	}
	nobody := ready()
	nobody.Email = ""
	if outcome, err := m.Notify(t.Context(), nobody); outcome != "logged" || err != nil {
		t.Errorf("without an address: got %q, %v", outcome, err)
	}
}

func TestMailerURL(t *testing.T) {
	for _, row := range []struct{ name, url, want string }{
		{"all parts", "smtp://icat:s3cret@mail.example:587?from=icat@example.org", ""},
		{"the least", "smtps://mail.example?from=icat@example.org", ""},
		{"another scheme", "http://icat:s3cret@mail.example?from=icat@example.org", "scheme is not smtp or smtps"},
		{"no host", "smtp://icat:s3cret@?from=icat@example.org", "no host"},
		{"no sender", "smtp://icat:s3cret@mail.example", "no sender; add ?from=icat@example.org"},
		{"a header in the sender", "smtp://icat:s3cret@mail.example?from=a@b.c%0D%0ABcc:x@y.z", "no sender; add ?from=icat@example.org"},
		{"a bad port", "smtp://icat:s3cret@mail.example:99999?from=icat@example.org", "port is not 1 to 65535"},
		{"a bad escape in the password", "smtp://icat:s3cret%zz@mail.example?from=a@b.c", "not a URL; escape special characters of the password as %XX"},
		{"an unknown parameter", "smtp://icat:s3cret@mail.example?from=a@b.c&tls=off", "unknown parameter; known: from"},
		{"a path", "smtp://icat:s3cret@mail.example/x?from=a@b.c", "more than smtp://user:password@host:port?from=address"},
	} {
		t.Run(row.name, func(t *testing.T) {
			_, err := NewMailer(row.url, nil)
			got := ""
			if err != nil {
				got = err.Error()
			}
			if diff := cmp.Diff(row.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}
