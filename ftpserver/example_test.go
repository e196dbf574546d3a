package ftpserver_test

import (
	"context"
	"crypto/tls"
	"log"
	"net"
	"os/signal"
	"syscall"

	"github.com/sealift/sealift/ftpserver"
	"github.com/sealift/sealift/storage"
	"github.com/sealift/sealift/storage/local"
)

// oneUser is a Backend: the one method that an embedder writes.
type oneUser struct{ files storage.FS }

func (b oneUser) Login(_ context.Context, c ftpserver.Credentials) (ftpserver.Grant, error) {
	if !c.HasPassword || c.User != "alice" || c.Password != "secret" {
		return ftpserver.Grant{}, ftpserver.ErrRefused
	}
	return ftpserver.Grant{Files: b.files, Perm: ftpserver.PermAll}, nil
}

// A server of one account, on port 2121, that ends in order: running
// transfers are done first.
func Example() {
	files, err := local.Open("/srv/ftp", local.Options{Owner: "alice"})
	if err != nil {
		log.Fatal(err)
	}
	pair, err := tls.LoadX509KeyPair("server.pem", "server.key")
	if err != nil {
		log.Fatal(err)
	}
	server := ftpserver.New(oneUser{files}, ftpserver.Config{
		TLS:          &tls.Config{Certificates: []tls.Certificate{pair}},
		PassivePorts: ftpserver.PortRange{First: 50000, Last: 50999},
	})
	listener, err := net.Listen("tcp", ":2121")
	if err != nil {
		log.Fatal(err)
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, func() { server.Shutdown(context.Background()) })
	if err := server.Serve(listener); err != ftpserver.ErrServerClosed {
		log.Fatal(err)
	}
}
