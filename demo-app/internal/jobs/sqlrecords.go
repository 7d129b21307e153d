package jobs

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"plumbline/demo-app/icat"
)

// SQLQueue is a queue in two tables of the catalogue's database. A job that has
// work left is due at some time; taking it moves that time to the lease's end,
// so a lease needs nobody to watch over it. The time is that of the process
// that asks: clocks of several hosts have to agree to well within a lease.
type SQLQueue struct {
	db         *sql.DB
	skipLocked bool
}

// NewSQLQueue returns the queue in db, whose tables exist. The database is
// MariaDB if skipLocked, else SQLite.
func NewSQLQueue(db *sql.DB, skipLocked bool) *SQLQueue { return &SQLQueue{db, skipLocked} }

const columns = `id, username, dataset_ids, email, status, attempts, message, file_count, file_size,
	manifest_size, manifest_checksum, create_time, complete_time, expire_time`

// What is asked often, or of all rows; an index answers each. SQLite does not
// use one for IS NOT NULL, hence the other ways to say it.
const (
	lookDue     = "SELECT id FROM download WHERE due <= ? ORDER BY due LIMIT 1" // the one that waits longest
	lookExpired = "SELECT id FROM download WHERE expire_time < ? AND due IS NULL LIMIT ?"
	lookAsked   = "SELECT " + columns + " FROM download WHERE request = ?"
	lookUser    = "SELECT " + columns + " FROM download WHERE username = ? ORDER BY create_time DESC, id LIMIT ?"
	lookDepth   = `SELECT
		(SELECT COUNT(*) FROM download WHERE due <= ? AND token IS NULL),
		(SELECT COUNT(*) FROM download WHERE due > 0 AND token IS NOT NULL),
		(SELECT COUNT(*) FROM download WHERE due > ? AND token IS NULL),
		(SELECT COUNT(*) FROM download WHERE status = ?),
		(SELECT MIN(create_time) FROM download WHERE request > '')`
)

// maxPurge bounds what one Put clears away, and so how long it takes.
const maxPurge = 10

func (q *SQLQueue) Put(ctx context.Context, j Job) (icat.Download, error) {
	if err := q.purge(ctx, j.CreateTime); err != nil {
		return icat.Download{}, err
	}
	ids, err := json.Marshal(j.DatasetIDs)
	if err != nil {
		return icat.Download{}, err
	}
	for range 2 { // the equal request may end between the insertion and the look
		var d icat.Download
		if d, err = q.put(ctx, j, ids); err == nil || !errors.Is(err, sql.ErrNoRows) {
			return d, err
		}
	}
	return icat.Download{}, err
}

func (q *SQLQueue) put(ctx context.Context, j Job, ids []byte) (icat.Download, error) {
	_, err := q.db.ExecContext(ctx, "INSERT INTO download ("+columns+", traceparent, request, due, notices) VALUES (?"+strings.Repeat(", ?", 17)+")",
		j.ID, j.Username, ids, j.Email, j.Status, 0, "", 0, 0, 0, "", j.CreateTime.Millis(), nil, nil, j.Traceparent, j.Request, j.CreateTime.Millis(), 0)
	if err == nil {
		return j.Download, nil
	}
	// Each database has its own word for "there is one already": look.
	d, lookErr := scan(q.db.QueryRowContext(ctx, lookAsked, j.Request))
	if lookErr != nil {
		return icat.Download{}, fmt.Errorf("put download: %w", errors.Join(err, lookErr))
	}
	return d, nil
}

// purge forgets some of what has expired. It deletes by key: a deleted range
// would lock others' insertions out.
func (q *SQLQueue) purge(ctx context.Context, now icat.Time) error {
	rows, err := q.db.QueryContext(ctx, lookExpired, now.Millis(), maxPurge)
	if err != nil {
		return fmt.Errorf("purge downloads: %w", err)
	}
	defer rows.Close()
	var ids []any
	for rows.Next() {
		var id string
		if err := rows.Scan(&id); err != nil {
			return fmt.Errorf("purge downloads: %w", err)
		}
		ids = append(ids, id)
	}
	if err := rows.Err(); err != nil || len(ids) == 0 {
		return err
	}
	_, err = q.db.ExecContext(ctx, "DELETE FROM download WHERE id IN (?"+strings.Repeat(", ?", len(ids)-1)+")", ids...)
	return err
}

