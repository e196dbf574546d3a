//go:build unix

package peers

import (
	_ "embed"
	"encoding/json"
	"path/filepath"
)

// pyftpdlib is a library; this is a server made with it.
//
//go:embed pyftpdlib.py
var pyftpdlibServer string

func (u setup) pyftpdlib() ([]program, error) {
	openssl, err := u.openssl()
	if err != nil {
		return nil, err
	}
	script, err := u.write("server.py", pyftpdlibServer)
	if err != nil {
		return nil, err
	}
	settings, err := json.Marshal(map[string]any{
		"port": u.explicit, "home": u.Home, "user": u.User, "password": u.Password, "uid": UID, "gid": GID,
		"cert": u.CertFile, "key": u.KeyFile, "passive": []int{passiveFirst, passiveLast}, "clear": u.ClearData,
	})
	if err != nil {
		return nil, err
	}
	file, err := u.write("settings.json", string(settings))
	return []program{{
		args: []string{"/usr/bin/python3", script, file},
		env: []string{
			"PYTHONPATH=" + filepath.Join(u.root, "usr/lib/python3/dist-packages"), "PYTHONDONTWRITEBYTECODE=1",
			"PYTHONWARNINGS=ignore", "OPENSSL_CONF=" + openssl,
		},
		listens: []listen{{u.explicit, false}},
	}}, err
}
