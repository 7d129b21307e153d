package jobs

import (
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"go.opentelemetry.io/otel/trace"

	"plumbline/demo-app/icat"
	"plumbline/demo-app/telemetry"
)

// bench is an empty queue for one test in simulated time.
func bench(t *testing.T) *SQLQueue {
	t.Helper()
	db, err := sql.Open("sqlite", ":memory:")
	must(t, err)
	db.SetMaxOpenConns(1) // a memory database ends with its connection
	t.Cleanup(func() { _ = db.Close() })
	migrate(t, db, "sqlite")
	return NewSQLQueue(db, false)
}

var ann = icat.Session{Username: "Ann1"}

func submit(t *testing.T, w workshop, datasets ...int64) string {
	t.Helper()
	d, err := w.Submit(t.Context(), ann, icat.DownloadRequest{DatasetIDs: datasets, Email: "ann@example.org"})
	must(t, err)
	return d.ID
}

// settle lets simulated time pass.
func settle(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

func TestPrepare(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const files = 2*pageSize + 1
		w := newWorkshop(t, Options{Queue: bench(t), Catalogue: shelves{files: files}, Notifier: LogNotifier{}})
		stop := w.start(t)
		defer stop()
		id := submit(t, w, 7, 8)
		settle(time.Second)
		var want bytes.Buffer
		for _, dataset := range []int{7, 8} {
			for f := 1; f <= files; f++ {
				fmt.Fprintf(&want, "/archive/%d/run%d.nxs\t%d\t-\n", dataset, f, f*10)
			}
		}
		got, err := w.Manifest(t.Context(), ann, id)
		must(t, err)
		if !bytes.Equal(want.Bytes(), got) {
			t.Errorf("manifest of %d bytes starts %.80q, want %d bytes", len(got), got, want.Len())
		}
		d, err := w.Get(t.Context(), ann, id)
		must(t, err)
		sum := sha256.Sum256(want.Bytes())
		if d.FileCount != 2*files || d.FileSize != 2*10*files*(files+1)/2 || d.ManifestSize != int64(want.Len()) || d.ManifestChecksum != hex.EncodeToString(sum[:]) {
			t.Errorf("got %+v", d)
		}
		if got := d.ExpireTime.Time().Sub(d.CompleteTime.Time()); got != 7*24*time.Hour {
			t.Errorf("it is kept for %s", got)
		}
	})
}

