package jobs

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"plumbline/demo-app/icat"
)

// conformance is what every queue promises. Each row starts with an empty queue.
var conformance = []struct {
	name  string
	prove func(*testing.T, Queue)
}{
	{"a job is claimed once and gone when it is done", claimedOnce},
	{"an unfinished request asked again is the same download, a finished one is not", sameRequest},
	{"the same request from many at once is one download", sameRequestAtOnce},
	{"jobs are claimed in the order they were asked for", inOrder},
	{"a job whose lease ended is another's, and the first can record nothing", leaseEnded},
	{"a renewed lease is not taken", renewed},
	{"a result is recorded once, and the job is claimed again to notify", recordedOnce},
	{"a retried job waits, tells why, and is claimed again", retried},
	{"a returned job is as if it had not been taken", givenBack},
	{"a retried or returned notification leaves the download complete", noticeRetried},
	{"many workers share many jobs, none twice", shared},
	{"depth counts each state, flush takes out what nobody holds", flushed},
	{"a list is the user's own, newest first, and limited", listed},
	{"the largest manifest comes back whole", largeManifest},
	{"what has expired is forgotten", expired},
}

const hour = time.Hour

func newJob(user string, datasets ...int64) Job {
	if len(datasets) == 0 {
		datasets = []int64{1}
	}
	return Job{
		Download: icat.Download{ID: uuid.NewString(), Username: user, DatasetIDs: datasets, Email: user + "@example.org",
			Status: icat.DownloadQueued, CreateTime: icat.At(time.Now())},
		Request:     digest(user, icat.DownloadRequest{DatasetIDs: datasets}),
		Traceparent: "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
	}
}

