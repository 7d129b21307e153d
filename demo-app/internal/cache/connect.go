package cache

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/logging"
	"github.com/redis/go-redis/v9/maintnotifications"
)

// step bounds each step of talking to Redis: dial, write, read, wait for a
// connection of the pool.
const step = 500 * time.Millisecond

// A key that Usable writes, and for how long. All replicas share it.
const (
	probeKey  = "icat:probe"
	probeLife = time.Minute
)

// Connect returns a client of the Redis at an address, redis://[user:password@]host:port[/db]
// or rediss:// for TLS. It dials when it is first used, and again after each
// loss. No error shows the address, since it may hold a password.
func Connect(address string) (*redis.Client, error) {
	o, err := parse(address)
	if err != nil {
		return nil, fmt.Errorf("redis URL: %w", err)
	}
	// The library tells its own standard error what it also returns; the log of
	// this process is made of what is returned.
	logging.Disable()
	o.DialTimeout, o.ReadTimeout, o.WriteTimeout, o.PoolTimeout = step, step, step, step
	o.ContextTimeoutEnabled = true
	o.DialerRetries = 1
	o.MaxRetries = 1 // for a connection that died in the pool
	// A hosted Redis announces its maintenance this way; ours refuses the question.
	o.MaintNotificationsConfig = &maintnotifications.Config{Mode: maintnotifications.ModeDisabled}
	return redis.NewClient(o), nil
}

// CheckURL reports what is wrong with an address for Connect. It asks nobody.
func CheckURL(address string) error {
	_, err := parse(address)
	return err
}

func parse(address string) (*redis.Options, error) {
	u, err := url.Parse(address)
	if err == nil && slices.Contains([]string{"redis", "rediss"}, u.Scheme) && u.Hostname() != "" {
		port, bad := strconv.ParseUint(cmp.Or(u.Port(), "6379"), 10, 16)
		o, err := redis.ParseURL(address)
		if err == nil && bad == nil && port > 0 && o.DB >= 0 {
			return o, nil
		}
	}
	return nil, errors.New("not of the form redis://:password@host:port/0, or rediss:// for TLS")
}

// Usable reports why the Redis of client cannot be worked with, if so. It writes
// a word: one that has become a replica, has no memory left or may not write to
// its disk still answers a PING.
func Usable(ctx context.Context, client *redis.Client) error {
	if err := client.Set(ctx, probeKey, "", probeLife).Err(); err != nil {
		return fmt.Errorf("write to Redis: %w", err)
	}
	return nil
}
