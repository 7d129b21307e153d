#!/bin/bash
# Stand-in for the official image's healthcheck.sh: takes connections.
exec mariadb-admin --no-defaults --protocol=tcp --host=127.0.0.1 --silent ping
