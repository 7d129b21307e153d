package loop

import (
	"bytes"
	"crypto/rand"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"

	"plumbline/cli/transcript"
	"plumbline/stack/trial"
)

// tryShippers has real shippers bring lines of every format, and the verdict
// judge them: well configured ones, one that is not, and an index in which
// somebody made changes.
func tryShippers(t *testing.T, l *loop) {
	es := l.administrator(t)
	env := append(os.Environ(), "ES_URL="+l.Elasticsearch, "ES_CA="+l.CAFile, "ES_API_KEY="+l.secret(t, "shipper_logs.key"))
	filebeat := func(home string) *exec.Cmd {
		cmd := exec.Command(l.Programs().Filebeat, "-c", config(t, "filebeat.yml"), "--strict.perms=false", "--path.home", home, "--path.data", filepath.Join(home, "data"))
		cmd.Env = append(env, "LINES="+filepath.Join(home, "*.log"))
		return cmd
	}
	t.Run("filebeat", func(t *testing.T) {
		dir := t.TempDir()
		ship(t, filebeat(dir))
		l.bringsEveryFormat(t, "filebeat", dir)
		t.Run("a line removed, one doubled and one cut in the index are each named", func(t *testing.T) { l.tamper(t, es, "filebeat-logfmt", dir) })
	})

	t.Run("rsyslog", func(t *testing.T) {
		host, port, _ := strings.Cut(strings.TrimPrefix(l.Elasticsearch, "https://"), ":")
		password := rand.Text()
		es.put(t, "/_security/user/lines", map[string]any{"password": password, "roles": []string{"shipper_logs"}})
		env := append(env, "ES_HOST="+host, "ES_PORT="+port, "ES_USER=lines", "ES_PASSWORD="+password)
		rsyslog := func(dir, config string) *exec.Cmd {
			cmd := exec.Command(rsyslogd(), "-n", "-f", config, "-i", filepath.Join(dir, "pid"))
			cmd.Env = append(env, "STATE="+dir, "LINES="+filepath.Join(dir, "*.log"))
			return cmd
		}
		dir := t.TempDir()
		check := rsyslog(dir, config(t, "rsyslog.conf"))
		check.Args = append(check.Args, "-N1") // reads its configuration, modules and all, and leaves
		need(t, check, "rsyslog-elasticsearch")
		ship(t, rsyslog(dir, config(t, "rsyslog.conf")))
		l.bringsEveryFormat(t, "rsyslog", dir)

		t.Run("that does not know where a record begins", func(t *testing.T) {
			dir := t.TempDir()
			text, err := os.ReadFile(config(t, "rsyslog.conf"))
			if err != nil {
				t.Fatal(err)
			}
			ignorant := filepath.Join(dir, "rsyslog.conf")
			if err := os.WriteFile(ignorant, bytes.Replace(text, []byte("\n  startmsg.regex"), []byte("\n  #"), 1), 0o600); err != nil {
				t.Fatal(err)
			}
			ship(t, rsyslog(dir, ignorant))
			l.write(t, dir, "rsyslog-ignorant", "plain", "-multiline", "0.2")
			r := l.judge(t, dir, "rsyslog-ignorant", 1)
			for _, k := range r.Account.Lines.Kinds {
				if stack := strings.HasSuffix(k.Kind, "stack trace"); k.Sent == 0 || stack && k.Split != k.Sent || !stack && k.Whole != k.Sent {
					t.Errorf("%+v: want every stack trace split and nothing else", k)
				}
			}
		})
	})
}

// formats are the lines that each shipper has to bring. A plain line whose
// beginning is torn off looks like the end of a stack trace to any of them, so
// the malformed are in the other formats.
func formats() map[string][]string {
	return map[string][]string{
		"ecs":      {"-multiline", "0.1", "-unicode", "0.2", "-malformed", "0.1"},
		"logfmt":   {"-multiline", "0.1", "-unicode", "0.2", "-malformed", "0.1"},
		"combined": {"-unicode", "0.2", "-malformed", "0.1"},
		"plain":    {"-multiline", "0.2", "-unicode", "0.2"},
	}
}

const linesOfAFormat = 600

