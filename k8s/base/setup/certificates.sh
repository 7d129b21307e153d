#!/bin/bash
# Makes what has to exist before Elasticsearch starts: a certificate authority,
# the server's certificate, and a password for the user elastic. It runs in
# Elasticsearch's own image, under compose and in a cluster alike.
#
#   certificates.sh DIR NAME...    the server's DNS names
#
# In DIR: ca.crt node.crt node.key elastic.password, for their owner only. What
# is there stays. The authority's key is not kept: nobody can sign with it later.
set -euo pipefail

dir=$1
shift
names=$(IFS=, && echo "$*")
umask 077

if [[ -s $dir/elastic.password ]]; then # the last one written
  echo "certificates and password are there already"
  exit 0
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
elasticsearch-certutil ca --silent --pem --out "$work/ca.zip"
unzip -q "$work/ca.zip" -d "$work"
elasticsearch-certutil cert --silent --pem --name node --dns "$names" --ip 127.0.0.1 \
  --ca-cert "$work/ca/ca.crt" --ca-key "$work/ca/ca.key" --out "$work/node.zip"
unzip -q "$work/node.zip" -d "$work"

cp "$work/ca/ca.crt" "$work/node/node.crt" "$work/node/node.key" "$dir/"
head -c 24 /dev/urandom | od -An -v -tx1 | tr -d ' \n' >"$work/elastic.password"
mv "$work/elastic.password" "$dir/"
echo "made certificates for $names and a password"
