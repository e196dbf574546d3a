// Package peers starts the FTPS servers of other people, so that tests and
// measurements can talk with what is out there: vsftpd, ProFTPD, Pure-FTPd and
// pyftpdlib, as Debian 12 ships them. ./scripts/peers brings them; they need
// Linux, root, and nothing of the machine's configuration.
//
// A server listens on loopback, demands TLS on both connections, and has one
// account with a writable home. It ends with Close, or when the program that
// started it ends in whatever way.
package peers
