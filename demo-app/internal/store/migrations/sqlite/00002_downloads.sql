-- Downloads: what was asked for, what came of it, and the queue of what is still to be done.
-- Dates are milliseconds since 1970 began, UTC. Sizes are bytes.
-- +goose Up
CREATE TABLE download (
  id TEXT PRIMARY KEY, username TEXT NOT NULL, dataset_ids TEXT NOT NULL, email TEXT NOT NULL, status TEXT NOT NULL, attempts INTEGER NOT NULL,
  message TEXT NOT NULL, file_count INTEGER NOT NULL, file_size INTEGER NOT NULL, manifest_size INTEGER NOT NULL, manifest_checksum TEXT NOT NULL,
  create_time INTEGER NOT NULL, complete_time INTEGER, expire_time INTEGER,
  traceparent TEXT NOT NULL,
  request TEXT UNIQUE,       -- digest of what was asked; null once that is done, so that it may be asked again
  due INTEGER,               -- when a worker may take it; later while one has it; null when nothing is left to do
  token TEXT,                -- of the worker that has it
  notices INTEGER NOT NULL   -- attempts to tell the asker
);
CREATE INDEX download_due ON download (due);
CREATE INDEX download_user ON download (username, create_time);
CREATE INDEX download_expire ON download (expire_time);
CREATE INDEX download_status ON download (status);
CREATE TABLE download_manifest (
  download_id TEXT PRIMARY KEY REFERENCES download (id) ON DELETE CASCADE,
  body BLOB NOT NULL
);

-- +goose Down
DROP TABLE download_manifest;
DROP TABLE download;
