package store

// migrations is the schema's history; an applied step is never edited.
var migrations = []migration{
	{"0001_people", []string{
		`CREATE TABLE people (
			id TEXT PRIMARY KEY,
			email TEXT NOT NULL UNIQUE,
			name TEXT NOT NULL,
			role TEXT NOT NULL,
			password_hash TEXT NOT NULL DEFAULT '',
			disabled BOOLEAN NOT NULL DEFAULT FALSE,
			created_at {time} NOT NULL,
			updated_at {time} NOT NULL
		)`,
		`CREATE TABLE sessions (
			id_hash TEXT PRIMARY KEY,
			person_id TEXT NOT NULL DEFAULT '',
			data {blob} NOT NULL,
			created_at {time} NOT NULL,
			seen_at {time} NOT NULL,
			expires_at {time} NOT NULL
		)`,
		`CREATE INDEX sessions_person ON sessions (person_id)`,
		`CREATE INDEX sessions_expiry ON sessions (expires_at)`,
		`CREATE TABLE links (
			token_hash TEXT PRIMARY KEY,
			purpose TEXT NOT NULL,
			person_id TEXT NOT NULL DEFAULT '',
			created_at {time} NOT NULL,
			expires_at {time} NOT NULL
		)`,
		`CREATE TABLE tokens (
			id TEXT PRIMARY KEY,
			person_id TEXT NOT NULL REFERENCES people (id) ON DELETE CASCADE,
			name TEXT NOT NULL,
			kind TEXT NOT NULL,
			secret_hash TEXT NOT NULL UNIQUE,
			created_at {time} NOT NULL,
			expires_at {time} NOT NULL,
			last_used_at {time}
		)`,
		`CREATE INDEX tokens_person ON tokens (person_id)`,
		`CREATE TABLE keys (
			id TEXT PRIMARY KEY,
			purpose TEXT NOT NULL,
			sealed {blob} NOT NULL,
			created_at {time} NOT NULL
		)`,
	}},
	{"0002_connections", []string{
		`CREATE TABLE connections (
			id TEXT PRIMARY KEY,
			name TEXT NOT NULL UNIQUE,
			kind TEXT NOT NULL,
			config TEXT NOT NULL,
			secret {blob} NOT NULL,
			version {int} NOT NULL,
			sample BOOLEAN NOT NULL DEFAULT FALSE,
			created_by TEXT NOT NULL,
			created_at {time} NOT NULL,
			updated_at {time} NOT NULL
		)`,
		`CREATE TABLE catalogs (
			connection_id TEXT PRIMARY KEY REFERENCES connections (id) ON DELETE CASCADE,
			version {int} NOT NULL,
			body TEXT NOT NULL,
			read_at {time} NOT NULL
		)`,
	}},
	{"0003_questions", []string{
		`CREATE TABLE folders (
			id TEXT PRIMARY KEY,
			name TEXT NOT NULL UNIQUE,
			created_at {time} NOT NULL
		)`,
		`CREATE TABLE questions (
			id TEXT PRIMARY KEY,
			folder_id TEXT NOT NULL DEFAULT '',
			name TEXT NOT NULL,
			description TEXT NOT NULL DEFAULT '',
			connection_id TEXT NOT NULL REFERENCES connections (id),
			body TEXT NOT NULL,
			version {int} NOT NULL,
			created_by TEXT NOT NULL,
			created_at {time} NOT NULL,
			updated_at {time} NOT NULL
		)`,
		`CREATE INDEX questions_folder ON questions (folder_id, name)`,
		`CREATE INDEX questions_connection ON questions (connection_id)`,
		`CREATE TABLE question_versions (
			question_id TEXT NOT NULL REFERENCES questions (id) ON DELETE CASCADE,
			version {int} NOT NULL,
			name TEXT NOT NULL,
			description TEXT NOT NULL,
			body TEXT NOT NULL,
			saved_by TEXT NOT NULL,
			saved_at {time} NOT NULL,
			PRIMARY KEY (question_id, version)
		)`,
		`CREATE TABLE history (
			id TEXT PRIMARY KEY,
			person_id TEXT NOT NULL,
			connection_id TEXT NOT NULL,
			sql TEXT NOT NULL,
			state TEXT NOT NULL,
			row_count {int} NOT NULL,
			elapsed_ms {int} NOT NULL,
			asked_at {time} NOT NULL
		)`,
		`CREATE INDEX history_person ON history (person_id, asked_at)`,
	}},
	{"0004_trust", []string{
		`ALTER TABLE people ADD COLUMN kind TEXT NOT NULL DEFAULT 'person'`,
		`ALTER TABLE people ADD COLUMN attributes TEXT NOT NULL DEFAULT '{}'`,
		`ALTER TABLE people ADD COLUMN valid_from {time}`,
		`ALTER TABLE people ADD COLUMN totp {blob}`,
		`ALTER TABLE people ADD COLUMN totp_used {int} NOT NULL DEFAULT 0`,
		`ALTER TABLE people ADD COLUMN recovery TEXT NOT NULL DEFAULT ''`,
		`ALTER TABLE people ADD COLUMN external_id TEXT NOT NULL DEFAULT ''`,
		`ALTER TABLE people ADD COLUMN managed_by TEXT NOT NULL DEFAULT ''`,
		`ALTER TABLE sessions ADD COLUMN id TEXT NOT NULL DEFAULT ''`,
		`ALTER TABLE sessions ADD COLUMN via TEXT NOT NULL DEFAULT ''`,
		`ALTER TABLE sessions ADD COLUMN address TEXT NOT NULL DEFAULT ''`,
		`ALTER TABLE sessions ADD COLUMN agent TEXT NOT NULL DEFAULT ''`,
		`ALTER TABLE sessions ADD COLUMN proven_at {time}`,
		`ALTER TABLE tokens ADD COLUMN scopes TEXT NOT NULL DEFAULT ''`,
		`ALTER TABLE tokens ADD COLUMN created_by TEXT NOT NULL DEFAULT ''`,
		`CREATE TABLE groups (
			id TEXT PRIMARY KEY,
			name TEXT NOT NULL UNIQUE,
			description TEXT NOT NULL DEFAULT '',
			external_id TEXT NOT NULL DEFAULT '',
			managed_by TEXT NOT NULL DEFAULT '',
			created_at {time} NOT NULL,
			updated_at {time} NOT NULL
		)`,
		`CREATE TABLE members (
			group_id TEXT NOT NULL REFERENCES groups (id) ON DELETE CASCADE,
			person_id TEXT NOT NULL REFERENCES people (id) ON DELETE CASCADE,
			managed_by TEXT NOT NULL DEFAULT '',
			PRIMARY KEY (group_id, person_id)
		)`,
		`CREATE INDEX members_person ON members (person_id)`,
		`CREATE TABLE roles (
			id TEXT PRIMARY KEY,
			name TEXT NOT NULL UNIQUE,
			description TEXT NOT NULL DEFAULT '',
			actions TEXT NOT NULL,
			created_at {time} NOT NULL,
			updated_at {time} NOT NULL
		)`,
		`CREATE TABLE grants (
			id TEXT PRIMARY KEY,
			subject_kind TEXT NOT NULL,
			subject_id TEXT NOT NULL,
			object_kind TEXT NOT NULL,
			object_id TEXT NOT NULL,
			schema_name TEXT NOT NULL DEFAULT '',
			level TEXT NOT NULL,
			created_at {time} NOT NULL,
			UNIQUE (subject_kind, subject_id, object_kind, object_id, schema_name)
		)`,
		`CREATE INDEX grants_object ON grants (object_kind, object_id)`,
		`INSERT INTO grants (id, subject_kind, subject_id, object_kind, object_id, level, created_at)
			SELECT 'everyone-connection-' || id, 'everyone', '', 'connection', id, 'sql', created_at FROM connections`,
		`INSERT INTO grants (id, subject_kind, subject_id, object_kind, object_id, level, created_at)
			SELECT 'everyone-folder-' || id, 'everyone', '', 'folder', id, 'edit', created_at FROM folders`,
		`INSERT INTO grants (id, subject_kind, subject_id, object_kind, object_id, level, created_at)
			VALUES ('everyone-folder-', 'everyone', '', 'folder', '', 'edit', CURRENT_TIMESTAMP)`,
		`CREATE TABLE rules (
			id TEXT PRIMARY KEY,
			connection_id TEXT NOT NULL REFERENCES connections (id) ON DELETE CASCADE,
			subject_kind TEXT NOT NULL,
			subject_id TEXT NOT NULL,
			schema_name TEXT NOT NULL,
			table_name TEXT NOT NULL,
			body TEXT NOT NULL,
			created_by TEXT NOT NULL,
			created_at {time} NOT NULL,
			updated_at {time} NOT NULL
		)`,
		`CREATE INDEX rules_connection ON rules (connection_id)`,
		`CREATE TABLE providers (
			id TEXT PRIMARY KEY,
			kind TEXT NOT NULL,
			name TEXT NOT NULL UNIQUE,
			enabled BOOLEAN NOT NULL DEFAULT TRUE,
			config TEXT NOT NULL,
			secret {blob} NOT NULL,
			created_at {time} NOT NULL,
			updated_at {time} NOT NULL
		)`,
		`CREATE TABLE identities (
			provider_id TEXT NOT NULL,
			subject TEXT NOT NULL,
			person_id TEXT NOT NULL REFERENCES people (id) ON DELETE CASCADE,
			email TEXT NOT NULL DEFAULT '',
			claims TEXT NOT NULL DEFAULT '{}',
			created_at {time} NOT NULL,
			seen_at {time} NOT NULL,
			PRIMARY KEY (provider_id, subject)
		)`,
		`CREATE INDEX identities_person ON identities (person_id)`,
		`CREATE TABLE throttle (
			key_hash TEXT PRIMARY KEY,
			count {int} NOT NULL,
			until {time} NOT NULL
		)`,
	}},
}
