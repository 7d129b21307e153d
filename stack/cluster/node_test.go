package cluster

import (
	"context"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"plumbline/stack/supervise"
)

// The node's network: a bridge, with an address for the node and one for each pod.
const (
	nodeName    = "node"
	nodeAddress = "10.88.1.1"
	podNetwork  = "10.88.1.0/24"
	firstPod    = "10.88.1.10"
)

//go:embed node
var settings embed.FS

// node is one machine of a cluster that has no other, with all that it runs. Its
// methods are for the namespaces in which it lives; launch starts it there.
type node struct {
	plane
	Data    string // what containerd keeps from test to test
	Socket  string // containerd's
	Cgroups string // parent of the pods' control groups
	Pause   string // image that holds a pod's namespaces
	Store   bool   // only containerd, to put images there
}

// nodeVariable holds a node as JSON: whoever starts this program with it wants
// the node, and no test.
const nodeVariable = "PLUMBLINE_NODE"

func TestMain(m *testing.M) {
	text, wanted := os.LookupEnv(nodeVariable)
	if !wanted {
		os.Exit(m.Run())
	}
	var n node
	err := json.Unmarshal([]byte(text), &n)
	if err == nil {
		err = n.live()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "node:", err)
		os.Exit(1)
	}
}

// live runs the node until SIGTERM, or until one of its processes dies. The file
// ready says that it is.
func (n node) live() error {
	asked, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	if err := n.settle(); err != nil {
		return err
	}
	ctx, group := supervise.New(asked, n.Dir, nil)
	err := n.start(ctx, group)
	if err == nil {
		err = os.WriteFile(n.path("ready"), nil, 0o600)
	}
	if err == nil {
		<-ctx.Done()
	}
	if asked.Err() == nil {
		err = errors.Join(err, context.Cause(ctx))
	}
	// What containerd keeps is for the next test. The others keep nothing, and end
	// with the namespace.
	if child := group.Child("containerd"); child != nil {
		err = errors.Join(err, child.Stop())
	}
	return err
}

// start starts one process after the other, each when what it needs is there.
func (n node) start(ctx context.Context, group *supervise.Group) error {
	if err := n.startContainerd(ctx, group); err != nil || n.Store {
		return err
	}
	if err := n.plane.start(ctx, group); err != nil {
		return err
	}
	config := func(who string) string { return n.path("pki", who+".kubeconfig") }
	for _, part := range [][]string{
		{"kube-controller-manager", "--kubeconfig", config("manager"), "--service-account-private-key-file", n.path("pki", "accounts.key"),
			"--root-ca-file", n.path("pki", "ca.crt"), "--use-service-account-credentials", "--leader-elect=false", "--bind-address=127.0.0.1",
			"--pvclaimbinder-sync-period=2s"}, // default 15s, for a claim that comes before its volume
		{"kube-scheduler", "--kubeconfig", config("scheduler"), "--leader-elect=false", "--bind-address=127.0.0.1"},
		{"kubelet", "--config", n.path("node", "kubelet.yaml"), "--kubeconfig", config("node"), "--hostname-override", nodeName, "--node-ip", nodeAddress,
			"--root-dir", n.path("kubelet"), "--cert-dir", n.path("pki", "kubelet")},
		{"kube-proxy", "--kubeconfig", config("proxy"), "--hostname-override", nodeName, "--proxy-mode=iptables", "--cluster-cidr", podNetwork,
			"--conntrack-max-per-core=0", "--conntrack-tcp-timeout-established=0", "--conntrack-tcp-timeout-close-wait=0"}, // the machine's
	} {
		if _, err := n.run(group, part[0], part[1:]...); err != nil {
			return err
		}
	}
	if _, err := group.Start(supervise.Spec{
		Name: "coredns", Command: []string{filepath.Join(n.Programs, "coredns"), "-conf", n.path("node", "Corefile")},
		Env: os.Environ(), Dir: n.Dir, Log: n.path("log", "coredns.log"),
	}); err != nil {
		return err
	}
	return group.Child("kubelet").Ready(ctx, supervise.Gate{What: "ready", Within: patience, Every: 300 * time.Millisecond, Check: func(ctx context.Context) error {
		_, err := n.client().try(ctx, nil, "wait", "--for=condition=Ready", "--timeout=5s", "node/"+nodeName)
		return err
	}})
}

