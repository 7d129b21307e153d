#!/bin/bash
# Stand-in for the entry point of the official MariaDB image, as far as
# compose.yaml relies on it: a database, its user and root's password, made the
# first time from the environment or from the files that *_FILE name.
set -euo pipefail

value() { # value NAME
  local file=$1_FILE
  if [[ -n ${!file-} ]]; then cat "${!file}"; else printf %s "${!1-}"; fi
}

data=/var/lib/mysql
if [[ ! -d $data/mysql ]]; then
  mariadb-install-db --no-defaults --datadir="$data" --auth-root-authentication-method=normal --skip-test-db >&2
  mariadbd --no-defaults --datadir="$data" --bootstrap <<SQL
FLUSH PRIVILEGES;
CREATE DATABASE IF NOT EXISTS \`$(value MARIADB_DATABASE)\`;
CREATE USER '$(value MARIADB_USER)'@'%' IDENTIFIED BY '$(value MARIADB_PASSWORD)';
GRANT ALL ON \`$(value MARIADB_DATABASE)\`.* TO '$(value MARIADB_USER)'@'%';
ALTER USER root@localhost IDENTIFIED BY '$(value MARIADB_ROOT_PASSWORD)';
SQL
fi
exec "$@" --no-defaults --datadir="$data" --socket=/run/mysqld/mysqld.sock --bind-address=0.0.0.0
