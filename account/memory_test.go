package account_test

import (
	"testing"

	"github.com/sealift/sealift/account"
	"github.com/sealift/sealift/account/accounttest"
)

func TestMemory(t *testing.T) {
	accounttest.Run(t, func(*testing.T) (store, other accounttest.Store) {
		m := account.NewMemory()
		return m, m
	})
}