func put(t *testing.T, q Queue, j Job) icat.Download {
	t.Helper()
	d, err := q.Put(t.Context(), j)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func claim(t *testing.T, q Queue, lease time.Duration) Claim {
	t.Helper()
	c, err := q.Claim(t.Context(), lease)
	if err != nil {
		t.Fatalf("claim: %v", err)
	}
	return c
}

func wantEmpty(t *testing.T, q Queue) {
	t.Helper()
	if c, err := q.Claim(t.Context(), hour); !errors.Is(err, ErrEmpty) {
		t.Fatalf("claim: got job %q, error %v; want ErrEmpty", c.ID, err)
	}
}

func get(t *testing.T, q Queue, id string) icat.Download {
	t.Helper()
	d, err := q.Get(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// eventually asks until the answer is yes.
func eventually(t *testing.T, what string, yes func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for !yes() {
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatalf("not within 20 s: %s", what)
		}
	}
}

func completed() Result {
	now := time.Now()
	return Result{Status: icat.DownloadComplete, FileCount: 2, FileSize: 30, Manifest: []byte("a\t10\t-\nb\t20\t-\n"),
		ManifestChecksum: "c0ffee", CompleteTime: icat.At(now), ExpireTime: icat.At(now.Add(hour))}
}

func claimedOnce(t *testing.T, q Queue) {
	j := newJob("Ann1", 3, 1, 2)
	if diff := cmp.Diff(j.Download, put(t, q, j), times); diff != "" {
		t.Error(diff)
	}
	c := claim(t, q, hour)
	want := j.Download
	want.Status, want.Attempts = icat.DownloadPreparing, 1
	if diff := cmp.Diff(want, c.Download, times); diff != "" {
		t.Error(diff)
	}
	if c.Traceparent != j.Traceparent || c.Notices != 0 {
		t.Errorf("got traceparent %q, notices %d", c.Traceparent, c.Notices)
	}
	wantEmpty(t, q)
	must(t, q.Done(t.Context(), c))
	wantEmpty(t, q)
	if _, err := q.Get(t.Context(), uuid.NewString()); !errors.Is(err, ErrUnknown) {
		t.Errorf("get an unknown one: got %v, want ErrUnknown", err)
	}
}

func sameRequest(t *testing.T, q Queue) {
	first := put(t, q, newJob("Ann1"))
	if again := put(t, q, newJob("Ann1")); again.ID != first.ID {
		t.Error("the same request made a second download")
	}
	if other := put(t, q, newJob("Bob2")); other.ID == first.ID {
		t.Error("another user's request got the first one's download")
	}
	c := claim(t, q, hour)
	if again := put(t, q, newJob("Ann1")); again.ID != first.ID || again.Status != icat.DownloadPreparing {
		t.Errorf("while it is prepared: got %+v", again)
	}
	must(t, q.Finish(t.Context(), c, completed()))
	if again := put(t, q, newJob("Ann1")); again.ID == first.ID {
		t.Error("a finished download was not prepared anew")
	}
}

func sameRequestAtOnce(t *testing.T, q Queue) {
	ids := make([]string, 8)
	var all sync.WaitGroup
	for i := range ids {
		all.Go(func() {
			if d, err := q.Put(t.Context(), newJob("Ann1")); err != nil {
				t.Error(err)
			} else {
				ids[i] = d.ID
			}
		})
	}
	all.Wait()
	if n := len(slices.Compact(slices.Sorted(slices.Values(ids)))); n != 1 {
		t.Errorf("got %d downloads, want 1", n)
	}
}

func inOrder(t *testing.T, q Queue) {
	var want, got []string
	at := time.Now().Add(-time.Minute)
	for i := range 5 {
		j := newJob("Ann1", int64(i+1))
		j.CreateTime = icat.At(at.Add(time.Duration(i) * time.Second))
		want = append(want, put(t, q, j).ID)
	}
	for range want {
		got = append(got, claim(t, q, hour).ID)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func leaseEnded(t *testing.T, q Queue) {
	id := put(t, q, newJob("Ann1")).ID
	first := claim(t, q, time.Millisecond)
	var second Claim
	eventually(t, "the job is claimed again", func() (ok bool) {
		c, err := q.Claim(t.Context(), 5*time.Millisecond)
		if err == nil {
			second = c
		}
		return err == nil
	})
	if second.ID != id || second.Attempts != 2 {
		t.Errorf("got job %s, attempt %d; want %s, 2", second.ID, second.Attempts, id)
	}
	ctx := t.Context()
	for what, err := range map[string]error{
		"renew":  q.Renew(ctx, first, hour),
		"finish": q.Finish(ctx, first, completed()),
		"retry":  q.Retry(ctx, first, "late", 0),
		"return": q.Return(ctx, first),
		"done":   q.Done(ctx, first),
	} {
		if !errors.Is(err, ErrLost) {
			t.Errorf("%s by the first: got %v, want ErrLost", what, err)
		}
	}
	if d := get(t, q, id); d.Status != icat.DownloadPreparing || d.Message != "" {
		t.Errorf("the first left its mark: %+v", d)
	}
	must(t, q.Finish(ctx, second, completed()))
}

func renewed(t *testing.T, q Queue) {
	put(t, q, newJob("Ann1"))
	c := claim(t, q, hour)
	for range 3 { // even within one millisecond
		must(t, q.Renew(t.Context(), c, hour))
	}
	wantEmpty(t, q)
	must(t, q.Finish(t.Context(), c, completed()))
	must(t, q.Renew(t.Context(), c, hour))
	wantEmpty(t, q)
}

func recordedOnce(t *testing.T, q Queue) {
	id := put(t, q, newJob("Ann1")).ID
	if _, err := q.Manifest(t.Context(), id); !errors.Is(err, ErrUnknown) {
		t.Errorf("manifest before it is there: got %v, want ErrUnknown", err)
	}
	c, r := claim(t, q, time.Millisecond), completed()
	must(t, q.Finish(t.Context(), c, r))
	if err := q.Finish(t.Context(), c, Result{Status: icat.DownloadFailed, CompleteTime: r.CompleteTime, ExpireTime: r.ExpireTime}); !errors.Is(err, ErrLost) {
		t.Errorf("a second result: got %v, want ErrLost", err)
	}
	want := c.Download
	want.Status, want.FileCount, want.FileSize = r.Status, r.FileCount, r.FileSize
	want.ManifestSize, want.ManifestChecksum, want.CompleteTime, want.ExpireTime = int64(len(r.Manifest)), r.ManifestChecksum, r.CompleteTime, r.ExpireTime
	if diff := cmp.Diff(want, get(t, q, id), times); diff != "" {
		t.Error(diff)
	}
	body, err := q.Manifest(t.Context(), id)
	if err != nil || !bytes.Equal(body, r.Manifest) {
		t.Errorf("manifest: got %q, %v", body, err)
	}
	eventually(t, "it is claimed to notify", func() bool {
		c, err = q.Claim(t.Context(), time.Millisecond)
		return err == nil
	})
	if c.Status != icat.DownloadComplete || c.Attempts != 1 || c.Notices != 2 {
		t.Errorf("got status %s, attempts %d, notices %d", c.Status, c.Attempts, c.Notices)
	}
	must(t, q.Done(t.Context(), c))
	wantEmpty(t, q)
}

func retried(t *testing.T, q Queue) {
	id := put(t, q, newJob("Ann1")).ID
	must(t, q.Retry(t.Context(), claim(t, q, hour), "the catalogue cannot be reached", hour))
	wantEmpty(t, q)
	if d := get(t, q, id); d.Status != icat.DownloadQueued || d.Attempts != 1 || d.Message != "the catalogue cannot be reached" {
		t.Errorf("got %+v", d)
	}
	other := put(t, q, newJob("Bob2")).ID
	c := claim(t, q, hour)
	if c.ID != other {
		t.Error("a waiting job was claimed")
	}
	must(t, q.Retry(t.Context(), c, "again", 0))
	eventually(t, "it is claimed again", func() bool {
		c, err := q.Claim(t.Context(), hour)
		return err == nil && c.ID == other && c.Attempts == 2
	})
}

func givenBack(t *testing.T, q Queue) {
	j := newJob("Ann1")
	put(t, q, j)
	must(t, q.Return(t.Context(), claim(t, q, hour)))
	if diff := cmp.Diff(j.Download, get(t, q, j.ID), times); diff != "" {
		t.Error(diff)
	}
	if c := claim(t, q, hour); c.Attempts != 1 {
		t.Errorf("got attempt %d, want 1", c.Attempts)
	}
}

func noticeRetried(t *testing.T, q Queue) {
	id := put(t, q, newJob("Ann1")).ID
	c := claim(t, q, hour)
	must(t, q.Finish(t.Context(), c, completed()))
	want := get(t, q, id)
	must(t, q.Retry(t.Context(), c, "the mail server is away", 0))
	eventually(t, "it is claimed to notify", func() (ok bool) {
		var err error
		c, err = q.Claim(t.Context(), hour)
		return err == nil
	})
	must(t, q.Return(t.Context(), c))
	if c = claim(t, q, hour); c.Notices != 2 {
		t.Errorf("got notice %d, want 2", c.Notices)
	}
	if diff := cmp.Diff(want, get(t, q, id), times); diff != "" {
		t.Error(diff)
	}
}

func shared(t *testing.T, q Queue) {
	const jobs, workers = 60, 6
	for i := range jobs {
		put(t, q, newJob("Ann1", int64(i+1)))
	}
	var mu sync.Mutex
	seen := map[string]int{}
	var all sync.WaitGroup
	for range workers {
		all.Go(func() {
			for {
				c, err := q.Claim(t.Context(), hour)
				if errors.Is(err, ErrEmpty) {
					// Another worker may hold the only row that was looked at.
					if d, err := q.Depth(t.Context()); err == nil && d.Ready == 0 {
						return
					}
					continue
				}
				if err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				seen[c.ID]++
				mu.Unlock()
				if err := errors.Join(q.Finish(t.Context(), c, completed()), q.Done(t.Context(), c)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	if len(seen) != jobs {
		t.Errorf("got %d jobs done, want %d", len(seen), jobs)
	}
	for id, n := range seen {
		if n != 1 {
			t.Errorf("job %s was claimed %d times", id, n)
		}
	}
}

func flushed(t *testing.T, q Queue) {
	ctx := t.Context()
	old := newJob("Ann1", 1)
	old.CreateTime = icat.At(time.Now().Add(-hour))
	put(t, q, old)
	must(t, q.Retry(ctx, claim(t, q, hour), "", hour)) // delayed
	put(t, q, newJob("Ann1", 2))
	r := completed()
	r.Status, r.Message = icat.DownloadDead, "gave up"
	c := claim(t, q, hour)
	must(t, q.Finish(ctx, c, r))
	must(t, q.Done(ctx, c)) // dead
	put(t, q, newJob("Ann1", 3))
	c = claim(t, q, hour)
	must(t, q.Finish(ctx, c, completed()))
	must(t, q.Retry(ctx, c, "", hour)) // a delayed notification
	put(t, q, newJob("Ann1", 4))
	held := claim(t, q, hour)
	ready := put(t, q, newJob("Ann1", 5)).ID

	depth := func(want Depth) {
		t.Helper()
		got, err := q.Depth(ctx)
		must(t, err)
		if want.Oldest != 0 && got.Oldest < want.Oldest || want.Oldest == 0 && got.Oldest > hour/2 {
			t.Errorf("oldest: got %s, want about %s", got.Oldest, want.Oldest)
		}
		got.Oldest = want.Oldest
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	}
	depth(Depth{Ready: 1, Leased: 1, Delayed: 2, Dead: 1, Oldest: hour})
	r = completed()
	r.Status, r.Message = icat.DownloadFailed, "flushed"
	n, err := q.Flush(ctx, r)
	if err != nil || n != 3 {
		t.Errorf("flush: got %d, %v; want 3", n, err)
	}
	depth(Depth{Leased: 1, Dead: 1})
	for _, id := range []string{ready, old.ID} {
		if d := get(t, q, id); d.Status != icat.DownloadFailed || d.Message != "flushed" || d.CompleteTime.IsZero() || d.ExpireTime.IsZero() {
			t.Errorf("got %+v", d)
		}
	}
	if d := get(t, q, c.ID); d.Status != icat.DownloadComplete || d.Message != "" {
		t.Errorf("flushing a notification changed the download: %+v", d)
	}
	wantEmpty(t, q)
	must(t, q.Finish(ctx, held, completed()))
	if again := put(t, q, newJob("Ann1", 5)); again.ID == ready {
		t.Error("a flushed request cannot be asked again")
	}
}

func listed(t *testing.T, q Queue) {
	var want []string
	at := time.Now().Add(-time.Minute)
	for i := range 4 {
		j := newJob("Ann1", int64(i+1))
		j.CreateTime = icat.At(at.Add(time.Duration(i) * time.Second))
		want = append(want, put(t, q, j).ID)
	}
	put(t, q, newJob("ann1"))
	put(t, q, newJob("Ann1 "))
	slices.Reverse(want)
	list, err := q.List(t.Context(), "Ann1", 3)
	must(t, err)
	var got []string
	for _, d := range list {
		got = append(got, d.ID)
	}
	if diff := cmp.Diff(want[:3], got); diff != "" {
		t.Error(diff)
	}
	if list, err := q.List(t.Context(), "nobody' OR ''='", 3); err != nil || list == nil || len(list) != 0 {
		t.Errorf("a stranger's list: got %v, %v; want an empty one", list, err)
	}
}

func largeManifest(t *testing.T, q Queue) {
	id := put(t, q, newJob("Ann1")).ID
	c, r := claim(t, q, hour), completed()
	r.Manifest = bytes.Repeat([]byte("0123456789abcde\n"), maxManifest/16)
	must(t, q.Finish(t.Context(), c, r))
	body, err := q.Manifest(t.Context(), id)
	if err != nil || !bytes.Equal(body, r.Manifest) {
		t.Errorf("got %d bytes, %v", len(body), err)
	}
}

func expired(t *testing.T, q Queue) {
	id := put(t, q, newJob("Ann1")).ID
	c, r := claim(t, q, hour), completed()
	must(t, q.Finish(t.Context(), c, r)) // the negative control: it lasts for an hour
	must(t, q.Done(t.Context(), c))
	gone := put(t, q, newJob("Ann1")).ID
	c = claim(t, q, hour)
	r.ExpireTime = icat.At(time.Now().Add(100 * time.Millisecond))
	must(t, q.Finish(t.Context(), c, r))
	if err := q.Done(t.Context(), c); err != nil && !errors.Is(err, ErrLost) { // it may have expired already
		t.Fatal(err)
	}
	i := int64(100)
	eventually(t, "the expired one is forgotten", func() bool {
		i++
		put(t, q, newJob("Bob2", i)) // each new one makes room
		_, err := q.Get(t.Context(), gone)
		return errors.Is(err, ErrUnknown)
	})
	if _, err := q.Manifest(t.Context(), gone); !errors.Is(err, ErrUnknown) {
		t.Errorf("its manifest: got %v, want ErrUnknown", err)
	}
	list, err := q.List(t.Context(), "Ann1", 10)
	must(t, err)
	if len(list) != 1 || list[0].ID != id {
		t.Errorf("got %+v, want the one that lasts", list)
	}
}

var times = cmp.Comparer(func(a, b icat.Time) bool { return a.Time().Equal(b.Time()) })
