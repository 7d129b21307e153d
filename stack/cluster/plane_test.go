package cluster

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"plumbline/stack/supervise"
)

// plane is what takes objects and keeps them: etcd and the API server. It needs
// no rights and no namespaces.
type plane struct {
	Programs   string // directory of kube and coredns
	Dir        string // certificates, data and logs
	Address    string // at which the API server is found
	API        int    // its port
	Etcd, Peer int    // ports of etcd
}

// services is the range of the addresses of Services; the first is the API server's.
const services = "10.96.0.0/16"

func (p plane) path(parts ...string) string {
	return filepath.Join(append([]string{p.Dir}, parts...)...)
}

func (p plane) url() string { return fmt.Sprintf("https://%s:%d", p.Address, p.API) }

// client runs kubectl as the administrator.
func (p plane) client(through ...string) client {
	return client{through: through, kube: filepath.Join(p.Programs, "kube"), config: p.path("pki", "admin.kubeconfig"), cache: p.path("client")}
}

// start starts both and waits until the API server is ready.
func (p plane) start(ctx context.Context, group *supervise.Group) error {
	for _, dir := range []string{"pki", "log"} {
		if err := os.MkdirAll(p.path(dir), 0o700); err != nil {
			return fmt.Errorf("start the API server: %w", err)
		}
	}
	if err := p.certify(); err != nil {
		return err
	}
	client, peer := fmt.Sprintf("http://127.0.0.1:%d", p.Etcd), fmt.Sprintf("http://127.0.0.1:%d", p.Peer)
	if _, err := p.run(group, "etcd", "--data-dir", p.path("etcd"), "--unsafe-no-fsync",
		"--listen-client-urls", client, "--advertise-client-urls", client,
		"--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer, "--initial-cluster", "default="+peer,
	); err != nil {
		return err
	}
	pki := func(file string) string { return p.path("pki", file) }
	server, err := p.run(group, "kube-apiserver",
		"--etcd-servers", client, "--bind-address", "0.0.0.0", "--advertise-address", p.Address, "--secure-port", fmt.Sprint(p.API),
		"--service-cluster-ip-range", services, "--authorization-mode=Node,RBAC", "--allow-privileged", "--enable-admission-plugins=NodeRestriction",
		"--client-ca-file", pki("ca.crt"), "--tls-cert-file", pki("apiserver.crt"), "--tls-private-key-file", pki("apiserver.key"),
		"--service-account-issuer=https://kubernetes.default.svc", "--service-account-key-file", pki("accounts.pub"), "--service-account-signing-key-file", pki("accounts.key"),
		"--kubelet-client-certificate", pki("apiserver-kubelet.crt"), "--kubelet-client-key", pki("apiserver-kubelet.key"), "--kubelet-certificate-authority", pki("ca.crt"),
		"--kubelet-preferred-address-types=InternalIP",
	)
	if err != nil {
		return err
	}
	return server.Ready(ctx, supervise.Gate{What: "ready", Within: patience, Check: func(ctx context.Context) error {
		_, err := p.client().try(ctx, nil, "get", "--raw", "/readyz")
		return err
	}})
}

// run starts a part of Kubernetes.
func (p plane) run(group *supervise.Group, part string, flags ...string) (*supervise.Child, error) {
	return group.Start(supervise.Spec{
		Name: part, Command: append([]string{filepath.Join(p.Programs, "kube"), part}, flags...), Env: os.Environ(),
		Dir: p.Dir, Log: p.path("log", part+".log"), StopWithin: 20 * time.Second,
	})
}

// certify makes the certificates of all who talk to each other.
func (p plane) certify() error {
	authority, err := newAuthority(p.path("pki"))
	if err != nil {
		return err
	}
	if err := authority.issue(identity{file: "apiserver", name: "kube-apiserver", hosts: []string{
		"localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc.cluster.local", "127.0.0.1", "10.96.0.1", p.Address,
	}}); err != nil {
		return err
	}
	if err := authority.issue(identity{file: "apiserver-kubelet", name: "kube-apiserver", groups: []string{"system:masters"}}); err != nil {
		return err
	}
	for _, who := range []identity{
		{file: "admin", name: "admin", groups: []string{"system:masters"}},
		{file: "manager", name: "system:kube-controller-manager"},
		{file: "scheduler", name: "system:kube-scheduler"},
		{file: "proxy", name: "system:kube-proxy"},
		{file: "dns", name: "dns", groups: []string{"system:masters"}},
		{file: "node", name: "system:node:" + nodeName, groups: []string{"system:nodes"}, hosts: []string{nodeName, "127.0.0.1", p.Address}},
	} {
		if err := authority.admit(who, p.url()); err != nil {
			return err
		}
	}
	return nil
}