func TestManifestLine(t *testing.T) {
	dataset := icat.NewObject(entity("Dataset"))
	dataset.Set("location", "/archive/a")
	for _, row := range []struct {
		name                     string
		location, file, checksum any
		want                     string
	}{
		{"a file's own location comes first", "/other/f.nxs", "f.nxs", "d41d8cd9", "/other/f.nxs\t5\td41d8cd9\n"},
		{"else it lies in its dataset's", nil, "f.nxs", nil, "/archive/a/f.nxs\t5\t-\n"},
		{"a name cannot forge a line or a column", nil, "a\tb\nc\\d\re", "x\ny", `/archive/a/a\tb\nc\\d\re` + "\t5\t" + `x\ny` + "\n"},
	} {
		t.Run(row.name, func(t *testing.T) {
			file := icat.NewObject(entity("Datafile"))
			file.Set("location", row.location)
			file.Set("name", row.file)
			file.Set("checksum", row.checksum)
			file.Set("fileSize", int64(5))
			var m manifest
			must(t, m.add(dataset, file))
			if diff := cmp.Diff(row.want, m.String()); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestAttempts(t *testing.T) {
	unavailable := icat.Wrap(icat.Unavailable, "the catalogue cannot be reached", errors.New("dial 10.0.0.1: secret"))
	for _, row := range []struct {
		name     string
		errors   []error // of the first attempts
		status   icat.DownloadStatus
		attempts int
		message  string
		outcome  string
	}{
		{"the first attempt may do", nil, icat.DownloadComplete, 1, "", complete},
		{"what went wrong is tried again", []error{unavailable, unavailable}, icat.DownloadComplete, 3, "", complete},
		{"a dataset that may not be read is not", []error{icat.Errorf(icat.InsufficientPrivileges, "READ access to this Dataset is not allowed.")},
			icat.DownloadFailed, 1, "READ access to this Dataset is not allowed.", failed},
		{"a dataset that is gone is not", []error{icat.Errorf(icat.NoSuchObject, "Dataset[id:1] not found.")}, icat.DownloadFailed, 1, "Dataset[id:1] not found.", failed},
		{"the last attempt's error stays, without its cause", []error{unavailable, unavailable, unavailable}, icat.DownloadDead, 3, "the catalogue cannot be reached", dead},
		{"an error of unknown kind is tried again and not shown", []error{errors.New("a"), errors.New("b"), errors.New("secret")},
			icat.DownloadDead, 3, "internal error; quote the requestId to the operator", dead},
	} {
		t.Run(row.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				told := &notices{}
				left := row.errors
				var at []time.Duration
				start := time.Now()
				w := newWorkshop(t, Options{Queue: bench(t), Notifier: told, MaxAttempts: 3, Backoff: time.Minute, Catalogue: shelves{files: 1, before: func(context.Context) error {
					at = append(at, time.Since(start))
					if len(left) == 0 {
						return nil
					}
					err := left[0]
					left = left[1:]
					return err
				}}})
				stop := w.start(t)
				id := submit(t, w, 1)
				settle(5 * time.Minute)
				d, err := w.Get(t.Context(), ann, id)
				must(t, err)
				if d.Status != row.status || d.Attempts != row.attempts || d.Message != row.message {
					t.Errorf("got %s after %d attempts: %q", d.Status, d.Attempts, d.Message)
				}
				if n := w.count(t, telemetry.MetricJobsFinished, row.outcome); n != 1 {
					t.Errorf("%s counted %v times", row.outcome, n)
				}
				if n := w.count(t, telemetry.MetricJobsDuration, retry); n != float64(row.attempts-1) {
					t.Errorf("retry counted %v times", n)
				}
				if n := told.n.Load(); n != 1 {
					t.Errorf("got %d notifications", n)
				}
				// One minute, then two, each less up to half, and found by the next look.
				longest := time.Minute
				for i := 1; i < len(at); i++ {
					if wait := at[i] - at[i-1]; wait < longest/2 || wait > longest+time.Second {
						t.Errorf("attempt %d came after %s", i+1, wait)
					}
					longest *= 2
				}
				depth, err := w.o.Queue.Depth(t.Context())
				must(t, err)
				if want := (Depth{Dead: int64(w.count(t, telemetry.MetricJobsFinished, dead))}); depth != want {
					t.Errorf("depth: got %+v, want %+v", depth, want)
				}
				stop()
			})
		})
	}
}

func TestPanicIsTheJobsFault(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var once sync.Once
		w := newWorkshop(t, Options{Queue: bench(t), Notifier: LogNotifier{}, Catalogue: shelves{files: 1, before: func(context.Context) error {
			once.Do(func() { panic("no such thing") })
			return nil
		}}})
		stop := w.start(t)
		id := submit(t, w, 1)
		settle(time.Minute)
		stop()
		if d := get(t, w.o.Queue, id); d.Status != icat.DownloadComplete || d.Attempts != 2 {
			t.Errorf("got %+v", d)
		}
		if text := w.lines.String(); !strings.Contains(text, "panic: no such thing") || !strings.Contains(text, "worker_test.go") {
			t.Errorf("no stack in the lines:\n%s", text)
		}
	})
}

func TestJobThatKillsItsWorkersDies(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q, told := bench(t), &notices{}
		w := newWorkshop(t, Options{Queue: q, Notifier: told, MaxAttempts: 3, Catalogue: shelves{before: func(context.Context) error {
			t.Error("tried once more")
			return nil
		}}})
		id := submit(t, w, 1)
		for range 3 {
			claim(t, q, time.Second)
			settle(2 * time.Second)
		}
		stop := w.start(t)
		settle(time.Minute)
		stop()
		if d := get(t, q, id); d.Status != icat.DownloadDead || told.n.Load() != 1 {
			t.Errorf("got %+v, %d notifications", d, told.n.Load())
		}
	})
}

func TestLongJobKeepsItsLease(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := bench(t)
		long := shelves{files: 1, before: func(context.Context) error { time.Sleep(5 * time.Minute); return nil }}
		var all []workshop
		for range 3 {
			w := newWorkshop(t, Options{Queue: q, Notifier: LogNotifier{}, Catalogue: long, Lease: 10 * time.Second, Poll: 5 * time.Second})
			defer w.start(t)()
			all = append(all, w)
		}
		id := submit(t, all[0], 1)
		settle(10 * time.Minute)
		if d := get(t, q, id); d.Status != icat.DownloadComplete || d.Attempts != 1 {
			t.Errorf("got %+v", d)
		}
	})
}

