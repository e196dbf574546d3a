-- +goose Up
CREATE TABLE account (
    name                  TEXT NOT NULL PRIMARY KEY,
    password_hash         TEXT NOT NULL,    -- '' matches no password
    home                  TEXT NOT NULL,
    permissions           TEXT NOT NULL,    -- names with commas
    mounts                TEXT NOT NULL,    -- JSON: ["/in=/srv/in:read-only"]
    quota_bytes           INTEGER NOT NULL, -- here and below: 0 is no limit
    quota_files           INTEGER NOT NULL,
    upload_rate           INTEGER NOT NULL, -- bytes per second
    download_rate         INTEGER NOT NULL,
    max_sessions          INTEGER NOT NULL,
    disabled              INTEGER NOT NULL, -- 0 or 1
    expires               INTEGER,          -- microseconds since 1970 in UTC; NULL: never
    administrator         INTEGER NOT NULL,
    policy                TEXT NOT NULL,    -- JSON: {"policy.ccc": "allow"}
    ascii_off             INTEGER NOT NULL,
    certificate_rules     TEXT NOT NULL,    -- JSON: ["cn:alice"]
    certificate_reply_331 INTEGER NOT NULL,
    created               INTEGER NOT NULL, -- microseconds, as above
    changed               INTEGER NOT NULL
) STRICT;

-- account.certificate_rules once more, to find the account by a rule.
CREATE TABLE certificate_rule (
    rule    TEXT NOT NULL,
    account TEXT NOT NULL REFERENCES account (name) ON DELETE CASCADE,
    PRIMARY KEY (rule, account)
) STRICT;
CREATE INDEX certificate_rule_account ON certificate_rule (account);

CREATE TABLE setting (
    name  TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
) STRICT;

-- One row: how many changes of accounts there have been, whoever made them.
CREATE TABLE revision (
    number INTEGER NOT NULL
) STRICT;
INSERT INTO revision (number) VALUES (0);

-- +goose StatementBegin
CREATE TRIGGER account_added AFTER INSERT ON account
BEGIN
    UPDATE revision SET number = number + 1;
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER account_changed AFTER UPDATE ON account
BEGIN
    UPDATE revision SET number = number + 1;
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER account_removed AFTER DELETE ON account
BEGIN
    UPDATE revision SET number = number + 1;
END;
-- +goose StatementEnd

-- +goose Down
DROP TABLE revision;
DROP TABLE setting;
DROP TABLE certificate_rule;
DROP TABLE account;
