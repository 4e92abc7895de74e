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
	{"0005_audit", []string{
		// The moment of a record is microseconds since 1970 and the hashes are hex,
		// so that whatever is kept has one spelling and a changed byte is a change.
		`CREATE TABLE audit (
			seq {int} PRIMARY KEY,
			at {int} NOT NULL,
			actor_id TEXT NOT NULL,
			actor TEXT NOT NULL,
			via TEXT NOT NULL,
			address TEXT NOT NULL,
			request TEXT NOT NULL,
			action TEXT {bytewise} NOT NULL,
			object_kind TEXT NOT NULL,
			object_id TEXT NOT NULL,
			object_name TEXT NOT NULL,
			connection_id TEXT NOT NULL,
			outcome TEXT NOT NULL,
			detail TEXT NOT NULL,
			hash TEXT NOT NULL,
			seal TEXT NOT NULL
		) {strict}`,
		`CREATE INDEX audit_actor ON audit (actor_id, seq)`,
		`CREATE INDEX audit_action ON audit (action, seq)`,
		`CREATE INDEX audit_object ON audit (object_kind, object_id, seq)`,
		`CREATE INDEX audit_connection ON audit (connection_id, seq)`,
		`CREATE INDEX audit_outcome ON audit (outcome, seq)`,
		`CREATE INDEX audit_at ON audit (at)`,
		`CREATE TABLE audit_head (
			id {int} PRIMARY KEY CHECK (id = 1),
			seq {int} NOT NULL,
			hash TEXT NOT NULL,
			sealed_to {int} NOT NULL,
			seal TEXT NOT NULL
		) {strict}`,
		`INSERT INTO audit_head (id, seq, hash, sealed_to, seal) VALUES (1, 0, '', 0, '')`,
		`CREATE TABLE audit_seals (
			from_seq {int} PRIMARY KEY,
			to_seq {int} NOT NULL,
			count {int} NOT NULL,
			unsealed {int} NOT NULL,
			first_at {int} NOT NULL,
			last_at {int} NOT NULL,
			hash_before TEXT NOT NULL,
			hash TEXT NOT NULL,
			actions TEXT NOT NULL,
			actors TEXT NOT NULL,
			sealed_at {int} NOT NULL,
			seal TEXT NOT NULL
		) {strict}`,
		// A replacing insert removes the old row without a word to the triggers of
		// DELETE, hence those of INSERT.
		`{sqlite}CREATE TRIGGER audit_update BEFORE UPDATE ON audit
			BEGIN SELECT RAISE(ABORT, 'the audit record is append-only'); END`,
		`{sqlite}CREATE TRIGGER audit_delete BEFORE DELETE ON audit
			WHEN OLD.seq > COALESCE((SELECT sealed_to FROM audit_head WHERE id = 1), 0)
			BEGIN SELECT RAISE(ABORT, 'the audit record is append-only'); END`,
		`{sqlite}CREATE TRIGGER audit_insert BEFORE INSERT ON audit
			WHEN EXISTS (SELECT 1 FROM audit WHERE seq = NEW.seq)
			BEGIN SELECT RAISE(ABORT, 'the audit record is append-only'); END`,
		`{sqlite}CREATE TRIGGER audit_seals_update BEFORE UPDATE ON audit_seals
			BEGIN SELECT RAISE(ABORT, 'the summaries of the audit record are append-only'); END`,
		`{sqlite}CREATE TRIGGER audit_seals_delete BEFORE DELETE ON audit_seals
			BEGIN SELECT RAISE(ABORT, 'the summaries of the audit record are append-only'); END`,
		`{sqlite}CREATE TRIGGER audit_seals_insert BEFORE INSERT ON audit_seals
			WHEN EXISTS (SELECT 1 FROM audit_seals WHERE from_seq = NEW.from_seq)
			BEGIN SELECT RAISE(ABORT, 'the summaries of the audit record are append-only'); END`,
		`{sqlite}CREATE TRIGGER audit_head_update BEFORE UPDATE ON audit_head
			WHEN NEW.id <> OLD.id OR NEW.seq < OLD.seq OR NEW.sealed_to < OLD.sealed_to
			BEGIN SELECT RAISE(ABORT, 'the head of the audit record only moves on'); END`,
		`{sqlite}CREATE TRIGGER audit_head_delete BEFORE DELETE ON audit_head
			BEGIN SELECT RAISE(ABORT, 'the head of the audit record stays'); END`,
		`{sqlite}CREATE TRIGGER audit_head_insert BEFORE INSERT ON audit_head
			BEGIN SELECT RAISE(ABORT, 'the audit record has one head'); END`,
		`{postgres}CREATE FUNCTION audit_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
			BEGIN RAISE EXCEPTION 'the audit record is append-only'; END $$`,
		`{postgres}CREATE FUNCTION audit_refuse_kept() RETURNS trigger LANGUAGE plpgsql AS $$
			DECLARE gone BIGINT;
			BEGIN
				EXECUTE format('SELECT sealed_to FROM %I.audit_head WHERE id = 1', TG_TABLE_SCHEMA) INTO gone;
				IF OLD.seq > COALESCE(gone, 0) THEN
					RAISE EXCEPTION 'the audit record is append-only';
				END IF;
				RETURN OLD;
			END $$`,
		`{postgres}CREATE FUNCTION audit_refuse_back() RETURNS trigger LANGUAGE plpgsql AS $$
			BEGIN
				IF NEW.id <> OLD.id OR NEW.seq < OLD.seq OR NEW.sealed_to < OLD.sealed_to THEN
					RAISE EXCEPTION 'the head of the audit record only moves on';
				END IF;
				RETURN NEW;
			END $$`,
		`{postgres}CREATE TRIGGER audit_update BEFORE UPDATE ON audit FOR EACH ROW EXECUTE FUNCTION audit_refuse()`,
		`{postgres}CREATE TRIGGER audit_delete BEFORE DELETE ON audit FOR EACH ROW EXECUTE FUNCTION audit_refuse_kept()`,
		`{postgres}CREATE TRIGGER audit_truncate BEFORE TRUNCATE ON audit FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse()`,
		`{postgres}CREATE TRIGGER audit_seals_change BEFORE UPDATE OR DELETE ON audit_seals FOR EACH ROW EXECUTE FUNCTION audit_refuse()`,
		`{postgres}CREATE TRIGGER audit_seals_truncate BEFORE TRUNCATE ON audit_seals FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse()`,
		`{postgres}CREATE TRIGGER audit_head_update BEFORE UPDATE ON audit_head FOR EACH ROW EXECUTE FUNCTION audit_refuse_back()`,
		`{postgres}CREATE TRIGGER audit_head_delete BEFORE DELETE ON audit_head FOR EACH ROW EXECUTE FUNCTION audit_refuse()`,
		`{postgres}CREATE TRIGGER audit_head_truncate BEFORE TRUNCATE ON audit_head FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse()`,
	}},
	{"0006_directory", []string{
		`ALTER TABLE people ADD COLUMN user_name TEXT NOT NULL DEFAULT ''`,
		`ALTER TABLE people ADD COLUMN given_name TEXT NOT NULL DEFAULT ''`,
		`ALTER TABLE people ADD COLUMN family_name TEXT NOT NULL DEFAULT ''`,
		`ALTER TABLE people ADD COLUMN full_name TEXT NOT NULL DEFAULT ''`,
		`CREATE UNIQUE INDEX people_user_name ON people (lower(user_name)) WHERE user_name <> ''`,
		`CREATE INDEX people_external ON people (external_id) WHERE external_id <> ''`,
	}},
	// Catalogs that were read before tell nothing of what code a database's owner
	// made; they are read again when they are needed.
	{"0007_catalogs", []string{`DELETE FROM catalogs`}},
	// Dashboards, reports, schedules and alerts, see package saved.
	{"0008_saved", []string{
		`CREATE TABLE saved (
			id TEXT PRIMARY KEY,
			kind TEXT NOT NULL,
			folder_id TEXT NOT NULL DEFAULT '',
			name TEXT NOT NULL,
			description TEXT NOT NULL DEFAULT '',
			body TEXT NOT NULL,
			version {int} NOT NULL,
			created_by TEXT NOT NULL,
			created_at {time} NOT NULL,
			updated_at {time} NOT NULL
		)`,
		`CREATE INDEX saved_kind ON saved (kind, name, id)`,
		`CREATE TABLE saved_versions (
			item_id TEXT NOT NULL REFERENCES saved (id) ON DELETE CASCADE,
			version {int} NOT NULL,
			name TEXT NOT NULL,
			description TEXT NOT NULL DEFAULT '',
			body TEXT NOT NULL,
			saved_by TEXT NOT NULL,
			saved_at {time} NOT NULL,
			PRIMARY KEY (item_id, version)
		)`,
	}},
	// Links for those without an account. The token is never stored; subject is
	// the sharer's attributes and groups as they were.
	{"0009_shares", []string{
		`CREATE TABLE shares (
			id TEXT PRIMARY KEY,
			token_hash TEXT NOT NULL UNIQUE,
			kind TEXT NOT NULL,
			object_id TEXT NOT NULL,
			name TEXT NOT NULL DEFAULT '',
			password_hash TEXT NOT NULL DEFAULT '',
			settings TEXT NOT NULL,
			subject TEXT NOT NULL,
			created_by TEXT NOT NULL REFERENCES people (id) ON DELETE CASCADE,
			created_at {time} NOT NULL,
			expires_at {time} NOT NULL,
			revoked_at {time},
			last_opened_at {time},
			opened {int} NOT NULL DEFAULT 0
		)`,
		`CREATE INDEX shares_object ON shares (kind, object_id)`,
		`CREATE INDEX shares_creator ON shares (created_by)`,
		`CREATE TABLE share_visits (
			id TEXT PRIMARY KEY,
			share_id TEXT NOT NULL REFERENCES shares (id) ON DELETE CASCADE,
			at {time} NOT NULL,
			address TEXT NOT NULL,
			agent TEXT NOT NULL,
			outcome TEXT NOT NULL
		)`,
		`CREATE INDEX share_visits_share ON share_visits (share_id, at)`,
	}},
	// What schedules and alerts did, to whom, how an alert stands, and where
	// administrators let results be sent. A lease says until when a process works
	// on a row; another one takes over what was left.
	{"0010_runs", []string{
		`CREATE TABLE runs (
			id TEXT PRIMARY KEY,
			kind TEXT NOT NULL,
			item_id TEXT NOT NULL REFERENCES saved (id) ON DELETE CASCADE,
			slot {time} NOT NULL,
			cause TEXT NOT NULL,
			by_id TEXT NOT NULL DEFAULT '',
			state TEXT NOT NULL,
			attempt {int} NOT NULL DEFAULT 0,
			lease_until {time},
			lease TEXT NOT NULL DEFAULT '',
			started_at {time},
			ended_at {time},
			message TEXT NOT NULL DEFAULT '',
			log TEXT NOT NULL DEFAULT '',
			facts TEXT NOT NULL DEFAULT '',
			created_at {time} NOT NULL
		)`,
		`CREATE INDEX runs_item ON runs (item_id, created_at, id)`,
		`CREATE INDEX runs_open ON runs (state) WHERE state IN ('waiting', 'running', 'delivering')`,
		`CREATE UNIQUE INDEX runs_slot ON runs (item_id, slot) WHERE cause <> 'now'`,
		`CREATE TABLE deliveries (
			id TEXT PRIMARY KEY,
			run_id TEXT NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
			target TEXT NOT NULL,
			name TEXT NOT NULL DEFAULT '',
			state TEXT NOT NULL,
			attempt {int} NOT NULL DEFAULT 0,
			lease_until {time},
			lease TEXT NOT NULL DEFAULT '',
			next_at {time},
			message TEXT NOT NULL DEFAULT '',
			sent_at {time},
			created_at {time} NOT NULL,
			updated_at {time} NOT NULL
		)`,
		`CREATE UNIQUE INDEX deliveries_target ON deliveries (run_id, target)`,
		`CREATE INDEX deliveries_open ON deliveries (state) WHERE state IN ('pending', 'sending')`,
		`CREATE TABLE due (
			item_id TEXT PRIMARY KEY REFERENCES saved (id) ON DELETE CASCADE,
			version {int} NOT NULL DEFAULT 0,
			next_at {time},
			paused BOOLEAN NOT NULL DEFAULT FALSE,
			stopped TEXT NOT NULL DEFAULT '',
			state TEXT NOT NULL DEFAULT '',
			progress TEXT NOT NULL DEFAULT '',
			silent_until {time},
			updated_at {time} NOT NULL
		)`,
		`CREATE INDEX due_next ON due (next_at)`,
		`CREATE TABLE channels (
			id TEXT PRIMARY KEY,
			name TEXT NOT NULL UNIQUE,
			kind TEXT NOT NULL,
			host TEXT NOT NULL,
			secret {blob} NOT NULL,
			created_by TEXT NOT NULL,
			created_at {time} NOT NULL,
			updated_at {time} NOT NULL
		)`,
	}},
	// Answers that replicas share, and reports frozen with their data.
	{"0011_answers", []string{
		`CREATE TABLE answers (
			key TEXT PRIMARY KEY,
			connection_id TEXT NOT NULL REFERENCES connections (id) ON DELETE CASCADE,
			body {blob} NOT NULL,
			size {int} NOT NULL,
			at {time} NOT NULL,
			used_at {time} NOT NULL
		)`,
		`CREATE INDEX answers_used ON answers (used_at)`,
		`CREATE INDEX answers_connection ON answers (connection_id)`,
		`CREATE TABLE data_versions (
			connection_id TEXT PRIMARY KEY REFERENCES connections (id) ON DELETE CASCADE,
			version {int} NOT NULL,
			changed_at {time} NOT NULL
		)`,
		`CREATE TABLE snapshots (
			id TEXT PRIMARY KEY,
			kind TEXT NOT NULL,
			item_id TEXT NOT NULL REFERENCES saved (id) ON DELETE CASCADE,
			name TEXT NOT NULL DEFAULT '',
			body {blob} NOT NULL,
			view TEXT NOT NULL,
			created_by TEXT NOT NULL,
			created_at {time} NOT NULL
		)`,
		`CREATE INDEX snapshots_item ON snapshots (item_id, created_at)`,
	}},
}
