package jobs

import (
	"context"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/redis/go-redis/v9"

	"plumbline/demo-app/icat"
)

// prefix begins every key. Its braces keep all of them on one node of a cluster.
const prefix = "icat:{downloads}"

//go:embed scripts/*.lua
var scripts embed.FS

// RedisQueue is a queue in Redis 7: a stream that a consumer group reads, with
// each download in a hash. Every change is one script, hence all or nothing.
// The lease is the one of the worker that takes over, so all workers of a queue
// need the same. Redis must not evict keys, and it forgets what its own
// persistence does not keep.
type RedisQueue struct {
	client redis.UniversalClient

	put, claim, renew, finish, retry, back, done, depth, flush *redis.Script
}

// NewRedisQueue returns the queue that client leads to.
func NewRedisQueue(client redis.UniversalClient) *RedisQueue {
	return &RedisQueue{
		client: client,
		put:    script("put"), claim: script("claim"), renew: script("renew"), finish: script("finish"), retry: script("retry"),
		back: script("return"), done: script("done"), depth: script("depth"), flush: script("flush"),
	}
}

func script(name string) *redis.Script {
	shared, err := scripts.ReadFile("scripts/shared.lua")
	if err != nil {
		panic(err) // it is part of the program
	}
	own, err := scripts.ReadFile("scripts/" + name + ".lua")
	if err != nil {
		panic(err)
	}
	return redis.NewScript(string(shared) + string(own))
}

// record is the hash of a job. Times are milliseconds since 1970 began.
type record struct {
	ID               string `redis:"id"`
	Username         string `redis:"username"`
	DatasetIDs       string `redis:"dataset_ids"`
	Email            string `redis:"email"`
	Status           string `redis:"status"`
	Attempts         int    `redis:"attempts"`
	Message          string `redis:"message"`
	FileCount        int64  `redis:"file_count"`
	FileSize         int64  `redis:"file_size"`
	ManifestSize     int64  `redis:"manifest_size"`
	ManifestChecksum string `redis:"manifest_checksum"`
	CreateTime       int64  `redis:"create_time"`
	CompleteTime     int64  `redis:"complete_time"`
	ExpireTime       int64  `redis:"expire_time"`
	Traceparent      string `redis:"traceparent"`
	Notices          int    `redis:"notices"`
}

// download reads the hash of a job, which is empty when there is none.
func download(hash map[string]string) (icat.Download, record, error) {
	var r record
	if len(hash) == 0 {
		return icat.Download{}, r, ErrUnknown
	}
	if err := redis.NewMapStringStringResult(hash, nil).Scan(&r); err != nil {
		return icat.Download{}, r, err
	}
	d := icat.Download{
		ID: r.ID, Username: r.Username, Email: r.Email, Status: icat.DownloadStatus(r.Status), Attempts: r.Attempts, Message: r.Message,
		FileCount: r.FileCount, FileSize: r.FileSize, ManifestSize: r.ManifestSize, ManifestChecksum: r.ManifestChecksum,
		CreateTime: icat.FromMillis(r.CreateTime),
	}
	if r.CompleteTime != 0 {
		d.CompleteTime, d.ExpireTime = icat.FromMillis(r.CompleteTime), icat.FromMillis(r.ExpireTime)
	}
	return d, r, json.Unmarshal([]byte(r.DatasetIDs), &d.DatasetIDs)
}

func (q *RedisQueue) Put(ctx context.Context, j Job) (icat.Download, error) {
	ids, err := json.Marshal(j.DatasetIDs)
	if err != nil {
		return icat.Download{}, err
	}
	id, err := q.put.Run(ctx, q.client, []string{prefix}, j.ID, j.Username, j.Request, j.CreateTime.Millis(),
		"id", j.ID, "username", j.Username, "dataset_ids", ids, "email", j.Email, "status", string(j.Status), "attempts", 0, "notices", 0,
		"create_time", j.CreateTime.Millis(), "traceparent", j.Traceparent, "request", j.Request).Text()
	if err != nil {
		return icat.Download{}, fmt.Errorf("put download: %w", err)
	}
	if id == j.ID {
		return j.Download, nil
	}
	return q.Get(ctx, id)
}

func (q *RedisQueue) Get(ctx context.Context, id string) (icat.Download, error) {
	hash, err := q.client.HGetAll(ctx, prefix+":job:"+id).Result()
	if err != nil {
		return icat.Download{}, fmt.Errorf("get download: %w", err)
	}
	d, _, err := download(hash)
	return d, err
}

