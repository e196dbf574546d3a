// Command bench measures Sealift beside other FTPS servers on this machine:
//
//	go run ./bench           all of it, about half an hour
//	go run ./bench --quick   every workload once, small: a minute
//
// All servers get the same certificate and an equal account, and take turns:
// A B C A B C. What is told is the median and the spread of the server's CPU
// time, with all its processes, of the time on the clock, or of its memory;
// and the ratio to the best of the others. Absolute figures say more about
// the machine than about a server: only ratios of one run count.
//
// The other servers are those that ./scripts/peers brings. SFTPGo is measured
// too when SFTPGO_BIN names its binary.
package main