// mute is a queue that cannot be reached while it is off.
type mute struct {
	Queue
	off func() bool
}

var errOff = errors.New("connection refused")

func (m mute) Claim(ctx context.Context, lease time.Duration) (Claim, error) {
	if m.off() {
		return Claim{}, errOff
	}
	return m.Queue.Claim(ctx, lease)
}

func (m mute) Renew(ctx context.Context, c Claim, lease time.Duration) error {
	if m.off() {
		return errOff
	}
	return m.Queue.Renew(ctx, c, lease)
}

func TestWorkerWithoutItsQueueLetsGo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q, start := bench(t), time.Now()
		off := func() bool { return time.Since(start) > time.Second }
		var stopped time.Duration
		w := newWorkshop(t, Options{Queue: mute{q, off}, Notifier: LogNotifier{}, Lease: 9 * time.Second, Workers: 1,
			Catalogue: shelves{before: func(ctx context.Context) error {
				<-ctx.Done()
				stopped = time.Since(start)
				return ctx.Err()
			}}})
		id := submit(t, w, 1)
		stop := w.start(t)
		settle(5 * time.Minute)
		stop()
		if stopped > 9*time.Second || stopped == 0 {
			t.Errorf("it worked for %s on a lease of 9 s", stopped)
		}
		if d := get(t, q, id); d.Status != icat.DownloadPreparing {
			t.Errorf("got %+v", d)
		}
		if n := w.count(t, telemetry.MetricJobsDuration, lost); n != 1 {
			t.Errorf("lost counted %v times", n)
		}
		if n := strings.Count(w.lines.String(), `"message":"download queue cannot be reached"`); n != 1 {
			t.Errorf("%d lines say that the queue cannot be reached, want 1:\n%s", n, w.lines)
		}
	})
}

// silent is a queue that says nothing while it is off.
type silent struct {
	Queue
	off func() bool
}

func (s silent) Claim(ctx context.Context, lease time.Duration) (Claim, error) {
	if s.off() {
		<-ctx.Done()
		return Claim{}, ctx.Err()
	}
	return s.Queue.Claim(ctx, lease)
}

func TestASilentQueueIsGivenUpAndAskedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q, start := bench(t), time.Now()
		off := func() bool { return time.Since(start) < time.Minute }
		w := newWorkshop(t, Options{Queue: silent{q, off}, Catalogue: shelves{files: 1}, Notifier: LogNotifier{}, Workers: 1})
		id := submit(t, w, 1)
		defer w.start(t)()
		settle(2 * time.Minute)
		if d := get(t, q, id); d.Status != icat.DownloadComplete {
			t.Errorf("got %+v", d)
		}
		if n := strings.Count(w.lines.String(), `"message":"download queue cannot be reached"`); n != 1 || !strings.Contains(w.lines.String(), `"code":"TIMEOUT"`) {
			t.Errorf("%d lines say that the queue is silent, want 1:\n%s", n, w.lines)
		}
	})
}

func TestStop(t *testing.T) {
	for _, row := range []struct {
		name   string
		takes  time.Duration
		status icat.DownloadStatus
		count  int
	}{
		{"a job that is nearly done is finished", 3 * time.Second, icat.DownloadComplete, 1},
		{"another is given back as if it had not been taken", time.Hour, icat.DownloadQueued, 0},
	} {
		t.Run(row.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorkshop(t, Options{Queue: bench(t), Notifier: &notices{}, Drain: 5 * time.Second, Catalogue: shelves{files: 1, before: func(ctx context.Context) error {
					select {
					case <-time.After(row.takes):
						return nil
					case <-ctx.Done():
						return ctx.Err()
					}
				}}})
				stop := w.start(t)
				id := submit(t, w, 1)
				settle(time.Second)
				asked := time.Now()
				stop()
				if took := time.Since(asked); took > 5*time.Second {
					t.Errorf("it took %s to stop", took)
				}
				if d := get(t, w.o.Queue, id); d.Status != row.status || d.Attempts != row.count {
					t.Errorf("got %+v", d)
				}
				if depth, err := w.o.Queue.Depth(t.Context()); err != nil || depth.Leased != 0 {
					t.Errorf("depth: %+v, %v", depth, err)
				}
			})
		})
	}
}

