-- Dates are milliseconds since 1970 began, UTC. Sizes are bytes.
-- +goose Up
CREATE TABLE facility (
  id INTEGER PRIMARY KEY, create_id TEXT NOT NULL, create_time INTEGER NOT NULL, mod_id TEXT NOT NULL, mod_time INTEGER NOT NULL,
  days_until_release INTEGER, description TEXT, full_name TEXT, name TEXT NOT NULL, url TEXT,
  UNIQUE (name)
);
CREATE TABLE user_ (
  id INTEGER PRIMARY KEY, create_id TEXT NOT NULL, create_time INTEGER NOT NULL, mod_id TEXT NOT NULL, mod_time INTEGER NOT NULL,
  affiliation TEXT, email TEXT, family_name TEXT, full_name TEXT, given_name TEXT, name TEXT NOT NULL, orcid_id TEXT, password_hash TEXT NOT NULL,
  UNIQUE (name)
);
CREATE TABLE instrument (
  id INTEGER PRIMARY KEY, create_id TEXT NOT NULL, create_time INTEGER NOT NULL, mod_id TEXT NOT NULL, mod_time INTEGER NOT NULL,
  description TEXT, end_date INTEGER, full_name TEXT, name TEXT NOT NULL, pid TEXT, start_date INTEGER, type TEXT, url TEXT,
  facility_id INTEGER NOT NULL REFERENCES facility (id),
  UNIQUE (facility_id, name)
);
CREATE TABLE instrument_scientist (
  id INTEGER PRIMARY KEY, create_id TEXT NOT NULL, create_time INTEGER NOT NULL, mod_id TEXT NOT NULL, mod_time INTEGER NOT NULL,
  instrument_id INTEGER NOT NULL REFERENCES instrument (id), user_id INTEGER NOT NULL REFERENCES user_ (id),
  UNIQUE (user_id, instrument_id)
);
CREATE INDEX instrument_scientist_by_instrument ON instrument_scientist (instrument_id);
CREATE TABLE facility_cycle (
  id INTEGER PRIMARY KEY, create_id TEXT NOT NULL, create_time INTEGER NOT NULL, mod_id TEXT NOT NULL, mod_time INTEGER NOT NULL,
  description TEXT, end_date INTEGER, name TEXT NOT NULL, start_date INTEGER,
  facility_id INTEGER NOT NULL REFERENCES facility (id),
  UNIQUE (facility_id, name)
);
CREATE TABLE investigation_type (
  id INTEGER PRIMARY KEY, create_id TEXT NOT NULL, create_time INTEGER NOT NULL, mod_id TEXT NOT NULL, mod_time INTEGER NOT NULL,
  description TEXT, name TEXT NOT NULL,
  facility_id INTEGER NOT NULL REFERENCES facility (id),
  UNIQUE (name, facility_id)
);
CREATE INDEX investigation_type_by_facility ON investigation_type (facility_id);
CREATE TABLE investigation (
  id INTEGER PRIMARY KEY, create_id TEXT NOT NULL, create_time INTEGER NOT NULL, mod_id TEXT NOT NULL, mod_time INTEGER NOT NULL,
  doi TEXT, end_date INTEGER, file_count INTEGER, file_size INTEGER, name TEXT NOT NULL, release_date INTEGER, start_date INTEGER, summary TEXT,
  title TEXT NOT NULL, visit_id TEXT NOT NULL,
  facility_id INTEGER NOT NULL REFERENCES facility (id), type_id INTEGER NOT NULL REFERENCES investigation_type (id),
  UNIQUE (facility_id, name, visit_id)
);
CREATE INDEX investigation_by_type ON investigation (type_id);
CREATE INDEX investigation_by_name ON investigation (name);
CREATE INDEX investigation_by_start_date ON investigation (start_date);
CREATE INDEX investigation_by_release_date ON investigation (release_date);
CREATE TABLE investigation_user (
  id INTEGER PRIMARY KEY, create_id TEXT NOT NULL, create_time INTEGER NOT NULL, mod_id TEXT NOT NULL, mod_time INTEGER NOT NULL,
  role TEXT NOT NULL,
  user_id INTEGER NOT NULL REFERENCES user_ (id), investigation_id INTEGER NOT NULL REFERENCES investigation (id),
  UNIQUE (user_id, investigation_id, role)
);
CREATE INDEX investigation_user_by_investigation ON investigation_user (investigation_id);
CREATE TABLE investigation_instrument (
  id INTEGER PRIMARY KEY, create_id TEXT NOT NULL, create_time INTEGER NOT NULL, mod_id TEXT NOT NULL, mod_time INTEGER NOT NULL,
  investigation_id INTEGER NOT NULL REFERENCES investigation (id), instrument_id INTEGER NOT NULL REFERENCES instrument (id),
  UNIQUE (investigation_id, instrument_id)
);
CREATE INDEX investigation_instrument_by_instrument ON investigation_instrument (instrument_id);
CREATE TABLE investigation_facility_cycle (
  id INTEGER PRIMARY KEY, create_id TEXT NOT NULL, create_time INTEGER NOT NULL, mod_id TEXT NOT NULL, mod_time INTEGER NOT NULL,
  facility_cycle_id INTEGER NOT NULL REFERENCES facility_cycle (id), investigation_id INTEGER NOT NULL REFERENCES investigation (id),
  UNIQUE (facility_cycle_id, investigation_id)
);
CREATE INDEX investigation_facility_cycle_by_investigation ON investigation_facility_cycle (investigation_id);
CREATE TABLE keyword (
  id INTEGER PRIMARY KEY, create_id TEXT NOT NULL, create_time INTEGER NOT NULL, mod_id TEXT NOT NULL, mod_time INTEGER NOT NULL,
  name TEXT NOT NULL,
  investigation_id INTEGER NOT NULL REFERENCES investigation (id),
  UNIQUE (name, investigation_id)
);
CREATE INDEX keyword_by_investigation ON keyword (investigation_id);
CREATE TABLE sample_type (
  id INTEGER PRIMARY KEY, create_id TEXT NOT NULL, create_time INTEGER NOT NULL, mod_id TEXT NOT NULL, mod_time INTEGER NOT NULL,
  molecular_formula TEXT NOT NULL, name TEXT NOT NULL, safety_information TEXT,
  facility_id INTEGER NOT NULL REFERENCES facility (id),
  UNIQUE (facility_id, name, molecular_formula)
);
CREATE TABLE sample (
  id INTEGER PRIMARY KEY, create_id TEXT NOT NULL, create_time INTEGER NOT NULL, mod_id TEXT NOT NULL, mod_time INTEGER NOT NULL,
  name TEXT NOT NULL, pid TEXT,
  investigation_id INTEGER NOT NULL REFERENCES investigation (id), type_id INTEGER REFERENCES sample_type (id),
  UNIQUE (investigation_id, name)
);
CREATE INDEX sample_by_type ON sample (type_id);
CREATE INDEX sample_by_name ON sample (name);
CREATE TABLE dataset_type (
  id INTEGER PRIMARY KEY, create_id TEXT NOT NULL, create_time INTEGER NOT NULL, mod_id TEXT NOT NULL, mod_time INTEGER NOT NULL,
  description TEXT, name TEXT NOT NULL,
  facility_id INTEGER NOT NULL REFERENCES facility (id),
  UNIQUE (facility_id, name)
);
CREATE TABLE dataset (
  id INTEGER PRIMARY KEY, create_id TEXT NOT NULL, create_time INTEGER NOT NULL, mod_id TEXT NOT NULL, mod_time INTEGER NOT NULL,
  complete INTEGER NOT NULL, description TEXT, doi TEXT, end_date INTEGER, file_count INTEGER, file_size INTEGER, location TEXT, name TEXT NOT NULL,
  start_date INTEGER,
  investigation_id INTEGER NOT NULL REFERENCES investigation (id), type_id INTEGER NOT NULL REFERENCES dataset_type (id),
  sample_id INTEGER REFERENCES sample (id),
  UNIQUE (investigation_id, name)
);
CREATE INDEX dataset_by_type ON dataset (type_id);
CREATE INDEX dataset_by_sample ON dataset (sample_id);
CREATE INDEX dataset_by_name ON dataset (name);
CREATE INDEX dataset_by_start_date ON dataset (start_date);
CREATE TABLE datafile_format (
  id INTEGER PRIMARY KEY, create_id TEXT NOT NULL, create_time INTEGER NOT NULL, mod_id TEXT NOT NULL, mod_time INTEGER NOT NULL,
  description TEXT, name TEXT NOT NULL, type TEXT, version TEXT NOT NULL,
  facility_id INTEGER NOT NULL REFERENCES facility (id),
  UNIQUE (facility_id, name, version)
);
CREATE TABLE datafile (
  id INTEGER PRIMARY KEY, create_id TEXT NOT NULL, create_time INTEGER NOT NULL, mod_id TEXT NOT NULL, mod_time INTEGER NOT NULL,
  checksum TEXT, datafile_create_time INTEGER, datafile_mod_time INTEGER, description TEXT, doi TEXT, file_size INTEGER, location TEXT,
  name TEXT NOT NULL,
  dataset_id INTEGER NOT NULL REFERENCES dataset (id), datafile_format_id INTEGER REFERENCES datafile_format (id),
  UNIQUE (dataset_id, name)
);
CREATE INDEX datafile_by_datafile_format ON datafile (datafile_format_id);
CREATE INDEX datafile_by_name ON datafile (name);
CREATE TABLE parameter_type (
  id INTEGER PRIMARY KEY, create_id TEXT NOT NULL, create_time INTEGER NOT NULL, mod_id TEXT NOT NULL, mod_time INTEGER NOT NULL,
  applicable_to_data_collection INTEGER, applicable_to_datafile INTEGER, applicable_to_dataset INTEGER, applicable_to_investigation INTEGER,
  applicable_to_sample INTEGER, description TEXT, enforced INTEGER, maximum_numeric_value REAL, minimum_numeric_value REAL, name TEXT NOT NULL,
  pid TEXT, units TEXT NOT NULL, units_full_name TEXT, value_type TEXT NOT NULL, verified INTEGER,
  facility_id INTEGER NOT NULL REFERENCES facility (id),
  UNIQUE (facility_id, name, units)
);
CREATE TABLE datafile_parameter (
  id INTEGER PRIMARY KEY, create_id TEXT NOT NULL, create_time INTEGER NOT NULL, mod_id TEXT NOT NULL, mod_time INTEGER NOT NULL,
  date_time_value INTEGER, error REAL, numeric_value REAL, range_bottom REAL, range_top REAL, string_value TEXT,
  datafile_id INTEGER NOT NULL REFERENCES datafile (id), type_id INTEGER NOT NULL REFERENCES parameter_type (id),
  UNIQUE (datafile_id, type_id)
);
CREATE INDEX datafile_parameter_by_type ON datafile_parameter (type_id);
-- What the catalogue was seeded with, so that a database of another facility is refused.
CREATE TABLE seeded (seed TEXT NOT NULL, scale TEXT NOT NULL);

-- +goose Down
DROP TABLE seeded;
DROP TABLE datafile_parameter;
DROP TABLE parameter_type;
DROP TABLE datafile;
DROP TABLE datafile_format;
DROP TABLE dataset;
DROP TABLE dataset_type;
DROP TABLE sample;
DROP TABLE sample_type;
DROP TABLE keyword;
DROP TABLE investigation_facility_cycle;
DROP TABLE investigation_instrument;
DROP TABLE investigation_user;
DROP TABLE investigation;
DROP TABLE investigation_type;
DROP TABLE facility_cycle;
DROP TABLE instrument_scientist;
DROP TABLE instrument;
DROP TABLE user_;
DROP TABLE facility;
