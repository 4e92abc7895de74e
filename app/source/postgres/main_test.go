package postgres

import (
	"testing"

	"assay/app/source/sourcetest"
)

func TestMain(m *testing.M) { sourcetest.Main(m) }
