package jobs

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/redis/go-redis/v9"

	"plumbline/demo-app/icat"
	"plumbline/demo-app/telemetry"
)

// workerOf is the environment variable that makes the test program a worker on
// the queue at that address, which never comes to an end with a job.
const workerOf = "JOBS_TEST_WORKER_OF"

func TestMain(m *testing.M) {
	redis.SetLogger(silence{}) // its word for each lost connection
	if address := os.Getenv(workerOf); address != "" {
		stuck(address)
		return
	}
	os.Exit(m.Run())
}

type silence struct{}

func (silence) Printf(context.Context, string, ...any) {}

// shortLease is long enough for a busy machine to renew it in time.
const shortLease = 600 * time.Millisecond

func stuck(address string) {
	db, client, err := connect(address)
	if err != nil {
		panic(err)
	}
	var q Queue
	if client != nil {
		q = NewRedisQueue(client)
	} else {
		q = NewSQLQueue(db, strings.HasPrefix(address, "mariadb:"))
	}
	catalogue := shelves{files: 1, before: func(context.Context) error {
		fmt.Println("working")
		select {}
	}}
	s, err := New(Options{Queue: q, Catalogue: catalogue, Notifier: LogNotifier{}, Log: telemetry.NewLog(io.Discard, telemetry.Service{}, 0),
		Registerer: prometheus.NewRegistry(), Workers: 1, Lease: shortLease})
	if err != nil {
		panic(err)
	}
	_ = s.Run(context.Background())
}

func TestQueues(t *testing.T) {
	for _, b := range backends(t) {
		t.Run(b.name, func(t *testing.T) {
			for _, row := range conformance {
				t.Run(row.name, func(t *testing.T) {
					b.empty(t)
					row.prove(t, b.queue)
				})
			}
			t.Run("a killed worker's job is done by another, with one notification", func(t *testing.T) {
				b.empty(t)
				killedWorker(t, b)
			})
			if q, ok := b.queue.(*RedisQueue); ok {
				t.Run("a user who never looks at the list does not make it grow", func(t *testing.T) {
					b.empty(t)
					listShrinks(t, q)
				})
			}
			if b.server != nil {
				t.Run("a lost server makes UNAVAILABLE, and all goes on when it is back", func(t *testing.T) {
					b.empty(t)
					lostServer(t, b)
				})
			}
		})
	}
}

func listShrinks(t *testing.T, q *RedisQueue) {
	first := put(t, q, newJob("Ann1")).ID
	kept := func() bool {
		err := q.client.ZScore(t.Context(), prefix+":user:Ann1", first).Err()
		if err != nil && !errors.Is(err, redis.Nil) {
			t.Fatal(err)
		}
		return err == nil
	}
	c, r := claim(t, q, hour), completed()
	put(t, q, newJob("Ann1", 2)) // the negative control: the first is there still
	if !kept() {
		t.Error("what has not expired is gone from the list")
	}
	r.ExpireTime = icat.At(time.Now().Add(time.Millisecond))
	must(t, q.Finish(t.Context(), c, r))
	i := int64(100)
	eventually(t, "what has expired is gone from the list", func() bool {
		i++
		put(t, q, newJob("Ann1", i))
		return !kept()
	})
}

func killedWorker(t *testing.T, b backend) {
	program, err := os.Executable()
	must(t, err)
	worker := exec.CommandContext(t.Context(), program)
	worker.Env = append(os.Environ(), workerOf+"="+b.address)
	out, err := worker.StdoutPipe()
	must(t, err)
	id := put(t, b.queue, newJob("Ann1")).ID
	must(t, worker.Start())
	if line, err := bufio.NewReader(out).ReadString('\n'); err != nil {
		t.Fatalf("the worker said %q: %v", line, err)
	}
	if d := get(t, b.queue, id); d.Status != icat.DownloadPreparing {
		t.Errorf("got status %s", d.Status)
	}
	must(t, worker.Process.Kill())
	_ = worker.Wait() // it was killed, and says so

	told := &notices{}
	w := newWorkshop(t, Options{Queue: b.queue, Catalogue: shelves{files: 3}, Notifier: told, Workers: 1, Lease: shortLease, Poll: 5 * time.Millisecond})
	stop := w.start(t)
	eventually(t, "another worker has done it", func() bool { return w.count(t, telemetry.MetricNotifications, "sent") == 1 })
	stop()
	if d := get(t, b.queue, id); d.Status != icat.DownloadComplete || d.Attempts != 2 || d.FileCount != 3 {
		t.Errorf("got %+v", d)
	}
	if n := w.count(t, telemetry.MetricJobsFinished, complete); n != 1 || told.n.Load() != 1 {
		t.Errorf("got %v results and %d notices, want one of each", n, told.n.Load())
	}
	wantEmpty(t, b.queue)
}

func lostServer(t *testing.T, b backend) {
	working, gone := make(chan struct{}), make(chan struct{})
	var once atomic.Bool
	catalogue := shelves{files: 3, before: func(context.Context) error {
		if once.CompareAndSwap(false, true) {
			close(working)
			<-gone // the queue is lost while this job is worked on
		}
		return nil
	}}
	w := newWorkshop(t, Options{Queue: b.queue, Catalogue: catalogue, Notifier: &notices{}, Lease: shortLease, Poll: 5 * time.Millisecond, Backoff: 10 * time.Millisecond})
	stop := w.start(t)
	defer stop()
	who := icat.Session{Username: "Ann1"}
	first, err := w.Submit(t.Context(), who, icat.DownloadRequest{DatasetIDs: []int64{1}})
	must(t, err)
	<-working
	must(t, b.server.Kill())
	close(gone)
	_, err = w.Submit(t.Context(), who, icat.DownloadRequest{DatasetIDs: []int64{2}})
	if e, ok := errors.AsType[*icat.Error](err); !ok || e.Code != icat.Unavailable {
		t.Errorf("submit without a server: got %v, want UNAVAILABLE", err)
	}
	if _, err := w.Get(t.Context(), who, first.ID); icat.AsError(err).Code != icat.Unavailable {
		t.Errorf("get without a server: got %v, want UNAVAILABLE", err)
	}
	must(t, b.server.Start(t.Context()))
	var second icat.Download
	eventually(t, "downloads are taken in again", func() bool { // clients look for a lost server about once a second
		second, err = w.Submit(t.Context(), who, icat.DownloadRequest{DatasetIDs: []int64{2}})
		return err == nil
	})
	for _, id := range []string{first.ID, second.ID} {
		eventually(t, "the worker has done it", func() bool {
			d, err := w.Get(t.Context(), who, id)
			return err == nil && d.Status == icat.DownloadComplete
		})
	}
}
