package postgres

import (
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"assay/app/source"
	"assay/app/source/sourcetest"
)

const benchSchema = `CREATE TABLE bench AS SELECT i AS a, i * 7 AS b, (i % 1000)::numeric(10,2) / 3 AS c, 'name ' || i AS d, timestamp '2024-01-01' + i * interval '1 minute' AS e,
 date '2024-01-01' + i % 365 AS f, i % 2 = 0 AS g, random() AS h, md5(i::text) AS j, NULL::int AS k, i::bigint * 1000003 AS l FROM generate_series(1, 50000) i;
CREATE UNIQUE INDEX ON bench (a); ANALYZE bench;`

// BenchmarkQuery alternates a bare loop over the protocol with the driver, and
// reports the ratio of their times, which survives a busy machine better than either.
func BenchmarkQuery(b *testing.B) {
	s := sourcetest.Postgres(b)
	s.Exec(b, "", "DROP TABLE IF EXISTS bench;"+benchSchema)
	c := s.Config("postgres")
	for _, bench := range []struct{ name, sql string }{
		{"50000 rows", "SELECT * FROM bench"},
		{"1000 rows", "SELECT * FROM bench WHERE a <= 1000"},
		{"1 row", "SELECT * FROM bench WHERE a = 777"},
		{"group by", "SELECT f, count(*), sum(c), avg(h) FROM bench GROUP BY f"},
	} {
		b.Run(bench.name, func(b *testing.B) {
			db := open(b, c)
			withAdmin(b, c, func(conn *pgconn.PgConn) {
				var bare, ours time.Duration
				for b.Loop() {
					begun := time.Now()
					result := conn.ExecParams(b.Context(), bench.sql, nil, nil, nil, nil)
					n := 0
					for result.NextRow() {
						for _, v := range result.Values() {
							n += len(v)
						}
					}
					if _, err := result.Close(); err != nil || n == 0 {
						b.Fatal(n, err)
					}
					bare += time.Since(begun)
					begun = time.Now()
					rows, err := db.Query(b.Context(), source.Statement{SQL: bench.sql, Timeout: time.Minute, Tag: "q1"})
					if err != nil {
						b.Fatal(err)
					}
					if _, err := drainAll(b.Context(), rows); err != nil {
						b.Fatal(err)
					}
					ours += time.Since(begun)
				}
				b.ReportMetric(float64(ours)/float64(bare), "x-bare")
				b.ReportMetric(float64(ours.Microseconds())/float64(b.N)/1000, "ms-ours")
				b.ReportMetric(float64(bare.Microseconds())/float64(b.N)/1000, "ms-bare")
			})
		})
	}
}
