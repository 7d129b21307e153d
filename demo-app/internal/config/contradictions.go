package config

import "errors"

// contradictions returns what is wrong with values that are right one by one.
func (c Config) contradictions() []error {
	if c.Command == Healthcheck {
		return nil
	}
	var bad []error
	refuse := func(when bool, why string) {
		if when {
			bad = append(bad, errors.New(why))
		}
	}
	upstream := c.ICAT.URL != ""
	anon := c.ICAT.Authenticator == "anon"
	ownDatabase := c.set("database-url")
	refuse(upstream && ownDatabase, "ICAT_URL and DATABASE_URL are both set: drop ICAT_URL to serve the database, or DATABASE_URL to serve the icat.server")
	refuse(upstream && !anon && (c.ICAT.Username == "" || !c.ICAT.Password.IsSet()),
		"ICAT_URL needs ICAT_USERNAME and ICAT_PASSWORD, or ICAT_AUTHENTICATOR_NAME=anon")
	refuse(!upstream && (c.ICAT.Username != "" || c.ICAT.Password.IsSet()), "ICAT_USERNAME and ICAT_PASSWORD mean nothing without ICAT_URL: set it, or drop them")
	refuse(c.ICAT.CAFile != "" && !c.ICAT.CheckCert, "ICAT_CA_FILE means nothing with ICAT_CHECK_CERT=false: drop one")

	// A queue in this process's memory is nobody else's.
	lonely := c.DatabaseURL.Reveal() == Memory && !c.RedisURL.IsSet()
	switch c.Command {
	case Worker:
		refuse(c.Workers == 0, "WORKERS is 0: a worker needs at least 1")
		refuse(lonely && upstream, "a worker needs the server's queue: set REDIS_URL")
		refuse(!upstream && c.DatabaseURL.Reveal() == Memory, "a worker needs the server's database: set DATABASE_URL to a file or mariadb://, or ICAT_URL")
	case Serve:
		refuse(lonely && c.Workers == 0, "WORKERS is 0 and no other process can reach a queue in memory: set DATABASE_URL or REDIS_URL, or WORKERS to 1")
	}
	return bad
}

// set reports whether the operator set it.
func (c Config) set(name string) bool {
	for _, v := range c.values {
		if v.Name == name {
			return v.From != "default"
		}
	}
	return false
}
