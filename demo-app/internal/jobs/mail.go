package jobs

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/mail"
	"net/url"
	"slices"
	"strconv"
	"time"

	gomail "github.com/wneessen/go-mail"

	"plumbline/demo-app/icat"
)

const (
	mailTimeout = 10 * time.Second // for each step of the exchange
	portSMTP    = 25
	portSMTPS   = 465
)

// Mailer notifies by e-mail.
type Mailer struct {
	host    string
	from    string
	dialer  dialer
	options []gomail.Option
}

// dialer is *net.Dialer or *tls.Dialer.
type dialer interface {
	DialContext(ctx context.Context, network, address string) (net.Conn, error)
}

// NewMailer reads smtp://user:password@host:port?from=icat@example.org, where
// user, password and port are optional. smtps speaks TLS from the start; smtp
// turns to it when the server offers it, and insists on it when there is a
// password to be sent. Roots are the authorities of the server's certificate,
// nil for the system's. Errors do not repeat the URL: it holds the password.
func NewMailer(address string, roots *x509.CertPool) (*Mailer, error) {
	u, err := url.Parse(address)
	switch {
	case err != nil:
		return nil, errors.New("not a URL; escape special characters of the password as %XX")
	case u.Scheme != "smtp" && u.Scheme != "smtps":
		return nil, errors.New("scheme is not smtp or smtps")
	case u.Hostname() == "":
		return nil, errors.New("no host")
	case u.Path != "" && u.Path != "/" || u.Fragment != "":
		return nil, errors.New("more than smtp://user:password@host:port?from=address")
	}
	for key := range u.Query() {
		if key != "from" {
			return nil, errors.New("unknown parameter; known: from")
		}
	}
	from, err := mail.ParseAddress(u.Query().Get("from"))
	if err != nil {
		return nil, errors.New("no sender; add ?from=icat@example.org")
	}
	port, policy := portSMTP, gomail.TLSOpportunistic
	m := &Mailer{host: u.Hostname(), from: from.String(), dialer: &net.Dialer{}}
	security := &tls.Config{ServerName: m.host, RootCAs: roots, MinVersion: tls.VersionTLS12}
	if u.Scheme == "smtps" {
		port, m.dialer = portSMTPS, &tls.Dialer{Config: security}
		m.options = append(m.options, gomail.WithSSL())
	}
	if p := u.Port(); p != "" {
		if port, err = strconv.Atoi(p); err != nil || port < 1 || port > 65535 {
			return nil, errors.New("port is not 1 to 65535")
		}
	}
	if u.User.Username() != "" {
		password, _ := u.User.Password()
		policy = gomail.TLSMandatory
		m.options = append(m.options, gomail.WithSMTPAuth(gomail.SMTPAuthAutoDiscover),
			gomail.WithUsername(u.User.Username()), gomail.WithPassword(password))
	}
	// Nothing is said between the message and the farewell, and a farewell that
	// goes wrong is no error: the message is accepted and must not go out again.
	m.options = append(m.options, gomail.WithPort(port), gomail.WithTLSPolicy(policy), gomail.WithTimeout(mailTimeout), gomail.WithoutRset(),
		gomail.WithTLSConfig(security))
	return m, nil
}

// CheckURL reports what is wrong with an address for NewMailer. It asks nobody.
func CheckURL(address string) error {
	_, err := NewMailer(address, nil)
	return err
}

// Notify sends one message. A download without an address is left to the log.
func (m *Mailer) Notify(ctx context.Context, d icat.Download) (string, error) {
	if d.Email == "" {
		return "logged", nil
	}
	msg, err := m.message(d)
	if err != nil {
		return "", fmt.Errorf("write mail: %w: %w", ErrRefused, err)
	}
	ctx, cancel := context.WithTimeout(ctx, 3*mailTimeout)
	defer cancel()
	client, err := gomail.NewClient(m.host, append(slices.Clip(m.options), gomail.WithDialContextFunc(
		func(dialing context.Context, network, address string) (net.Conn, error) {
			c, err := m.dialer.DialContext(dialing, network, address)
			if err == nil { // the library does not look at ctx once it is connected
				context.AfterFunc(ctx, func() { _ = c.Close() })
			}
			return c, err
		}))...)
	if err != nil {
		return "", fmt.Errorf("send mail: %w", err)
	}
	connection, err := client.DialToSMTPClientWithContext(ctx)
	if err != nil {
		return "", fmt.Errorf("send mail: %w", err)
	}
	err = client.SendWithSMTPClient(connection, msg)
	_ = client.CloseWithSMTPClient(connection)
	if err != nil {
		return "", refusal(err)
	}
	return "sent", nil
}

// refusal tells a reply that is final (5yz) from one that is not. Its text has
// the reply's code but not the recipient.
func refusal(err error) error {
	e, ok := errors.AsType[*gomail.SendError](err)
	switch {
	case !ok:
		return fmt.Errorf("send mail: %w", err)
	case e.ErrorCode() >= 500:
		return fmt.Errorf("send mail: %v: reply %d: %w", e.Reason, e.ErrorCode(), ErrRefused)
	}
	return fmt.Errorf("send mail: %v: reply %d", e.Reason, e.ErrorCode())
}

func (m *Mailer) message(d icat.Download) (*gomail.Msg, error) {
	msg := gomail.NewMsg()
	if err := msg.From(m.from); err != nil {
		return nil, err
	}
	if err := msg.To(d.Email); err != nil {
		return nil, err
	}
	// Two copies of one notification have one id, so that a reader sees one.
	msg.SetMessageIDWithValue(fmt.Sprintf("%s@%s", d.ID, m.host))
	msg.SetDateWithValue(d.CompleteTime.Time())
	msg.SetGenHeader("Auto-Submitted", "auto-generated")
	var text bytes.Buffer
	if d.Status == icat.DownloadComplete {
		msg.Subject("Your download is ready")
		fmt.Fprintf(&text, "Download %s is ready: %d files, %d bytes.\nIts manifest: /downloads/%s/manifest, until %s.\n",
			d.ID, d.FileCount, d.FileSize, d.ID, d.ExpireTime)
	} else {
		msg.Subject("Your download could not be prepared")
		fmt.Fprintf(&text, "Download %s could not be prepared: %s\n", d.ID, d.Message)
	}
	fmt.Fprintf(&text, "Datasets: %v\n", d.DatasetIDs)
	msg.SetBodyString(gomail.TypeTextPlain, text.String())
	return msg, nil
}
