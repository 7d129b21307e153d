package kibanafake

import (
	"encoding/base64"
	"net/http"
	"strings"
)

// who is the account that a request names, or nil.
func (k *Kibana) who(r *http.Request) *Account {
	user, password, basic := r.BasicAuth()
	key, _ := strings.CutPrefix(r.Header.Get("Authorization"), "ApiKey ")
	for i, known := range k.config.Accounts {
		switch {
		case basic && known.Name == user && known.Password != "" && known.Password == password,
			known.Key != "" && key == base64.StdEncoding.EncodeToString([]byte(known.Key)):
			return &k.config.Accounts[i]
		}
	}
	return nil
}

// trusted lets only those in whom Kibana knows.
func (k *Kibana) trusted(next handler) handler {
	return func(a *ask) {
		if a.account == nil {
			a.w.Header().Set("WWW-Authenticate", `Basic realm="security" charset="UTF-8", ApiKey`)
			k.refuse(a, http.StatusUnauthorized, "[security_exception\n\tRoot causes:\n\t\tsecurity_exception: unable to authenticate]: unable to authenticate")
			return
		}
		next(a)
	}
}

// written asks for the header that every request but GET needs, which a form on
// another site cannot set.
func (k *Kibana) written(next handler) handler {
	return k.trusted(func(a *ask) {
		if a.r.Header.Get("kbn-xsrf") == "" {
			k.refuse(a, http.StatusBadRequest, "Request must contain a kbn-xsrf header.")
			return
		}
		next(a)
	})
}

// writer is written, for those who may change something.
func (k *Kibana) writer(next handler) handler {
	return k.written(func(a *ask) {
		if a.account.ReadOnly {
			k.refuse(a, http.StatusForbidden, forbidden(a.r.URL.Path))
			return
		}
		next(a)
	})
}

// forbidden is what each part of Kibana says to who may only look.
func forbidden(path string) string {
	switch {
	case strings.HasSuffix(path, "/_import"):
		return "Unable to bulk_create dashboard,index-pattern"
	case strings.Contains(path, "/alerting/"):
		return `Unauthorized by "stackAlerts" to create ".es-query" rule`
	case strings.Contains(path, "/spaces/"):
		return "Unauthorized to create spaces"
	}
	return "Forbidden"
}
