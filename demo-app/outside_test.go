package main

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"plumbline/demo-app/client"
	"plumbline/demo-app/facility"
	"plumbline/demo-app/icat"
	"plumbline/demo-app/internal/parts"
	"plumbline/demo-app/internal/store"
	"plumbline/demo-app/internal/upstream/icatfake"
)

// setSecret puts a secret where the program reads it: in a file.
func setSecret(t *testing.T, name, value string) {
	t.Helper()
	file := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(file, []byte(value+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv(name+"_FILE", file)
}

func open(t *testing.T, address string) *client.Client {
	t.Helper()
	c, err := client.New(address, nil)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// mine are Karen482's datasets.
func mine(t *testing.T, c *client.Client) []icat.Dataset {
	t.Helper()
	found, err := client.List[icat.Dataset](t.Context(), c, client.Query{}.Where("investigation.investigationUsers.user.name", icat.Eq, facility.KarenName))
	if err != nil {
		t.Fatal(err)
	}
	if len(found) == 0 {
		t.Fatal("she has no datasets")
	}
	return found
}

// eventually asks until yes or the deadline, and fails with what it saw last.
func eventually(t *testing.T, what string, yes func() (bool, any)) {
	t.Helper()
	limit := time.After(30 * time.Second)
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		ok, last := yes()
		if ok {
			return
		}
		select {
		case <-limit:
			t.Fatalf("not within 30s: %s; last seen: %v", what, last)
		case <-tick.C:
		}
	}
}

// Two servers and a worker on one MariaDB and one Redis are one service. The
// database dies under them and comes back: they say so, and recover.
func TestReplicasShareWhatIsOutside(t *testing.T) {
	database, err := parts.MariaDB(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = database.Stop() })
	shared, err := parts.Redis(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = shared.Stop() })
	setSecret(t, "DATABASE_URL", database.URL())
	setSecret(t, "REDIS_URL", shared.URL())

	a, b := launch(t, "-workers", "0"), launch(t, "-workers", "0")
	worker := start(t, "worker", "-probe-addr", "127.0.0.1:0")
	first, second := open(t, a.url), open(t, b.url)
	first, err = first.Login(t.Context(), icat.Credentials{Username: facility.KarenName, Password: facility.Password})
	if err != nil {
		t.Fatal(err)
	}
	who, err := first.Session(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	second = second.WithSession(who.ID)
	datasets := mine(t, second)

	asked, err := second.Prepare(t.Context(), icat.DownloadRequest{DatasetIDs: []int64{datasets[0].ID}})
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, "the worker prepares the download", func() (bool, any) {
		d, err := first.Download(t.Context(), asked.ID)
		return err == nil && d.Status == icat.DownloadComplete, d
	})

	if err := database.Kill(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "unready without the database", func() (bool, any) {
		status, body := get(t, a.url+"/readyz")
		return status == http.StatusServiceUnavailable, body
	})
	if status, _ := get(t, a.url+"/healthz"); status != http.StatusOK {
		t.Errorf("/healthz is %d: a restart would mend nothing", status)
	}
	if _, err := client.Count[icat.Datafile](t.Context(), first, client.Query{}); icat.AsError(err).Code != icat.Unavailable {
		t.Errorf("without the database: %v, want UNAVAILABLE", err)
	}
	if err := database.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	eventually(t, "ready again", func() (bool, any) {
		status, body := get(t, a.url+"/readyz")
		return status == http.StatusOK, body
	})
	if got := mine(t, first); len(got) != len(datasets) {
		t.Errorf("%d datasets after the loss, %d before", len(got), len(datasets))
	}
	for _, p := range []*process{worker, a, b} {
		p.stop()
		lines, err := p.wait()
		if err != nil {
			t.Error(err)
		}
		for _, name := range unknownFields(t, lines) {
			t.Errorf("a line has the field %s, which ECS does not know", name)
		}
	}
}

// A Redis that is there and takes no write serves nobody: no login, no download.
func TestAServerWhoseRedisIsFullIsNotReady(t *testing.T) {
	server, err := parts.Redis(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Stop() })
	options, err := redis.ParseURL(server.URL())
	if err != nil {
		t.Fatal(err)
	}
	operator := redis.NewClient(options)
	t.Cleanup(func() { _ = operator.Close() })
	setSecret(t, "REDIS_URL", server.URL())
	p := launch(t)
	for _, step := range []struct {
		maxmemory string
		want      int
	}{{"0", http.StatusOK}, {"1", http.StatusServiceUnavailable}, {"0", http.StatusOK}} {
		if err := operator.ConfigSet(t.Context(), "maxmemory", step.maxmemory).Err(); err != nil {
			t.Fatal(err)
		}
		if status, body := get(t, p.url+"/readyz"); status != step.want {
			t.Errorf("maxmemory %s: %d %s, want %d", step.maxmemory, status, body, step.want)
		}
	}
	p.stop()
	if _, err := p.wait(); err != nil {
		t.Error(err)
	}
}

// The program in front of an icat.server, here the fake, from login to logout.
func TestUpstreamModeAnswersAsTheDatabaseDoes(t *testing.T) {
	engine, err := store.Open(t.Context(), store.Options{URL: store.Memory, Facility: facility.New(1, facility.Small())})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = engine.Close() })
	fake := httptest.NewServer(icatfake.New(icatfake.Options{Store: engine}))
	t.Cleanup(fake.Close)
	t.Setenv("ICAT_URL", fake.URL+"/icat")
	t.Setenv("ICAT_USERNAME", facility.RootName)
	setSecret(t, "ICAT_PASSWORD", facility.Password)
	p := launch(t)
	c := open(t, p.url)
	if c, err = c.Login(t.Context(), icat.Credentials{Username: facility.KarenName, Password: facility.Password}); err != nil {
		t.Fatal(err)
	}
	through := mine(t, c)
	asked, err := c.Prepare(t.Context(), icat.DownloadRequest{DatasetIDs: []int64{through[0].ID}})
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, "the download is prepared", func() (bool, any) {
		d, err := c.Download(t.Context(), asked.ID)
		return err == nil && d.Status == icat.DownloadComplete, d
	})
	if err := c.Logout(t.Context()); err != nil {
		t.Error(err)
	}

	e, _ := icat.Lookup("Dataset")
	f, err := icat.ParseFilter(e, url.Values{"where": {`{"investigation.investigationUsers.user.name":{"eq":"Karen482"}}`}}, icat.ListParameters())
	if err != nil {
		t.Fatal(err)
	}
	direct, err := engine.List(t.Context(), icat.Session{Username: facility.KarenName}, e, f)
	if err != nil || len(direct) != len(through) {
		t.Errorf("%d datasets through the icat.server, %d directly (%v)", len(through), len(direct), err)
	}
	p.stop()
	if _, err := p.wait(); err != nil {
		t.Error(err)
	}
}

func TestHealthcheckAsksTheServer(t *testing.T) {
	p := launch(t)
	address, err := url.Parse(p.url)
	if err != nil {
		t.Fatal(err)
	}
	ask := func(more ...string) error {
		return run(t.Context(), append([]string{"healthcheck", "-addr", address.Host}, more...), &bytes.Buffer{}, &bytes.Buffer{})
	}
	if err := ask(); err != nil {
		t.Errorf("a server that is ready: %v", err)
	}
	p.stop()
	if _, err := p.wait(); err != nil {
		t.Error(err)
	}
	if err := ask("-live", "true"); err == nil {
		t.Error("a server that has stopped passes for alive")
	}
}