func (q *RedisQueue) List(ctx context.Context, username string, limit int) ([]icat.Download, error) {
	user := prefix + ":user:" + username
	ids, err := q.client.ZRevRange(ctx, user, 0, int64(limit)-1).Result()
	if err != nil {
		return nil, fmt.Errorf("list downloads: %w", err)
	}
	hashes := make([]*redis.MapStringStringCmd, len(ids))
	if _, err := q.client.Pipelined(ctx, func(p redis.Pipeliner) error {
		for i, id := range ids {
			hashes[i] = p.HGetAll(ctx, prefix+":job:"+id)
		}
		return nil
	}); err != nil {
		return nil, fmt.Errorf("list downloads: %w", err)
	}
	list := []icat.Download{}
	for i, hash := range hashes {
		d, _, err := download(hash.Val())
		switch {
		case err == nil:
			list = append(list, d)
		case errors.Is(err, ErrUnknown): // its time has come
			if err := q.client.ZRem(ctx, user, ids[i]).Err(); err != nil {
				return nil, fmt.Errorf("list downloads: %w", err)
			}
		default:
			return nil, err
		}
	}
	return list, nil
}

func (q *RedisQueue) Manifest(ctx context.Context, id string) ([]byte, error) {
	body, err := q.client.Get(ctx, prefix+":manifest:"+id).Bytes()
	if errors.Is(err, redis.Nil) {
		return nil, ErrUnknown
	}
	return body, err
}

func (q *RedisQueue) Depth(ctx context.Context) (Depth, error) {
	n, err := q.depth.Run(ctx, q.client, []string{prefix}).Int64Slice()
	if err != nil {
		return Depth{}, fmt.Errorf("measure queue: %w", err)
	}
	return Depth{Ready: n[0], Leased: n[1], Delayed: n[2], Dead: n[3], Oldest: time.Duration(n[4]) * time.Millisecond}, nil
}

func (q *RedisQueue) Flush(ctx context.Context, r Result) (int, error) {
	n, err := q.flush.Run(ctx, q.client, []string{prefix}, r.ExpireTime.Millis(),
		"status", string(r.Status), "message", r.Message, "complete_time", r.CompleteTime.Millis()).Int()
	if err != nil {
		return 0, fmt.Errorf("flush downloads: %w", err)
	}
	return n, nil
}

func (q *RedisQueue) Claim(ctx context.Context, lease time.Duration) (Claim, error) {
	c := Claim{Token: uuid.NewString()}
	answer, err := q.claim.Run(ctx, q.client, []string{prefix}, lease.Milliseconds(), c.Token).Slice()
	if errors.Is(err, redis.Nil) {
		return c, ErrEmpty
	}
	if err != nil {
		return c, fmt.Errorf("claim download: %w", err)
	}
	c.Entry, _ = answer[0].(string)
	hash := map[string]string{}
	flat, _ := answer[1].([]any)
	for i := 0; i+1 < len(flat); i += 2 {
		hash[fmt.Sprint(flat[i])] = fmt.Sprint(flat[i+1])
	}
	var r record
	c.Download, r, err = download(hash)
	c.Traceparent, c.Notices = r.Traceparent, r.Notices
	return c, err
}

func (q *RedisQueue) Renew(ctx context.Context, c Claim, _ time.Duration) error {
	return q.held(ctx, q.renew, c.ID, c.Token, c.Entry)
}

func (q *RedisQueue) Finish(ctx context.Context, c Claim, r Result) error {
	return q.held(ctx, q.finish, c.ID, c.Token, string(r.Status), r.ExpireTime.Millis(), r.Manifest,
		"message", r.Message, "file_count", r.FileCount, "file_size", r.FileSize, "manifest_size", len(r.Manifest),
		"manifest_checksum", r.ManifestChecksum, "complete_time", r.CompleteTime.Millis())
}

func (q *RedisQueue) Retry(ctx context.Context, c Claim, message string, delay time.Duration) error {
	return q.held(ctx, q.retry, c.ID, c.Token, c.Entry, delay.Milliseconds(), message)
}

func (q *RedisQueue) Return(ctx context.Context, c Claim) error {
	return q.held(ctx, q.back, c.ID, c.Token, c.Entry)
}

func (q *RedisQueue) Done(ctx context.Context, c Claim) error {
	return q.held(ctx, q.done, c.ID, c.Token, c.Entry)
}

// held runs a script that does nothing and says 0 when the claim is not the
// latest of its job.
func (q *RedisQueue) held(ctx context.Context, s *redis.Script, args ...any) error {
	n, err := s.Run(ctx, q.client, []string{prefix}, args...).Int()
	switch {
	case err != nil:
		return fmt.Errorf("update download: %w", err)
	case n == 0:
		return ErrLost
	}
	return nil
}
