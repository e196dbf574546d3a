// Package ftpclient speaks FTP as a client: over TLS unless the caller asks
// for clear text, with uploads that arrive whole and downloads that are known
// to be whole.
//
//	c, err := ftpclient.Dial(ctx, "ftp.example.org", ftpclient.Options{User: "alice", Password: "secret"})
//	if err != nil {
//		return err
//	}
//	defer c.Close()
//	_, err = c.Store(ctx, "report.pdf", 0, file)
//
// A Conn does one thing at a time: while a file that Retrieve opened is not
// closed, or the loop over List is not over, other calls give ErrBusy. Work
// that goes side by side takes several connections from a Pool.
//
// What it insists on:
//
//   - It never falls back to clear text. A server that refuses AUTH is
//     ErrTLSRefused, and bytes that follow the reply to AUTH unasked are
//     ErrPipelinedReply.
//   - The certificate is checked on the control connection: the chain and the
//     host name, or a pin, or Options.Verify. A data connection resumes a
//     session of its control connection, or shows the same certificate.
//   - A download ends with close_notify and a positive reply, or it is an
//     InterruptedError that says how much came.
//   - An upload is whole only if Store returns nil: the connection was ended
//     in a way that no reset can cut, and the server said that it has it.
//   - Text of a caller never becomes a second command, and names from a
//     server never lead out of the folder that was listed.
//
// Errors can be told apart with errors.Is and errors.As: ReplyError,
// ConnectError, TLSError, CertificateError, HostnameError, InterruptedError,
// and the variables that begin with Err.
package ftpclient
