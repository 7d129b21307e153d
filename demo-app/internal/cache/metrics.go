package cache

import (
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
)

// requests counts the calls of Do by what became of them. A call whose caller
// left before is not counted.
type requests struct{ hit, miss, shared, failed prometheus.Counter }

func newRequests(r prometheus.Registerer) requests {
	total := promauto.With(r).NewCounterVec(prometheus.CounterOpts{
		Name: "icat_cache_requests_total",
		Help: "Answers by where they came from: hit = kept; miss = loaded; shared = loaded for somebody else at the same time; error = loaded or shared since Redis was lost.",
	}, []string{"result"})
	return requests{
		hit:    total.WithLabelValues("hit"),
		miss:   total.WithLabelValues("miss"),
		shared: total.WithLabelValues("shared"),
		failed: total.WithLabelValues("error"),
	}
}
