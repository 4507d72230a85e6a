-- The schema of version 4, as it was made by the program of that version.
BEGIN TRANSACTION;
CREATE TABLE access_requests (
	id VARCHAR NOT NULL, 
	package_id VARCHAR NOT NULL, 
	requester VARCHAR NOT NULL, 
	asked_at DATETIME NOT NULL, 
	state VARCHAR NOT NULL, 
	decided_at DATETIME, 
	PRIMARY KEY (id), 
	FOREIGN KEY(package_id) REFERENCES packages (id)
);
CREATE TABLE contents (
	id VARCHAR NOT NULL, 
	inline BLOB, 
	place VARCHAR, 
	size INTEGER NOT NULL, 
	created_at DATETIME NOT NULL, 
	PRIMARY KEY (id)
);
CREATE TABLE correspondence (
	sender VARCHAR NOT NULL, 
	recipient VARCHAR NOT NULL, 
	times INTEGER NOT NULL, 
	last_at DATETIME NOT NULL, 
	PRIMARY KEY (sender, recipient)
);
CREATE TABLE decided (
	id INTEGER NOT NULL, 
	at DATETIME NOT NULL, 
	policy VARCHAR NOT NULL, 
	facts VARCHAR NOT NULL, 
	PRIMARY KEY (id)
);
CREATE TABLE events (
	id INTEGER NOT NULL, 
	at DATETIME NOT NULL, 
	act VARCHAR NOT NULL, 
	package_id VARCHAR, 
	actor VARCHAR NOT NULL, 
	subject VARCHAR NOT NULL, 
	ip VARCHAR NOT NULL, 
	agent VARCHAR NOT NULL, 
	detail VARCHAR NOT NULL, 
	policy VARCHAR NOT NULL, 
	PRIMARY KEY (id)
);
CREATE TABLE grants (
	id INTEGER NOT NULL, 
	package_id VARCHAR NOT NULL, 
	address VARCHAR NOT NULL, 
	folded VARCHAR NOT NULL, 
	visible BOOLEAN NOT NULL, 
	notify BOOLEAN NOT NULL, 
	reports BOOLEAN NOT NULL, 
	state VARCHAR NOT NULL, 
	notice VARCHAR NOT NULL, 
	added_at DATETIME NOT NULL, 
	opened_at DATETIME, 
	downloads INTEGER NOT NULL, 
	PRIMARY KEY (id), 
	UNIQUE (package_id, address), 
	FOREIGN KEY(package_id) REFERENCES packages (id)
);
CREATE TABLE guesses (
	mark BLOB NOT NULL, 
	failures INTEGER NOT NULL, 
	failed_at DATETIME NOT NULL, 
	turn_at DATETIME, 
	PRIMARY KEY (mark)
);
CREATE TABLE hold_approvers (
	hold_id VARCHAR NOT NULL, 
	address VARCHAR NOT NULL, 
	PRIMARY KEY (hold_id, address), 
	FOREIGN KEY(hold_id) REFERENCES holds (id)
);
CREATE TABLE holds (
	id VARCHAR NOT NULL, 
	reference VARCHAR NOT NULL, 
	owner VARCHAR NOT NULL, 
	state VARCHAR NOT NULL, 
	revision INTEGER NOT NULL, 
	held_at DATETIME NOT NULL, 
	expires_at DATETIME NOT NULL, 
	asked_at DATETIME, 
	settled_at DATETIME, 
	settled_by VARCHAR NOT NULL, 
	package_id VARCHAR, 
	mark BLOB NOT NULL, 
	size INTEGER NOT NULL, 
	content_id VARCHAR, 
	wrapped BLOB, 
	summary BLOB NOT NULL, 
	slip BLOB NOT NULL, 
	answer BLOB NOT NULL, 
	policy VARCHAR NOT NULL, 
	because VARCHAR NOT NULL, 
	PRIMARY KEY (id), 
	UNIQUE (reference), 
	FOREIGN KEY(content_id) REFERENCES contents (id)
);
CREATE TABLE known_places (
	mark BLOB NOT NULL, 
	seen_at DATETIME NOT NULL, 
	PRIMARY KEY (mark)
);
CREATE TABLE meta (
	name VARCHAR NOT NULL, 
	value VARCHAR NOT NULL, 
	PRIMARY KEY (name)
);
INSERT INTO "meta" VALUES('schema_version','4');
CREATE TABLE mta_sts_policies (
	domain VARCHAR NOT NULL, 
	id VARCHAR NOT NULL, 
	mode VARCHAR NOT NULL, 
	hosts VARCHAR NOT NULL, 
	until DATETIME NOT NULL, 
	PRIMARY KEY (domain)
);
CREATE TABLE outbox (
	id VARCHAR NOT NULL, 
	kind VARCHAR NOT NULL, 
	address VARCHAR NOT NULL, 
	package_id VARCHAR, 
	content_id VARCHAR, 
	wrapped BLOB, 
	payload BLOB NOT NULL, 
	state VARCHAR NOT NULL, 
	status VARCHAR NOT NULL, 
	urgency INTEGER NOT NULL, 
	attempts INTEGER NOT NULL, 
	delayed BOOLEAN NOT NULL, 
	warned BOOLEAN NOT NULL, 
	sender_domain VARCHAR NOT NULL, 
	queued_at DATETIME NOT NULL, 
	available_at DATETIME NOT NULL, 
	finished_at DATETIME, 
	lease VARCHAR NOT NULL, 
	leased_by VARCHAR NOT NULL, 
	leased_until DATETIME, 
	PRIMARY KEY (id), 
	FOREIGN KEY(package_id) REFERENCES packages (id), 
	FOREIGN KEY(content_id) REFERENCES contents (id)
);
CREATE TABLE packages (
	id VARCHAR NOT NULL, 
	reference VARCHAR NOT NULL, 
	author VARCHAR NOT NULL, 
	owner VARCHAR NOT NULL, 
	sealed_at DATETIME NOT NULL, 
	expires_at DATETIME, 
	not_before DATETIME, 
	reply_allowed BOOLEAN NOT NULL, 
	view_only BOOLEAN NOT NULL, 
	sign_in VARCHAR NOT NULL, 
	protection VARCHAR NOT NULL, 
	conversation VARCHAR NOT NULL, 
	message_mark BLOB, 
	size INTEGER NOT NULL, 
	content_id VARCHAR, 
	wrapped BLOB, 
	summary BLOB NOT NULL, 
	policy VARCHAR NOT NULL, 
	because VARCHAR NOT NULL, 
	PRIMARY KEY (id), 
	UNIQUE (reference), 
	FOREIGN KEY(content_id) REFERENCES contents (id)
);
CREATE TABLE policy_acts (
	id INTEGER NOT NULL, 
	at DATETIME NOT NULL, 
	act VARCHAR NOT NULL, 
	digest VARCHAR NOT NULL, 
	previous VARCHAR NOT NULL, 
	"by" VARCHAR NOT NULL, 
	why VARCHAR NOT NULL, 
	PRIMARY KEY (id)
);
CREATE TABLE policy_versions (
	digest VARCHAR NOT NULL, 
	stored_at DATETIME NOT NULL, 
	content BLOB NOT NULL, 
	PRIMARY KEY (digest)
);
CREATE TABLE receipts (
	mark BLOB NOT NULL, 
	accepted_at DATETIME NOT NULL, 
	reference VARCHAR NOT NULL, 
	package_id VARCHAR, 
	PRIMARY KEY (mark)
);
CREATE TABLE sessions (
	token BLOB NOT NULL, 
	id VARCHAR NOT NULL, 
	identity VARCHAR NOT NULL, 
	begun_at DATETIME NOT NULL, 
	seen_at DATETIME NOT NULL, 
	ip VARCHAR NOT NULL, 
	agent VARCHAR NOT NULL, 
	PRIMARY KEY (token), 
	UNIQUE (id)
);
CREATE TABLE sign_in_codes (
	id VARCHAR NOT NULL, 
	address VARCHAR NOT NULL, 
	folded VARCHAR NOT NULL, 
	visit BLOB NOT NULL, 
	code BLOB NOT NULL, 
	asked_at DATETIME NOT NULL, 
	expires_at DATETIME NOT NULL, 
	used_at DATETIME, 
	tries INTEGER NOT NULL, 
	network VARCHAR NOT NULL, 
	PRIMARY KEY (id)
);
CREATE TABLE sign_in_failures (
	folded VARCHAR NOT NULL, 
	failures INTEGER NOT NULL, 
	failed_at DATETIME NOT NULL, 
	disabled_until DATETIME, 
	PRIMARY KEY (folded)
);
CREATE TABLE user_aliases (
	address VARCHAR NOT NULL, 
	folded VARCHAR NOT NULL, 
	user VARCHAR NOT NULL, 
	PRIMARY KEY (address), 
	UNIQUE (folded), 
	FOREIGN KEY(user) REFERENCES users (address) ON DELETE CASCADE
);
CREATE TABLE users (
	address VARCHAR NOT NULL, 
	folded VARCHAR NOT NULL, 
	password VARCHAR NOT NULL, 
	added_at DATETIME NOT NULL, 
	PRIMARY KEY (address), 
	UNIQUE (folded)
);
CREATE INDEX ix_policy_acts_act ON policy_acts (act);
CREATE INDEX ix_policy_acts_digest ON policy_acts (digest);
CREATE UNIQUE INDEX policy_acts_refused_once ON policy_acts (digest) WHERE act = 'refused';
CREATE INDEX ix_decided_at ON decided (at);
CREATE INDEX ix_receipts_accepted_at ON receipts (accepted_at);
CREATE INDEX ix_mta_sts_policies_until ON mta_sts_policies (until);
CREATE INDEX ix_sign_in_codes_visit ON sign_in_codes (visit);
CREATE INDEX sign_in_codes_by_network ON sign_in_codes (network, asked_at);
CREATE INDEX sign_in_codes_by_address ON sign_in_codes (folded, asked_at);
CREATE INDEX ix_sessions_identity ON sessions (identity);
CREATE INDEX ix_guesses_failed_at ON guesses (failed_at);
CREATE INDEX ix_known_places_seen_at ON known_places (seen_at);
CREATE INDEX events_by_package ON events (package_id, at);
CREATE INDEX correspondence_by_day ON correspondence (last_at);
CREATE INDEX ix_user_aliases_user ON user_aliases (user);
CREATE INDEX holds_by_owner ON holds (owner, held_at);
CREATE INDEX holds_due ON holds (state, expires_at);
CREATE INDEX ix_holds_mark ON holds (mark);
CREATE INDEX ix_holds_content_id ON holds (content_id);
CREATE INDEX ix_packages_conversation ON packages (conversation);
CREATE INDEX packages_by_owner ON packages (owner, sealed_at);
CREATE INDEX ix_packages_content_id ON packages (content_id);
CREATE INDEX ix_packages_message_mark ON packages (message_mark);
CREATE INDEX ix_hold_approvers_address ON hold_approvers (address);
CREATE INDEX ix_grants_folded ON grants (folded);
CREATE INDEX ix_grants_address ON grants (address);
CREATE INDEX ix_access_requests_requester ON access_requests (requester);
CREATE UNIQUE INDEX access_requests_pending ON access_requests (package_id, requester) WHERE state = 'pending';
CREATE INDEX outbox_due ON outbox (state, urgency, available_at);
CREATE INDEX ix_outbox_content_id ON outbox (content_id);
CREATE INDEX ix_outbox_package_id ON outbox (package_id);
COMMIT;
