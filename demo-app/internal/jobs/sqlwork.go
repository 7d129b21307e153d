package jobs

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"plumbline/demo-app/icat"
)

// taken is what taking a job changes. Status comes last: MariaDB computes a
// column from those already set.
const taken = `due = ?, token = ?,
	attempts = attempts + (status IN ('QUEUED', 'PREPARING')),
	notices = notices + (status NOT IN ('QUEUED', 'PREPARING')),
	status = CASE WHEN status = 'QUEUED' THEN 'PREPARING' ELSE status END`

const claimed = columns + ", notices, traceparent"

func (q *SQLQueue) Claim(ctx context.Context, lease time.Duration) (Claim, error) {
	now := time.Now()
	at, until := icat.At(now).Millis(), icat.At(now.Add(lease)).Millis()
	// Look before locking anything: most looks find nothing.
	var id string
	err := q.db.QueryRowContext(ctx, lookDue, at).Scan(&id)
	if err != nil {
		return Claim{}, empty(err)
	}
	c := Claim{Token: uuid.NewString()}
	if q.skipLocked {
		err = q.take(ctx, &c, at, until)
	} else {
		row := q.db.QueryRowContext(ctx, "UPDATE download SET "+taken+" WHERE id = ("+lookDue+") RETURNING "+claimed, until, c.Token, at)
		c.Download, err = scan(row, &c.Notices, &c.Traceparent)
	}
	return c, empty(err)
}

// take passes over what another worker is taking at this moment.
func (q *SQLQueue) take(ctx context.Context, c *Claim, at, until int64) error {
	tx, err := q.db.BeginTx(ctx, &sql.TxOptions{Isolation: sql.LevelReadCommitted}) // lock rows, not the gaps between them
	if err != nil {
		return err
	}
	defer tx.Rollback() // nothing to undo after a commit
	var id string
	if err := tx.QueryRowContext(ctx, lookDue+" FOR UPDATE SKIP LOCKED", at).Scan(&id); err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, "UPDATE download SET "+taken+" WHERE id = ?", until, c.Token, id); err != nil {
		return err
	}
	if c.Download, err = scan(tx.QueryRowContext(ctx, "SELECT "+claimed+" FROM download WHERE id = ?", id), &c.Notices, &c.Traceparent); err != nil {
		return err
	}
	return tx.Commit()
}

func empty(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, sql.ErrNoRows):
		return ErrEmpty
	}
	return fmt.Errorf("claim download: %w", err)
}

func (q *SQLQueue) Renew(ctx context.Context, c Claim, lease time.Duration) error {
	err := guarded(ctx, q.db, "due = ?", c, "", icat.At(time.Now().Add(lease)).Millis())
	if !errors.Is(err, ErrLost) {
		return err
	}
	// MariaDB does not count a row that already was as it should be.
	var one int
	err = q.db.QueryRowContext(ctx, "SELECT 1 FROM download WHERE id = ? AND token = ?", c.ID, c.Token).Scan(&one)
	if errors.Is(err, sql.ErrNoRows) {
		return ErrLost
	}
	return err
}

func (q *SQLQueue) Finish(ctx context.Context, c Claim, r Result) error {
	tx, err := q.db.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("finish download: %w", err)
	}
	defer tx.Rollback() // nothing to undo after a commit
	if err := guarded(ctx, tx, `status = ?, message = ?, file_count = ?, file_size = ?, manifest_size = ?, manifest_checksum = ?,
		complete_time = ?, expire_time = ?, request = NULL, notices = 1`, c, " AND status = 'PREPARING'",
		r.Status, r.Message, r.FileCount, r.FileSize, len(r.Manifest), r.ManifestChecksum,
		r.CompleteTime.Millis(), r.ExpireTime.Millis()); err != nil {
		return err
	}
	if r.Status == icat.DownloadComplete {
		if _, err := tx.ExecContext(ctx, "INSERT INTO download_manifest (download_id, body) VALUES (?, ?)", c.ID, r.Manifest); err != nil {
			return fmt.Errorf("finish download: %w", err)
		}
	}
	return tx.Commit()
}

func (q *SQLQueue) Retry(ctx context.Context, c Claim, message string, delay time.Duration) error {
	return guarded(ctx, q.db, `due = ?, token = NULL,
		message = CASE WHEN status = 'PREPARING' THEN ? ELSE message END,
		status = CASE WHEN status = 'PREPARING' THEN 'QUEUED' ELSE status END`, c, "",
		icat.At(time.Now().Add(delay)).Millis(), message)
}

func (q *SQLQueue) Return(ctx context.Context, c Claim) error {
	return guarded(ctx, q.db, `due = ?, token = NULL,
		attempts = attempts - (status = 'PREPARING'),
		notices = notices - (status <> 'PREPARING'),
		status = CASE WHEN status = 'PREPARING' THEN 'QUEUED' ELSE status END`, c, "", icat.At(time.Now()).Millis())
}

func (q *SQLQueue) Done(ctx context.Context, c Claim) error {
	return guarded(ctx, q.db, "due = NULL, token = NULL", c, "")
}

// guarded changes the job of c, provided that c is its latest claim.
func guarded(ctx context.Context, db interface {
	ExecContext(context.Context, string, ...any) (sql.Result, error)
}, set string, c Claim, and string, args ...any) error {
	res, err := db.ExecContext(ctx, "UPDATE download SET "+set+" WHERE id = ? AND token = ?"+and, append(args, c.ID, c.Token)...)
	if err != nil {
		return fmt.Errorf("update download: %w", err)
	}
	if n, err := res.RowsAffected(); err != nil || n == 0 {
		return errors.Join(ErrLost, err)
	}
	return nil
}
