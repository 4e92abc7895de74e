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
}
