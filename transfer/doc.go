// Package transfer moves files and trees between here and one FTPS server, so
// that what arrives is whole, what breaks can be gone on with, also after a
// restart of the machine, and nothing is written outside of where it should.
//
// An Engine does the work, on the connections of a ftpclient.Pool: Get, Put,
// and for trees that shall become equal Compare and Apply. A Journal remembers
// what has not been finished.
//
// No goroutine waits for a second connection while it holds one, so that any
// number of connections that a server allows, even one, is enough.
package transfer
