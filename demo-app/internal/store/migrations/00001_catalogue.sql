-- Dates are milliseconds since 1970 began, UTC. Sizes are bytes.
-- +goose Up
CREATE TABLE user_ (
  id INTEGER PRIMARY KEY, create_id TEXT NOT NULL, create_time INTEGER NOT NULL, mod_id TEXT NOT NULL, mod_time INTEGER NOT NULL,
  affiliation TEXT, email TEXT, family_name TEXT, full_name TEXT, given_name TEXT, name TEXT NOT NULL UNIQUE, orcid_id TEXT,
  password_hash TEXT NOT NULL
);
CREATE TABLE facility (
  id INTEGER PRIMARY KEY, create_id TEXT NOT NULL, create_time INTEGER NOT NULL, mod_id TEXT NOT NULL, mod_time INTEGER NOT NULL,
  days_until_release INTEGER, description TEXT, full_name TEXT, name TEXT NOT NULL UNIQUE, url TEXT
);
CREATE TABLE investigation_type (
  id INTEGER PRIMARY KEY, create_id TEXT NOT NULL, create_time INTEGER NOT NULL, mod_id TEXT NOT NULL, mod_time INTEGER NOT NULL,
  description TEXT, name TEXT NOT NULL, facility_id INTEGER NOT NULL REFERENCES facility (id),
  UNIQUE (name, facility_id)
);
CREATE TABLE investigation (
  id INTEGER PRIMARY KEY, create_id TEXT NOT NULL, create_time INTEGER NOT NULL, mod_id TEXT NOT NULL, mod_time INTEGER NOT NULL,
  doi TEXT, end_date INTEGER, file_count INTEGER, file_size INTEGER, name TEXT NOT NULL, release_date INTEGER, start_date INTEGER,
  summary TEXT, title TEXT NOT NULL, visit_id TEXT NOT NULL,
  facility_id INTEGER NOT NULL REFERENCES facility (id), type_id INTEGER NOT NULL REFERENCES investigation_type (id),
  UNIQUE (facility_id, name, visit_id)
);
CREATE TABLE investigation_user (
  id INTEGER PRIMARY KEY, create_id TEXT NOT NULL, create_time INTEGER NOT NULL, mod_id TEXT NOT NULL, mod_time INTEGER NOT NULL,
  role TEXT NOT NULL, user_id INTEGER NOT NULL REFERENCES user_ (id), investigation_id INTEGER NOT NULL REFERENCES investigation (id),
  UNIQUE (user_id, investigation_id, role)
);
CREATE INDEX investigation_user_investigation ON investigation_user (investigation_id);
CREATE TABLE dataset_type (
  id INTEGER PRIMARY KEY, create_id TEXT NOT NULL, create_time INTEGER NOT NULL, mod_id TEXT NOT NULL, mod_time INTEGER NOT NULL,
  description TEXT, name TEXT NOT NULL, facility_id INTEGER NOT NULL REFERENCES facility (id),
  UNIQUE (facility_id, name)
);
CREATE TABLE dataset (
  id INTEGER PRIMARY KEY, create_id TEXT NOT NULL, create_time INTEGER NOT NULL, mod_id TEXT NOT NULL, mod_time INTEGER NOT NULL,
  complete INTEGER NOT NULL, description TEXT, doi TEXT, end_date INTEGER, file_count INTEGER, file_size INTEGER, location TEXT,
  name TEXT NOT NULL, start_date INTEGER,
  investigation_id INTEGER NOT NULL REFERENCES investigation (id), type_id INTEGER NOT NULL REFERENCES dataset_type (id),
  UNIQUE (investigation_id, name)
);
CREATE TABLE datafile_format (
  id INTEGER PRIMARY KEY, create_id TEXT NOT NULL, create_time INTEGER NOT NULL, mod_id TEXT NOT NULL, mod_time INTEGER NOT NULL,
  description TEXT, name TEXT NOT NULL, type TEXT, version TEXT NOT NULL, facility_id INTEGER NOT NULL REFERENCES facility (id),
  UNIQUE (facility_id, name, version)
);
CREATE TABLE datafile (
  id INTEGER PRIMARY KEY, create_id TEXT NOT NULL, create_time INTEGER NOT NULL, mod_id TEXT NOT NULL, mod_time INTEGER NOT NULL,
  checksum TEXT, datafile_create_time INTEGER, datafile_mod_time INTEGER, description TEXT, doi TEXT, file_size INTEGER, location TEXT,
  name TEXT NOT NULL,
  dataset_id INTEGER NOT NULL REFERENCES dataset (id), datafile_format_id INTEGER REFERENCES datafile_format (id),
  UNIQUE (dataset_id, name)
);
-- What the catalogue was seeded with, so that a file of another facility is refused.
CREATE TABLE seeded (seed TEXT NOT NULL, scale TEXT NOT NULL);

-- +goose Down
DROP TABLE seeded;
DROP TABLE datafile;
DROP TABLE datafile_format;
DROP TABLE dataset;
DROP TABLE dataset_type;
DROP TABLE investigation_user;
DROP TABLE investigation;
DROP TABLE investigation_type;
DROP TABLE facility;
DROP TABLE user_;
