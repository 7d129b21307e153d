package parts

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"time"

	"github.com/redis/go-redis/v9"
)

// KeyValue is a Redis server.
type KeyValue struct {
	*process
	addr     string
	password string
}

// Redis starts a Redis server with its data in dir. It keeps what it was told,
// even over a Kill.
func Redis(ctx context.Context, dir string) (*KeyValue, error) {
	server, err := program("redis-server")
	if err != nil {
		return nil, err
	}
	if dir, err = filepath.Abs(dir); err != nil {
		return nil, err
	}
	kv := &KeyValue{password: secret()}
	kv.process, err = begin(ctx, func(port string) (*process, error) {
		kv.addr = net.JoinHostPort("127.0.0.1", port)
		config := filepath.Join(dir, "redis.conf")
		// What is appended is in the kernel's hands at once: it survives a kill
		// of the server, and no test waits for a disk.
		text := fmt.Sprintf("bind 127.0.0.1\nport %s\ndir %q\nrequirepass %s\nsave \"\"\nappendonly yes\nappendfsync no\n",
			port, dir, kv.password)
		return &process{
			name: "redis",
			argv: []string{server, config},
			log:  filepath.Join(dir, "redis.log"),
			ping: kv.ping,
		}, os.WriteFile(config, []byte(text), 0o600)
	})
	if err != nil {
		return nil, err
	}
	return kv, nil
}

// Addr returns host:port.
func (kv *KeyValue) Addr() string { return kv.addr }

// Password returns what the server asks for.
func (kv *KeyValue) Password() string { return kv.password }

// URL returns redis://:password@127.0.0.1:port/0.
func (kv *KeyValue) URL() string {
	return fmt.Sprintf("redis://:%s@%s/0", kv.password, kv.addr)
}

// Client returns a client that a slow machine does not take Redis from. The
// caller closes it.
func (kv *KeyValue) Client() *redis.Client {
	return redis.NewClient(&redis.Options{
		Addr: kv.addr, Password: kv.password, ReadTimeout: time.Minute, PoolTimeout: time.Minute, DialerRetries: 1, MaxRetries: 1,
	})
}

// ping logs in and pings; a server that still reads its data does not answer
// PONG.
func (kv *KeyValue) ping(ctx context.Context) error {
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", kv.addr)
	if err != nil {
		return err
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(time.Second))
	if _, err := fmt.Fprintf(conn, "AUTH %s\r\nPING\r\n", kv.password); err != nil {
		return err
	}
	answers := bufio.NewReader(conn)
	for _, want := range []string{"+OK\r\n", "+PONG\r\n"} {
		got, err := answers.ReadString('\n')
		if err != nil {
			return err
		}
		if got != want {
			return fmt.Errorf("ping answered %q", got)
		}
	}
	return nil
}
