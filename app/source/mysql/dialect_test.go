package mysql

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"assay/app/frame"
	"assay/app/source"
)

func TestDialectSpelling(t *testing.T) {
	d := Dialect{}
	for got, want := range map[string]string{
		d.Quote("a`b"):                          "`a``b`",
		d.Placeholder(1, frame.Number):          "?",
		d.Placeholder(2, frame.Date):            "CAST(? AS DATE)",
		d.Placeholder(3, frame.Time):            "CAST(? AS DATETIME(6))",
		d.Trunc("x", source.Day, frame.Time):    "DATE(x)",
		d.Trunc("x", source.Week, frame.Time):   "DATE_SUB(DATE(x), INTERVAL WEEKDAY(x) DAY)",
		d.Trunc("x", source.Minute, frame.Time): "CAST(DATE_FORMAT(x, '%Y-%m-%d %H:%i:00') AS DATETIME)",
		d.Float("x"):                            "((x) + 0E0)",
		d.Bin("x", "2.5"):                       "((x) - MOD(MOD((x), 2.5) + 2.5, 2.5))",
		strings.Join(d.Order("x", false), ", "): "x IS NULL, x",
		strings.Join(d.Order("x", true), ", "):  "x DESC",
		d.Pattern("50%_!", true):                "%50!%!_!!%",
		d.Pattern("a", false):                   "a%",
		d.Contains("x", "?"):                    "(LOWER(x) LIKE LOWER(?) ESCAPE '!')",
	} {
		if got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}

// TestDialectPassesTheGuard: what the dialect spells must stand anywhere and pass.
func TestDialectPassesTheGuard(t *testing.T) {
	d := Dialect{}
	x := d.Quote("t") + "." + d.Quote("wéird `col`")
	expressions := []string{d.Bin(x, "0.25"), d.Float(x), d.Sum(x), d.Contains(x, "?"), d.StartsWith(x, "?")}
	for _, g := range source.Grains {
		expressions = append(expressions, d.Trunc(x, g, frame.Time), d.Trunc(x, g, frame.Date))
	}
	for kind := frame.Other; kind <= frame.Binary; kind++ {
		expressions = append(expressions, d.Placeholder(1, kind))
	}
	for _, e := range expressions {
		for _, sql := range []string{"SELECT " + e + " AS v FROM t", "SELECT 1 + " + e + " * 2 AS v FROM t ORDER BY -" + e, "SELECT COUNT(*) FROM t GROUP BY " + e} {
			if _, err := New().Guard(sql, source.Policy{}); err != nil {
				t.Errorf("%s\n%v", sql, err)
			}
		}
	}
}

// TestMySQL8 says how what only MySQL 8 and later knows is printed.
func TestMySQL8(t *testing.T) {
	for sql, want := range map[string]string{
		"SELECT d->'$.a' AS x, d->>\"$.b\" AS y FROM t":                             "SELECT JSON_EXTRACT(`d`, '$.a') AS `x`, JSON_UNQUOTE(JSON_EXTRACT(`d`, '$.b')) AS `y` FROM `t`",
		"SELECT 1 MEMBER OF ('[1]') AS m":                                           "SELECT 1 MEMBER OF ('[1]') AS `m`",
		"SELECT JSON_VALUE(d, '$.a' RETURNING DECIMAL(6,2) NULL ON ERROR) v FROM t": "SELECT JSON_VALUE(`d`, '$.a' RETURNING DECIMAL(6, 2) NULL ON ERROR) AS `v` FROM `t`",
		"SELECT CAST(d AS JSON) AS j FROM t":                                        "SELECT CAST(`d` AS JSON) AS `j` FROM `t`",
		"TABLE t ORDER BY a LIMIT 2":                                                "TABLE `t` ORDER BY `a` LIMIT 2",
		"VALUES ROW(1, 2), ROW(3, 4) ORDER BY column_0":                             "VALUES ROW(1, 2), ROW(3, 4) ORDER BY `column_0`",
		"SELECT * FROM (VALUES ROW(1, 2)) AS v (a, b)":                              "SELECT * FROM (VALUES ROW(1, 2)) AS `v`(`a`, `b`)",
		"SELECT * FROM t JOIN LATERAL (SELECT * FROM u WHERE u.a = t.a) x ON TRUE":  "SELECT * FROM `t` JOIN LATERAL (SELECT * FROM `u` WHERE `u`.`a` = `t`.`a`) AS `x` ON TRUE",
		"SELECT /*+ HASH_JOIN(t) */ a FROM t":                                       "SELECT /*+ HASH_JOIN(`t`) */ `a` FROM `t`",
		"SELECT /*+ MAX_EXECUTION_TIME(500) */ a FROM t":                            "SELECT `a` FROM `t`",
		"EXPLAIN FORMAT=TREE SELECT a FROM t":                                       "EXPLAIN FORMAT=TREE SELECT `a` FROM `t`",
		"EXPLAIN ANALYZE FORMAT=TREE SELECT a FROM t":                               "EXPLAIN ANALYZE FORMAT=TREE SELECT `a` FROM `t`",
		"SELECT a FROM t EXCEPT ALL SELECT a FROM u":                                "SELECT `a` FROM `t` EXCEPT ALL SELECT `a` FROM `u`",
		"SELECT SUM(a) OVER (ORDER BY d RANGE INTERVAL 7 DAY PRECEDING) s FROM t":   "SELECT SUM(`a`) OVER (ORDER BY `d` RANGE BETWEEN INTERVAL 7 DAY PRECEDING AND CURRENT ROW) AS `s` FROM `t`",
		"SELECT BIN_TO_UUID(id) AS id, REGEXP_LIKE(a, '^x', 'i') AS r FROM t":       "SELECT BIN_TO_UUID(`id`) AS `id`, REGEXP_LIKE(`a`, '^x', 'i') AS `r` FROM `t`",
	} {
		c, err := New().Guard(sql, source.Policy{})
		if err != nil {
			t.Errorf("%s\n%v", sql, err)
			continue
		}
		if diff := cmp.Diff(want, c.SQL); diff != "" {
			t.Errorf("%s (-want +got)\n%s", sql, diff)
		}
	}
}

func TestProducts(t *testing.T) {
	for _, tt := range [][4]string{
		{"10.11.19-MariaDB-0+deb12u1", "Debian 12", "MariaDB", "10.11.19"},
		{"5.5.5-10.6.4-MariaDB", "", "MariaDB", "10.6.4"},
		{"8.0.36", "MySQL Community Server - GPL", "MySQL", "8.0.36"},
		{"8.0.11-TiDB-v7.5.1", "TiDB Server (Apache License 2.0)", "TiDB", "7.5.1"},
		{"8.0.30-Vitess", "Version: 19", "Vitess", "8.0.30"},
		{"8.0.34-PlanetScale", "", "PlanetScale", "8.0.34"},
		{"8.0.35-27", "Percona Server (GPL), Release 27", "Percona Server", "8.0.35"},
	} {
		name, version := (&session{version: tt[0], comment: tt[1]}).product()
		if name != tt[2] || version != tt[3] {
			t.Errorf("%s: %s %s", tt[0], name, version)
		}
	}
}

func TestGrants(t *testing.T) {
	db := &database{config: source.Config{Database: "shop_1"}}
	for _, tt := range []struct {
		name     string
		grants   []string
		can      bool
		warnings int
	}{
		{"reader", []string{"GRANT USAGE ON *.* TO `r`@`%`", "GRANT SELECT, SHOW VIEW ON `shop_1`.* TO `r`@`%`"}, false, 0},
		{"writer", []string{"GRANT SELECT, INSERT ON `shop_1`.* TO `r`@`%`"}, true, 1},
		{"writer by pattern", []string{"GRANT UPDATE ON `shop\\_%`.* TO `r`@`%`"}, true, 1},
		{"writer of a table", []string{"GRANT SELECT, DELETE ON `shop_1`.`t` TO `r`@`%`"}, true, 1},
		{"writer of columns", []string{"GRANT SELECT (a, b), UPDATE (a, `delete`) ON `shop_1`.`t` TO `r`@`%`"}, true, 1},
		{"reader of columns", []string{"GRANT SELECT (`insert`, a) ON `shop_1`.`t` TO `r`@`%`"}, false, 0},
		{"writer elsewhere", []string{"GRANT INSERT ON `other`.* TO `r`@`%`"}, false, 0},
		{"writer of a namesake", []string{"GRANT INSERT ON `shop\\_11`.* TO `r`@`%`"}, false, 0},
		{"admin", []string{"GRANT ALL PRIVILEGES ON *.* TO `r`@`%` WITH GRANT OPTION"}, true, 3},
		{"files", []string{"GRANT SELECT, FILE, PROCESS ON *.* TO `r`@`%`"}, false, 2},
		{"grants of 8.0", []string{"GRANT SELECT, INSERT, UPDATE ON *.* TO `r`@`%`", "GRANT BACKUP_ADMIN ON *.* TO `r`@`%`", "GRANT `role`@`%` TO `r`@`%`"}, true, 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var p source.Probe
			db.judge(&p, tt.grants)
			if p.CanWrite == nil || *p.CanWrite != tt.can || len(p.Warnings) != tt.warnings || (p.Remedy != "") != (tt.warnings > 0) {
				t.Errorf("%v %+v", p.CanWrite, p)
			}
		})
	}
}
