-- Dates are milliseconds since 1970 began, UTC. Sizes are bytes.
-- Texts compare byte by byte, spaces at the end included, as in SQLite. A definition takes
-- effect at once, not with a transaction: what is there already was left by a start that was cut short.
-- +goose Up
CREATE TABLE IF NOT EXISTS facility (
  id BIGINT PRIMARY KEY AUTO_INCREMENT, create_id VARCHAR(255) NOT NULL, create_time BIGINT NOT NULL, mod_id VARCHAR(255) NOT NULL,
  mod_time BIGINT NOT NULL,
  days_until_release BIGINT, description VARCHAR(1023), full_name VARCHAR(255), name VARCHAR(255) NOT NULL, url VARCHAR(255),
  UNIQUE KEY (name)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;
CREATE TABLE IF NOT EXISTS user_ (
  id BIGINT PRIMARY KEY AUTO_INCREMENT, create_id VARCHAR(255) NOT NULL, create_time BIGINT NOT NULL, mod_id VARCHAR(255) NOT NULL,
  mod_time BIGINT NOT NULL,
  affiliation VARCHAR(255), email VARCHAR(255), family_name VARCHAR(255), full_name VARCHAR(255), given_name VARCHAR(255), name VARCHAR(255) NOT NULL,
  orcid_id VARCHAR(255), password_hash VARCHAR(255) NOT NULL,
  UNIQUE KEY (name)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;
CREATE TABLE IF NOT EXISTS instrument (
  id BIGINT PRIMARY KEY AUTO_INCREMENT, create_id VARCHAR(255) NOT NULL, create_time BIGINT NOT NULL, mod_id VARCHAR(255) NOT NULL,
  mod_time BIGINT NOT NULL,
  description VARCHAR(4000), end_date BIGINT, full_name VARCHAR(255), name VARCHAR(255) NOT NULL, pid VARCHAR(255), start_date BIGINT,
  type VARCHAR(255), url VARCHAR(255),
  facility_id BIGINT NOT NULL,
  UNIQUE KEY (facility_id, name), FOREIGN KEY (facility_id) REFERENCES facility (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;
CREATE TABLE IF NOT EXISTS instrument_scientist (
  id BIGINT PRIMARY KEY AUTO_INCREMENT, create_id VARCHAR(255) NOT NULL, create_time BIGINT NOT NULL, mod_id VARCHAR(255) NOT NULL,
  mod_time BIGINT NOT NULL,
  instrument_id BIGINT NOT NULL, user_id BIGINT NOT NULL,
  UNIQUE KEY (user_id, instrument_id), KEY (instrument_id), FOREIGN KEY (instrument_id) REFERENCES instrument (id),
  FOREIGN KEY (user_id) REFERENCES user_ (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;
CREATE TABLE IF NOT EXISTS facility_cycle (
  id BIGINT PRIMARY KEY AUTO_INCREMENT, create_id VARCHAR(255) NOT NULL, create_time BIGINT NOT NULL, mod_id VARCHAR(255) NOT NULL,
  mod_time BIGINT NOT NULL,
  description VARCHAR(255), end_date BIGINT, name VARCHAR(255) NOT NULL, start_date BIGINT,
  facility_id BIGINT NOT NULL,
  UNIQUE KEY (facility_id, name), FOREIGN KEY (facility_id) REFERENCES facility (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;
CREATE TABLE IF NOT EXISTS investigation_type (
  id BIGINT PRIMARY KEY AUTO_INCREMENT, create_id VARCHAR(255) NOT NULL, create_time BIGINT NOT NULL, mod_id VARCHAR(255) NOT NULL,
  mod_time BIGINT NOT NULL,
  description VARCHAR(255), name VARCHAR(255) NOT NULL,
  facility_id BIGINT NOT NULL,
  UNIQUE KEY (name, facility_id), KEY (facility_id), FOREIGN KEY (facility_id) REFERENCES facility (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;
CREATE TABLE IF NOT EXISTS investigation (
  id BIGINT PRIMARY KEY AUTO_INCREMENT, create_id VARCHAR(255) NOT NULL, create_time BIGINT NOT NULL, mod_id VARCHAR(255) NOT NULL,
  mod_time BIGINT NOT NULL,
  doi VARCHAR(255), end_date BIGINT, file_count BIGINT, file_size BIGINT, name VARCHAR(255) NOT NULL, release_date BIGINT, start_date BIGINT,
  summary VARCHAR(4000), title VARCHAR(255) NOT NULL, visit_id VARCHAR(255) NOT NULL,
  facility_id BIGINT NOT NULL, type_id BIGINT NOT NULL,
  UNIQUE KEY (facility_id, name, visit_id), KEY (type_id), KEY (name), KEY (start_date), KEY (release_date),
  FOREIGN KEY (facility_id) REFERENCES facility (id), FOREIGN KEY (type_id) REFERENCES investigation_type (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;
CREATE TABLE IF NOT EXISTS investigation_user (
  id BIGINT PRIMARY KEY AUTO_INCREMENT, create_id VARCHAR(255) NOT NULL, create_time BIGINT NOT NULL, mod_id VARCHAR(255) NOT NULL,
  mod_time BIGINT NOT NULL,
  role VARCHAR(255) NOT NULL,
  user_id BIGINT NOT NULL, investigation_id BIGINT NOT NULL,
  UNIQUE KEY (user_id, investigation_id, role), KEY (investigation_id), FOREIGN KEY (user_id) REFERENCES user_ (id),
  FOREIGN KEY (investigation_id) REFERENCES investigation (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;
CREATE TABLE IF NOT EXISTS investigation_instrument (
  id BIGINT PRIMARY KEY AUTO_INCREMENT, create_id VARCHAR(255) NOT NULL, create_time BIGINT NOT NULL, mod_id VARCHAR(255) NOT NULL,
  mod_time BIGINT NOT NULL,
  investigation_id BIGINT NOT NULL, instrument_id BIGINT NOT NULL,
  UNIQUE KEY (investigation_id, instrument_id), KEY (instrument_id), FOREIGN KEY (investigation_id) REFERENCES investigation (id),
  FOREIGN KEY (instrument_id) REFERENCES instrument (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;
CREATE TABLE IF NOT EXISTS investigation_facility_cycle (
  id BIGINT PRIMARY KEY AUTO_INCREMENT, create_id VARCHAR(255) NOT NULL, create_time BIGINT NOT NULL, mod_id VARCHAR(255) NOT NULL,
  mod_time BIGINT NOT NULL,
  facility_cycle_id BIGINT NOT NULL, investigation_id BIGINT NOT NULL,
  UNIQUE KEY (facility_cycle_id, investigation_id), KEY (investigation_id), FOREIGN KEY (facility_cycle_id) REFERENCES facility_cycle (id),
  FOREIGN KEY (investigation_id) REFERENCES investigation (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;
CREATE TABLE IF NOT EXISTS keyword (
  id BIGINT PRIMARY KEY AUTO_INCREMENT, create_id VARCHAR(255) NOT NULL, create_time BIGINT NOT NULL, mod_id VARCHAR(255) NOT NULL,
  mod_time BIGINT NOT NULL,
  name VARCHAR(255) NOT NULL,
  investigation_id BIGINT NOT NULL,
  UNIQUE KEY (name, investigation_id), KEY (investigation_id), FOREIGN KEY (investigation_id) REFERENCES investigation (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;
CREATE TABLE IF NOT EXISTS sample_type (
  id BIGINT PRIMARY KEY AUTO_INCREMENT, create_id VARCHAR(255) NOT NULL, create_time BIGINT NOT NULL, mod_id VARCHAR(255) NOT NULL,
  mod_time BIGINT NOT NULL,
  molecular_formula VARCHAR(255) NOT NULL, name VARCHAR(255) NOT NULL, safety_information VARCHAR(4000),
  facility_id BIGINT NOT NULL,
  UNIQUE KEY (facility_id, name, molecular_formula), FOREIGN KEY (facility_id) REFERENCES facility (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;
CREATE TABLE IF NOT EXISTS sample (
  id BIGINT PRIMARY KEY AUTO_INCREMENT, create_id VARCHAR(255) NOT NULL, create_time BIGINT NOT NULL, mod_id VARCHAR(255) NOT NULL,
  mod_time BIGINT NOT NULL,
  name VARCHAR(255) NOT NULL, pid VARCHAR(255),
  investigation_id BIGINT NOT NULL, type_id BIGINT,
  UNIQUE KEY (investigation_id, name), KEY (type_id), KEY (name), FOREIGN KEY (investigation_id) REFERENCES investigation (id),
  FOREIGN KEY (type_id) REFERENCES sample_type (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;
CREATE TABLE IF NOT EXISTS dataset_type (
  id BIGINT PRIMARY KEY AUTO_INCREMENT, create_id VARCHAR(255) NOT NULL, create_time BIGINT NOT NULL, mod_id VARCHAR(255) NOT NULL,
  mod_time BIGINT NOT NULL,
  description VARCHAR(255), name VARCHAR(255) NOT NULL,
  facility_id BIGINT NOT NULL,
  UNIQUE KEY (facility_id, name), FOREIGN KEY (facility_id) REFERENCES facility (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;
CREATE TABLE IF NOT EXISTS dataset (
  id BIGINT PRIMARY KEY AUTO_INCREMENT, create_id VARCHAR(255) NOT NULL, create_time BIGINT NOT NULL, mod_id VARCHAR(255) NOT NULL,
  mod_time BIGINT NOT NULL,
  complete BOOLEAN NOT NULL, description VARCHAR(255), doi VARCHAR(255), end_date BIGINT, file_count BIGINT, file_size BIGINT, location VARCHAR(511),
  name VARCHAR(255) NOT NULL, start_date BIGINT,
  investigation_id BIGINT NOT NULL, type_id BIGINT NOT NULL, sample_id BIGINT,
  UNIQUE KEY (investigation_id, name), KEY (type_id), KEY (sample_id), KEY (name), KEY (start_date),
  FOREIGN KEY (investigation_id) REFERENCES investigation (id), FOREIGN KEY (type_id) REFERENCES dataset_type (id),
  FOREIGN KEY (sample_id) REFERENCES sample (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;
CREATE TABLE IF NOT EXISTS datafile_format (
  id BIGINT PRIMARY KEY AUTO_INCREMENT, create_id VARCHAR(255) NOT NULL, create_time BIGINT NOT NULL, mod_id VARCHAR(255) NOT NULL,
  mod_time BIGINT NOT NULL,
  description VARCHAR(255), name VARCHAR(255) NOT NULL, type VARCHAR(255), version VARCHAR(255) NOT NULL,
  facility_id BIGINT NOT NULL,
  UNIQUE KEY (facility_id, name, version), FOREIGN KEY (facility_id) REFERENCES facility (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;
CREATE TABLE IF NOT EXISTS datafile (
  id BIGINT PRIMARY KEY AUTO_INCREMENT, create_id VARCHAR(255) NOT NULL, create_time BIGINT NOT NULL, mod_id VARCHAR(255) NOT NULL,
  mod_time BIGINT NOT NULL,
  checksum VARCHAR(255), datafile_create_time BIGINT, datafile_mod_time BIGINT, description VARCHAR(255), doi VARCHAR(255), file_size BIGINT,
  location VARCHAR(511), name VARCHAR(255) NOT NULL,
  dataset_id BIGINT NOT NULL, datafile_format_id BIGINT,
  UNIQUE KEY (dataset_id, name), KEY (datafile_format_id), KEY (name), FOREIGN KEY (dataset_id) REFERENCES dataset (id),
  FOREIGN KEY (datafile_format_id) REFERENCES datafile_format (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;
CREATE TABLE IF NOT EXISTS parameter_type (
  id BIGINT PRIMARY KEY AUTO_INCREMENT, create_id VARCHAR(255) NOT NULL, create_time BIGINT NOT NULL, mod_id VARCHAR(255) NOT NULL,
  mod_time BIGINT NOT NULL,
  applicable_to_data_collection BOOLEAN, applicable_to_datafile BOOLEAN, applicable_to_dataset BOOLEAN, applicable_to_investigation BOOLEAN,
  applicable_to_sample BOOLEAN, description VARCHAR(255), enforced BOOLEAN, maximum_numeric_value DOUBLE, minimum_numeric_value DOUBLE,
  name VARCHAR(255) NOT NULL, pid VARCHAR(255), units VARCHAR(255) NOT NULL, units_full_name VARCHAR(255), value_type VARCHAR(255) NOT NULL,
  verified BOOLEAN,
  facility_id BIGINT NOT NULL,
  UNIQUE KEY (facility_id, name, units), FOREIGN KEY (facility_id) REFERENCES facility (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;
CREATE TABLE IF NOT EXISTS datafile_parameter (
  id BIGINT PRIMARY KEY AUTO_INCREMENT, create_id VARCHAR(255) NOT NULL, create_time BIGINT NOT NULL, mod_id VARCHAR(255) NOT NULL,
  mod_time BIGINT NOT NULL,
  date_time_value BIGINT, error DOUBLE, numeric_value DOUBLE, range_bottom DOUBLE, range_top DOUBLE, string_value VARCHAR(4000),
  datafile_id BIGINT NOT NULL, type_id BIGINT NOT NULL,
  UNIQUE KEY (datafile_id, type_id), KEY (type_id), FOREIGN KEY (datafile_id) REFERENCES datafile (id),
  FOREIGN KEY (type_id) REFERENCES parameter_type (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;
-- What the catalogue was seeded with, so that a database of another facility is refused.
CREATE TABLE IF NOT EXISTS seeded (seed VARCHAR(32) NOT NULL, scale VARCHAR(32) NOT NULL) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;

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
