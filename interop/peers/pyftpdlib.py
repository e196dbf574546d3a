"""An FTPS server of pyftpdlib for one account."""

import json
import logging
import os
import sys

from pyftpdlib.authorizers import DummyAuthorizer
from pyftpdlib.handlers import TLS_FTPHandler
from pyftpdlib.servers import FTPServer

with open(sys.argv[1]) as f:
    settings = json.load(f)
logging.basicConfig(level=logging.INFO)

authorizer = DummyAuthorizer()
authorizer.add_user(settings["user"], settings["password"], settings["home"], perm="elradfmwMT")

handler = TLS_FTPHandler
handler.authorizer = authorizer
handler.certfile = settings["cert"]
handler.keyfile = settings["key"]
handler.tls_control_required = True
handler.tls_data_required = not settings["clear"]
handler.passive_ports = range(settings["passive"][0], settings["passive"][1] + 1)
handler.max_login_attempts = 10
handler.auth_failed_timeout = 0
# The certificate is read while its owner still runs this.
handler.ssl_context = handler.get_ssl_context()

server = FTPServer(("127.0.0.1", settings["port"]), handler)
server.max_cons = 0
server.max_cons_per_ip = 0
os.setgroups([])
os.setgid(settings["gid"])
os.setuid(settings["uid"])
os.umask(0o022)
server.serve_forever(handle_exit=False)