func TestNotification(t *testing.T) {
	away := errors.New("dial tcp: connection refused")
	for _, row := range []struct {
		name   string
		errors []error
		want   map[string]float64
	}{
		{"one is enough", nil, map[string]float64{"sent": 1}},
		{"it is tried again", []error{away, away}, map[string]float64{"sent": 1, retry: 2}},
		{"a refused recipient is not", []error{fmt.Errorf("reply 550: %w", ErrRefused)}, map[string]float64{refused: 1}},
		{"it is given up in the end", []error{away, away, away, away}, map[string]float64{retry: 2, dead: 1}},
	} {
		t.Run(row.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorkshop(t, Options{Queue: bench(t), Catalogue: shelves{files: 1}, Notifier: &notices{errors: row.errors}, MaxAttempts: 3})
				stop := w.start(t)
				id := submit(t, w, 1)
				settle(10 * time.Millisecond)
				before := get(t, w.o.Queue, id)
				if before.Status != icat.DownloadComplete {
					t.Errorf("got %s before the notification is through", before.Status)
				}
				settle(10 * time.Second)
				stop()
				if diff := cmp.Diff(before, get(t, w.o.Queue, id), times); diff != "" {
					t.Errorf("the notification changed the download:\n%s", diff)
				}
				got := map[string]float64{}
				for _, outcome := range []string{"sent", "logged", retry, refused, dead, lost, returned} {
					if n := w.count(t, telemetry.MetricNotifications, outcome); n > 0 {
						got[outcome] = n
					}
				}
				if diff := cmp.Diff(row.want, got); diff != "" {
					t.Error(diff)
				}
				wantEmpty(t, w.o.Queue)
			})
		})
	}
}

func TestLinesAreInTheTraceOfTheRequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorkshop(t, Options{Queue: bench(t), Catalogue: shelves{files: 1}, Notifier: LogNotifier{}})
		stop := w.start(t)
		ctx := trace.ContextWithSpanContext(t.Context(), trace.NewSpanContext(trace.SpanContextConfig{TraceID: trace.TraceID{0xab}, SpanID: trace.SpanID{1}}))
		d, err := w.Submit(ctx, ann, icat.DownloadRequest{DatasetIDs: []int64{1}, Email: "ann@example.org"})
		must(t, err)
		settle(time.Second)
		stop()
		var actions []string
		for line := range strings.Lines(w.lines.String()) {
			if strings.Contains(line, "ann@example.org") {
				t.Errorf("an e-mail address is in the line %s", line)
			}
			var got struct {
				Event struct {
					Action   string
					Outcome  string
					Duration *int64
				}
				Labels struct {
					ID string `json:"download_id"`
				} `json:"labels"`
				Trace struct{ ID string } `json:"trace"`
			}
			must(t, json.Unmarshal([]byte(line), &got))
			if got.Trace.ID != "ab"+strings.Repeat("00", 15) || got.Labels.ID != d.ID || got.Event.Duration == nil || got.Event.Outcome != "success" {
				t.Errorf("got line %s", line)
			}
			actions = append(actions, got.Event.Action)
		}
		if diff := cmp.Diff([]string{"download-prepare", "download-notify"}, actions); diff != "" {
			t.Error(diff)
		}
	})
}

func TestMetricsOfTheQueue(t *testing.T) {
	q := bench(t)
	w := newWorkshop(t, Options{Queue: q, Catalogue: shelves{}, Notifier: LogNotifier{}})
	j := newJob("Ann1")
	j.CreateTime = icat.At(time.Now().Add(-time.Hour))
	put(t, q, j)
	if got := w.count(t, telemetry.MetricJobsDepth, "ready"); got != 1 {
		t.Errorf("depth: got %v, want 1", got)
	}
	if got := w.count(t, telemetry.MetricJobsOldest, ""); got < 3600 {
		t.Errorf("age: got %v s, want an hour or more", got)
	}
	must(t, q.db.Close())
	if _, err := w.registry.Gather(); err != nil {
		t.Errorf("a lost queue spoils the scrape: %v", err)
	}
	if _, err := New(Options{Queue: q, Registerer: w.registry}); err == nil {
		t.Error("two services share a registry")
	}
	if _, err := New(Options{Queue: q, Registerer: prometheus.NewRegistry()}); err != nil {
		t.Errorf("a second service in one process: %v", err)
	}
}