func (n node) startContainerd(ctx context.Context, group *supervise.Group) error {
	program, err := exec.LookPath("containerd")
	if err != nil {
		return err
	}
	child, err := group.Start(supervise.Spec{
		Name: "containerd", Command: []string{program, "--config", n.path("node", "containerd.toml")},
		Env: os.Environ(), Dir: n.Dir, Log: n.path("log", "containerd.log"), StopWithin: 20 * time.Second,
	})
	if err != nil {
		return err
	}
	return child.Ready(ctx, supervise.Gate{What: "answering", Within: patience, Check: func(ctx context.Context) error {
		out, err := exec.CommandContext(ctx, "ctr", "--address", n.Socket, "version").CombinedOutput()
		if err != nil {
			return fmt.Errorf("ctr version: %w: %s", err, out)
		}
		return nil
	}})
}

// settle makes the namespaces a place to live in: mounts, settings, a network.
func (n node) settle() error {
	for _, dir := range []string{"log", "node", "var/lib", "var/log", "sysctl"} {
		if err := os.MkdirAll(n.path(dir), 0o755); err != nil {
			return fmt.Errorf("settle: %w", err)
		}
	}
	for _, step := range []func() error{n.mount, n.hideSettings, n.network, n.groups, n.lay} {
		if err := step(); err != nil {
			return fmt.Errorf("settle: %w", err)
		}
	}
	return nil
}

// mount keeps the machine's files in view, but for what a node would write to,
// and lets nothing flow back.
func (n node) mount() error {
	for _, m := range []struct {
		source, target, kind string
		flags                uintptr
		data                 string
	}{
		{"", "/", "", syscall.MS_REC | syscall.MS_PRIVATE, ""},
		{"proc", "/proc", "proc", 0, ""},
		{"tmpfs", "/run", "tmpfs", 0, "mode=755"}, // hides the containerd that the machine may run, and systemd
		{n.path("var/lib"), "/var/lib", "", syscall.MS_BIND, ""},
		{n.path("var/log"), "/var/log", "", syscall.MS_BIND, ""},
	} {
		if err := syscall.Mount(m.source, m.target, m.kind, m.flags, m.data); err != nil {
			return fmt.Errorf("mount %s: %w", m.target, err)
		}
	}
	return nil
}

// hideSettings shows the kubelet the kernel's settings as it wants them: it would
// write them, and they are the machine's.
func (n node) hideSettings() error {
	for name, value := range machineSettings {
		file := n.path("sysctl", strings.ReplaceAll(name, "/", "."))
		if err := os.WriteFile(file, []byte(value+"\n"), 0o644); err != nil {
			return err
		}
		if err := syscall.Mount(file, "/proc/sys/"+name, "", syscall.MS_BIND, ""); err != nil {
			return fmt.Errorf("hide /proc/sys/%s: %w", name, err)
		}
	}
	return nil
}

var machineSettings = map[string]string{
	"vm/overcommit_memory": "1", "vm/panic_on_oom": "0", "kernel/panic": "10", "kernel/panic_on_oops": "1",
	"kernel/keys/root_maxkeys": "1000000", "kernel/keys/root_maxbytes": "25000000",
}

func (n node) network() error {
	for _, line := range []string{
		"ip link set lo up",
		"ip link add cni0 type bridge", "ip address add " + nodeAddress + "/24 dev cni0", "ip link set cni0 up",
		"ip route add " + services + " dev cni0", // so that the node itself reaches Services
	} {
		args := strings.Fields(line)
		if out, err := exec.Command(args[0], args[1:]...).CombinedOutput(); err != nil {
			return fmt.Errorf("%s: %w: %s", line, err, out)
		}
	}
	return os.WriteFile("/proc/sys/net/ipv4/ip_forward", []byte("1"), 0o644)
}

// groups makes the parent of the pods' control groups in each hierarchy.
func (n node) groups() error {
	hierarchies, err := filepath.Glob("/sys/fs/cgroup/*/cgroup.procs")
	if err != nil {
		return err
	}
	for _, file := range hierarchies {
		if err := os.MkdirAll(filepath.Join(filepath.Dir(file), n.Cgroups), 0o755); err != nil {
			return err
		}
	}
	return nil
}

// lay writes the settings of the node's programs.
func (n node) lay() error {
	disabled := ""
	if n.Store {
		disabled = `"io.containerd.grpc.v1.cri"`
	}
	values := map[string]string{
		"DIR": n.Dir, "DATA": n.Data, "SOCKET": n.Socket, "CGROUPS": n.Cgroups, "PAUSE": n.Pause, "DISABLED": disabled,
		"ADDRESS": nodeAddress, "PODS": podNetwork, "FIRST": firstPod,
	}
	return fs.WalkDir(settings, "node", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		text, err := settings.ReadFile(path)
		if err != nil {
			return err
		}
		return os.WriteFile(n.path(path), []byte(os.Expand(string(text), func(name string) string { return values[name] })), 0o600)
	})
}
