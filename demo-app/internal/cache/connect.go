package cache

import (
	"context"
	"errors"
	"fmt"
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

// Connect returns a client of the Redis at url, redis://[user:password@]host:port[/db]
// or rediss:// for TLS. It dials when it is first used, and again after each
// loss. No error shows the url, since it may hold a password.
func Connect(url string) (*redis.Client, error) {
	o, err := redis.ParseURL(url)
	if err != nil {
		return nil, errors.New("parse the redis URL: want redis://[user:password@]host:port[/db], or rediss:// for TLS")
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

// Usable reports why the Redis of client cannot be worked with, if so. It writes
// a word: one that has become a replica, has no memory left or may not write to
// its disk still answers a PING.
func Usable(ctx context.Context, client *redis.Client) error {
	if err := client.Set(ctx, probeKey, "", probeLife).Err(); err != nil {
		return fmt.Errorf("write to Redis: %w", err)
	}
	return nil
}
