package sqlite

import (
	"context"
	"errors"
	"path/filepath"
	"time"

	"assay/app/frame"
	"assay/app/source"

	"modernc.org/libc"
	lib "modernc.org/sqlite/lib"
)

// Probe opens the file and reads its first page. CanWrite is always false: a
// file is never opened for more than reading, whatever rights it gives.
func (p *pool) Probe(ctx context.Context) (source.Probe, error) {
	canWrite := false
	probe := source.Probe{Server: "SQLite", Version: version(), CanWrite: &canWrite, TimeZone: "UTC"}
	if p.zone != "" && p.zone != "UTC" {
		probe.Warnings = append(probe.Warnings, "SQLite has no time zones: times are shown as they are stored, and now is in UTC; the time zone "+p.zone+" has no effect.")
	}
	once := func() error {
		rows, err := p.Query(ctx, source.Statement{SQL: "SELECT count(*) FROM sqlite_schema"})
		if err != nil {
			return err
		}
		defer rows.Close()
		var b frame.Batch
		return rows.Next(ctx, &b)
	}
	if err := once(); err != nil {
		f, ok := errors.AsType[*source.Failure](err)
		if !ok || f.Code == source.Cancelled || f.Code == source.DeadlineExceeded {
			return probe, err
		}
		probe.Problem = f.Message + "."
		if f.Hint != "" {
			probe.Problem += " " + f.Hint
		}
		return probe, nil
	}
	begun := time.Now()
	if err := once(); err != nil {
		return probe, err
	}
	probe.LatencyMS = float64(time.Since(begun)) / float64(time.Millisecond)
	probe.OK = true
	if _, info, err := p.locate(); err == nil && info.Mode().Perm()&0o002 != 0 {
		probe.Warnings = append(probe.Warnings, "Every account of the machine may change "+filepath.Base(p.path)+"; this program opens it only for reading.")
	}
	return probe, nil
}

func version() string {
	tls := libc.NewTLS()
	defer tls.Close()
	return libc.GoString(lib.Xsqlite3_libversion(tls))
}
