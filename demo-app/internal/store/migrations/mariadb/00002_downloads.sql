-- Downloads: what was asked for, what came of it, and the queue of what is still to be done.
-- Dates are milliseconds since 1970 began, UTC. Sizes are bytes.
-- A definition takes effect at once, not with a transaction: what is there already was left by a start that was cut short.
-- +goose Up
CREATE TABLE IF NOT EXISTS download (
  id CHAR(36) CHARACTER SET ascii COLLATE ascii_bin PRIMARY KEY, username VARCHAR(255) NOT NULL, dataset_ids TEXT NOT NULL, email VARCHAR(255) NOT NULL,
  status VARCHAR(16) NOT NULL, attempts INT NOT NULL, message TEXT NOT NULL, file_count BIGINT NOT NULL, file_size BIGINT NOT NULL,
  manifest_size BIGINT NOT NULL, manifest_checksum VARCHAR(64) NOT NULL, create_time BIGINT NOT NULL, complete_time BIGINT, expire_time BIGINT,
  traceparent VARCHAR(64) NOT NULL,
  request CHAR(64) CHARACTER SET ascii COLLATE ascii_bin UNIQUE, -- digest of what was asked; null once that is done, so that it may be asked again
  due BIGINT,           -- when a worker may take it; later while one has it; null when nothing is left to do
  token VARCHAR(36),    -- of the worker that has it
  notices INT NOT NULL, -- attempts to tell the asker
  KEY download_due (due), KEY download_user (username, create_time), KEY download_expire (expire_time), KEY download_status (status)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;
CREATE TABLE IF NOT EXISTS download_manifest (
  download_id CHAR(36) CHARACTER SET ascii COLLATE ascii_bin PRIMARY KEY,
  body MEDIUMBLOB NOT NULL,
  CONSTRAINT download_manifest_of FOREIGN KEY (download_id) REFERENCES download (id) ON DELETE CASCADE
) ENGINE=InnoDB;

-- +goose Down
DROP TABLE download_manifest;
DROP TABLE download;
