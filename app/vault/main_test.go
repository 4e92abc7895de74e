package vault_test

import (
	"context"
	"os"
	"testing"

	"assay/app/source/sourcetest"
	"assay/app/store"
	"assay/app/vault"
)

func TestMain(m *testing.M) {
	if dir := os.Getenv("ASSAY_TEST_ROTATE"); dir != "" {
		rotateUntilKilled(dir)
	}
	sourcetest.Main(m)
}

// rotateUntilKilled is what a child process of TestKilledRotationsLoseNothing does.
func rotateUntilKilled(dir string) {
	ctx := context.Background()
	key, _, _, err := vault.LoadKey(dir)
	if err == nil {
		var s *store.Store
		if s, err = store.Open(ctx, "", dir); err == nil {
			var v *vault.Vault
			if v, err = vault.Open(ctx, s, key, vault.Folder(dir)); err == nil {
				vault.Hurry(v)
				os.Stdout.WriteString("ready\n")
				for err == nil {
					if _, err = v.RotateMaster(ctx); err == nil {
						_, err = v.Rotate(ctx)
					}
				}
			}
		}
	}
	os.Stderr.WriteString(err.Error() + "\n")
	os.Exit(1)
}
