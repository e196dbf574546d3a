"""Works with one FTPS server the way scripts built on ftplib do."""
import ftplib
import json
import ssl
import sys


class Implicit(ftplib.FTP_TLS):
    """ftplib has only explicit FTPS; this is the usual way round that."""

    _sock = None

    @property
    def sock(self):
        return self._sock

    @sock.setter
    def sock(self, value):
        if value is not None and not isinstance(value, ssl.SSLSocket):
            value = self.context.wrap_socket(value, server_hostname=self.host)
        self._sock = value


def connect(task):
    context = ssl.create_default_context(cafile=task["ca"])
    version = {"1.2": ssl.TLSVersion.TLSv1_2, "1.3": ssl.TLSVersion.TLSv1_3}[task["tls"]]
    context.minimum_version = context.maximum_version = version
    kind = Implicit if task["implicit"] else ftplib.FTP_TLS
    ftp = kind(context=context, timeout=60)
    ftp.connect(task["host"], int(task["port"]))
    ftp.login(task["user"], task["password"])
    ftp.prot_p()
    ftp.set_pasv(task["passive"])
    return ftp


def expect(want, got):
    if want != got:
        sys.exit(f"got {got!r}, want {want!r}")


def upload(ftp, path, name, offset=None):
    with open(path, "rb") as file:
        file.seek(offset or 0)
        ftp.storbinary("STOR " + name, file, rest=offset)


def work(ftp, sent, got, half):
    expect("/in", ftp.mkd("in"))
    ftp.cwd("in")
    expect("/in", ftp.pwd())
    upload(ftp, sent, "a b.bin")
    ftp.sendcmd("MFMT 20210304050607 a b.bin")
    expect("213 20210304050607", ftp.sendcmd("MDTM a b.bin"))
    expect(1 << 20, ftp.size("a b.bin"))
    expect(["a b.bin"], ftp.nlst())
    facts = dict(ftp.mlsd(facts=["type", "size", "modify"]))["a b.bin"]
    expect({"type": "file", "size": "1048576", "modify": "20210304050607"}, facts)
    lines = []
    ftp.dir(lines.append)
    expect(["a b.bin"], [line[-7:] for line in lines])
    with open(got, "wb") as file:
        ftp.retrbinary("RETR a b.bin", file.write)
    with open(half, "ab") as file:
        ftp.retrbinary("RETR a b.bin", file.write, rest=500_000)
    ftp.cwd("/")
    upload(ftp, sent, "rest.bin", offset=500_001)
    for i in range(10):
        upload(ftp, sent, f"many{i}.bin")
    ftp.rename("many0.bin", "moved.bin")
    ftp.delete("moved.bin")
    ftp.mkd("gone")
    ftp.rmd("gone")
    try:
        ftp.size("gone")
        sys.exit("gone has a size")
    except ftplib.error_perm as refusal:
        expect("550", str(refusal)[:3])


def refused(ftp):
    try:
        ftp.nlst()
    except OSError:
        # The data connection was cut, without a close_notify that would make
        # it an empty listing. The reply says why.
        ftp.voidresp()


if __name__ == "__main__":
    task = json.load(sys.stdin)
    with connect(task) as ftp:
        if task["files"]:
            work(ftp, **task["files"])
        else:
            try:
                refused(ftp)
                sys.exit("a data connection that resumed nothing was taken")
            except ftplib.error_perm as refusal:
                print(refusal)
