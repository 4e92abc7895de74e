package account

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/uptrace/bun"

	"assay/app/fault"
)