func (q *SQLQueue) Get(ctx context.Context, id string) (icat.Download, error) {
	d, err := scan(q.db.QueryRowContext(ctx, "SELECT "+columns+" FROM download WHERE id = ?", id))
	return d, missing(err)
}

func (q *SQLQueue) List(ctx context.Context, username string, limit int) ([]icat.Download, error) {
	rows, err := q.db.QueryContext(ctx, lookUser, username, limit)
	if err != nil {
		return nil, fmt.Errorf("list downloads: %w", err)
	}
	defer rows.Close()
	list := []icat.Download{}
	for rows.Next() {
		d, err := scan(rows)
		if err != nil {
			return nil, fmt.Errorf("list downloads: %w", err)
		}
		list = append(list, d)
	}
	return list, rows.Err()
}

func (q *SQLQueue) Manifest(ctx context.Context, id string) ([]byte, error) {
	var body []byte
	err := q.db.QueryRowContext(ctx, "SELECT body FROM download_manifest WHERE download_id = ?", id).Scan(&body)
	return body, missing(err)
}

func (q *SQLQueue) Depth(ctx context.Context) (Depth, error) {
	now := icat.At(time.Now()).Millis()
	var d Depth
	var oldest sql.NullInt64
	err := q.db.QueryRowContext(ctx, lookDepth,
		now, now, icat.DownloadDead).Scan(&d.Ready, &d.Leased, &d.Delayed, &d.Dead, &oldest)
	if oldest.Valid {
		d.Oldest = max(0, time.Duration(now-oldest.Int64)*time.Millisecond)
	}
	return d, err
}

// Flush names status last: MariaDB computes a column from those already set.
func (q *SQLQueue) Flush(ctx context.Context, r Result) (int, error) {
	res, err := q.db.ExecContext(ctx, `UPDATE download SET due = NULL, request = NULL,
		message = CASE WHEN status = ? THEN ? ELSE message END,
		complete_time = CASE WHEN status = ? THEN ? ELSE complete_time END,
		expire_time = CASE WHEN status = ? THEN ? ELSE expire_time END,
		status = CASE WHEN status = ? THEN ? ELSE status END
		WHERE due > 0 AND token IS NULL`,
		icat.DownloadQueued, r.Message, icat.DownloadQueued, r.CompleteTime.Millis(),
		icat.DownloadQueued, r.ExpireTime.Millis(), icat.DownloadQueued, r.Status)
	if err != nil {
		return 0, fmt.Errorf("flush downloads: %w", err)
	}
	n, err := res.RowsAffected()
	return int(n), err
}

// scan reads the columns and what more was selected.
func scan(row interface{ Scan(...any) error }, more ...any) (icat.Download, error) {
	var d icat.Download
	var ids []byte
	var created int64
	var completed, expires sql.NullInt64
	if err := row.Scan(append([]any{&d.ID, &d.Username, &ids, &d.Email, &d.Status, &d.Attempts, &d.Message, &d.FileCount, &d.FileSize,
		&d.ManifestSize, &d.ManifestChecksum, &created, &completed, &expires}, more...)...); err != nil {
		return d, err
	}
	d.CreateTime = icat.FromMillis(created)
	if completed.Valid {
		d.CompleteTime, d.ExpireTime = icat.FromMillis(completed.Int64), icat.FromMillis(expires.Int64)
	}
	return d, json.Unmarshal(ids, &d.DatasetIDs)
}

func missing(err error) error {
	if errors.Is(err, sql.ErrNoRows) {
		return ErrUnknown
	}
	return err
}
