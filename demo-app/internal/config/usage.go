package config

// The help is written by hand; a test holds it to the settings.

const serveUsage = `Usage: demo-app [serve] [flags]
       demo-app worker [flags]        prepares downloads; -h for its flags
       demo-app healthcheck [flags]   asks a running server whether it is ready

Serves the demo ICAT API until it is interrupted. Standard output is one line of
JSON for each request and event; everything else goes to standard error.

Each flag can be set by an environment variable as well, which it wins over: its
name in capitals, with underscores. -log-level is LOG_LEVEL. Secrets have no flag.
X_FILE names a file that holds X, for X one of
  ADMIN_TOKEN, ICAT_PASSWORD, DATABASE_URL, REDIS_URL, SMTP_URL

Where it listens
  -addr HOST:PORT        address of the API; port 0 picks a free one (127.0.0.1:8000)
  -admin-addr HOST:PORT  the admin port, on loopback, or off (127.0.0.1:8001)
  ADMIN_TOKEN            token that the admin port asks for, 16 characters or more;
                         without one the port stays closed
Lines
  -service-name NAME     service.name in every line (icat-demo-api)
  -environment NAME      service.environment in every line (demo)
  -service-node-name NAME
                         service.node.name in every line; host name and port if none
  -log-level LEVEL       debug, info, warn or error; access lines are always written
                         (info)
  -log-file FILE         file for the lines instead of standard output; when it holds
                         20 MiB it becomes FILE.1, and so on to FILE.4
Catalogue
  -database-url URL      catalogue and queue: :memory:, a SQLite file, or
                         mariadb://USER:PASSWORD@HOST:PORT/NAME (:memory:)
  -pool N                connections to the database (8)
  -seed N                seed of the made-up facility (1)
  -scale small|full      size of the facility (small)
Catalogue of a real icat.server instead
  -icat-url URL          for instance https://HOST:8181/icat
  -icat-username NAME    account at the icat.server
  ICAT_PASSWORD          its password
  -icat-authenticator-name NAME
                         mnemonic of its authenticator; anon needs no account (simple)
  -icat-check-cert BOOL  whether to check the icat.server's certificate (true)
  -icat-ca-file FILE     PEM file of the authorities that vouch for the icat.server
Sessions and cache
  -redis-url URL         sessions, cache and queue in Redis:
                         redis://:PASSWORD@HOST:PORT/0
  -session-lifetime D    how long a session lasts from its last refresh (2h)
  -cache on|off          whether answers of the catalogue are cached (on)
  -cache-ttl D           how long a cached answer is good (5s)
Downloads
  -smtp-url URL          mail server of notifications; without one they are logged:
                         smtp://USER:PASSWORD@HOST:PORT?from=ADDRESS
  -workers N             download workers in this process; 0 leaves the work to
                         demo-app worker (1)
Limits
  -max-in-flight N       requests being answered at a time; 0 for no limit (256)
  -max-wait D            how long a request beyond these waits for its turn before it
                         is refused (100ms)
  -request-timeout D     how long the catalogue may take for a request (10s)
  -drain-timeout D       how long requests and downloads under way may take to
                         end (10s)

A duration D is a number with its unit: 300ms, 5s, 1m30s, 2h. Traces are exported
when the standard OTEL_* variables ask for it.

Example:
  demo-app -addr 127.0.0.1:8000 >> demo-app.json &
  curl http://127.0.0.1:8000/icat/Karen482
`

const workerUsage = `Usage: demo-app worker [flags]

Prepares the downloads that a server has queued, until it is interrupted. It
needs the server's database or icat.server, and its queue. Standard output is
one line of JSON for each event.

Each flag can be set by an environment variable as well, which it wins over: its
name in capitals, with underscores. -log-level is LOG_LEVEL. Secrets have no flag.
X_FILE names a file that holds X, for X one of
  ICAT_PASSWORD, DATABASE_URL, REDIS_URL, SMTP_URL

  -workers N             downloads prepared at a time (1)
  -probe-addr HOST:PORT  address of /healthz, /readyz and /metrics, or off
                         (127.0.0.1:8002)
  -service-name NAME     service.name in every line (icat-demo-api)
  -environment NAME      service.environment in every line (demo)
  -service-node-name NAME
                         service.node.name in every line; host name and port if none
  -log-level LEVEL       debug, info, warn or error (info)
  -log-file FILE         file for the lines instead of standard output; when it holds
                         20 MiB it becomes FILE.1, and so on to FILE.4
  -database-url URL      the server's: a SQLite file, or
                         mariadb://USER:PASSWORD@HOST:PORT/NAME; not the default,
                         which is the process's own (:memory:)
  -pool N                connections to the database (8)
  -seed N                seed of the made-up facility (1)
  -scale small|full      size of the facility (small)
  -icat-url URL          icat.server instead of a database
  -icat-username NAME    account at the icat.server
  ICAT_PASSWORD          its password
  -icat-authenticator-name NAME
                         mnemonic of its authenticator; anon needs no account (simple)
  -icat-check-cert BOOL  whether to check the icat.server's certificate (true)
  -icat-ca-file FILE     PEM file of the authorities that vouch for the icat.server
  -redis-url URL         the queue, if it is in Redis: redis://:PASSWORD@HOST:PORT/0
  -smtp-url URL          mail server of notifications; without one they are logged:
                         smtp://USER:PASSWORD@HOST:PORT?from=ADDRESS
  -drain-timeout D       how long downloads under way may take to end (10s)

Example:
  DATABASE_URL_FILE=/run/secrets/database-url demo-app worker -workers 4
`

const healthcheckUsage = `Usage: demo-app healthcheck [flags]

Asks a running server whether it is ready. Exits 0 for a yes, and 1 with the
reason for a no or for silence.

  -addr HOST:PORT        address of the server, also from ADDR (127.0.0.1:8000)
  -live BOOL             ask whether it lives, not whether it is ready (false)
  -timeout D             how long the answer may take (3s)

Example, in a Dockerfile:
  HEALTHCHECK CMD ["demo-app", "healthcheck"]
`

func usage(c Command) string {
	switch c {
	case Worker:
		return workerUsage
	case Healthcheck:
		return healthcheckUsage
	default:
		return serveUsage
	}
}