// bringsEveryFormat writes lines of all formats at a time, and judges each.
func (l *loop) bringsEveryFormat(t *testing.T, name, dir string) {
	t.Helper()
	var group sync.WaitGroup
	for format, flags := range formats() {
		group.Go(func() { l.write(t, dir, name+"-"+format, format, flags...) })
	}
	group.Wait()
	for format := range formats() {
		t.Run(format, func(t *testing.T) {
			if a := l.judge(t, dir, name+"-"+format, 0).Account; a.Attempts != linesOfAFormat || a.Delivered != linesOfAFormat {
				t.Errorf("%d of %d delivered, want %d", a.Delivered, a.Attempts, linesOfAFormat)
			}
		})
	}
}

// write has loadgen write lines to a file of the run's name.
func (l *loop) write(t *testing.T, dir, run, format string, flags ...string) {
	t.Helper()
	args := append([]string{"lines", "-out", filepath.Join(dir, run+".log"), "-format", format, "-ledger", filepath.Join(dir, run+".ledger"),
		"-run-id", run, "-rate", "300", "-duration", "2s"}, flags...)
	if err := l.command(t, "loadgen", args...).Run(); err != nil {
		t.Errorf("loadgen lines: %v", err)
	}
}

func (l *loop) judge(t *testing.T, dir, run string, want int, more ...string) trial.Verdict {
	t.Helper()
	cmd := l.command(t, "provisioner", l.verify(filepath.Join(dir, run+".ledger"), more...)...)
	var said bytes.Buffer
	cmd.Stdout = &said
	r := l.verdict(t, cmd.Run(), want)
	if t.Failed() {
		t.Logf("the verdict:\n%s", said.String())
	}
	return r
}

// tamper changes three documents of a run and expects just these in the verdict.
func (l *loop) tamper(t *testing.T, es *administrator, run, dir string) {
	t.Helper()
	whole := l.judge(t, dir, run, 0).Account.Delivered
	index, id, _ := es.find(t, run, 41)
	es.ask(t, http.MethodDelete, "/"+index+"/_doc/"+id+"?refresh=true", nil)
	_, _, source := es.find(t, run, 97)
	es.ask(t, http.MethodPut, "/"+lineStream+"/_create/another-"+run+"?refresh=true", source)
	index, id, source = es.find(t, run, 150)
	text := source["message"].(string)
	source["message"] = text[:len(text)-5]
	es.ask(t, http.MethodDelete, "/"+index+"/_doc/"+id+"?refresh=true", nil)
	es.ask(t, http.MethodPut, "/"+lineStream+"/_create/cut-"+run+"?refresh=true", source)

	a := l.judge(t, dir, run, 1, "-within", "15s").Account
	for _, row := range []struct {
		what string
		got  trial.Seqs
		want uint64
	}{{"lost", a.Lost, 41}, {"duplicated", a.Duplicated.Attempts, 97}, {"cut", a.Lines.WellFormed.Cut, 150}, {"corrupted", a.Corrupted.Attempts, 150}} {
		if want := [][2]uint64{{row.want, row.want}}; row.got.Count != 1 || !slices.Equal(row.got.Ranges, want) {
			t.Errorf("%s: %+v, want just %d", row.what, row.got, row.want)
		}
	}
	if others := a.Lines.WellFormed; a.Delivered != whole-3 || others.Altered.Count+others.Split.Count+others.Joined.Count+a.Unexpected.Documents != 0 {
		t.Errorf("%d delivered, want %d; %+v", a.Delivered, whole-3, others)
	}
}

const lineStream = "logs-plumbline.lines-default"

// config is a file that a user would copy.
func config(t *testing.T, name string) string {
	t.Helper()
	path, err := filepath.Abs(filepath.Join(repository, "beats", "others", name))
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// rsyslogd is the program's path, which on Debian is not on everybody's PATH.
func rsyslogd() string {
	if path, err := exec.LookPath("rsyslogd"); err == nil {
		return path
	}
	return "/usr/sbin/rsyslogd"
}

// need runs a shipper's check of itself. Where that fails, the test is skipped
// with a word, but not in CI.
func need(t *testing.T, check *exec.Cmd, pkg string) {
	t.Helper()
	out, err := check.CombinedOutput()
	if err == nil {
		return
	}
	if os.Getenv("CI") != "" {
		t.Fatalf("%s: %v\n%s", check, err, out)
	}
	t.Skipf("skipped: %v; sudo apt-get install -y %s\n%s", err, pkg, out)
}

// ship runs a shipper until the end of the test.
func ship(t *testing.T, cmd *exec.Cmd) {
	t.Helper()
	var said transcript.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		_ = cmd.Wait()
		if t.Failed() {
			t.Logf("%s said:\n%s", cmd.Path, said.String())
		}
	})
}
