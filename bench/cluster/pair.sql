-- What a pair of ours comes to, sent by pgbench as two transactions: the ceiling of one pair at a time.
\set user random(0, 999)
\set attempt random(1, 9000000000000000)
BEGIN;
SELECT key FROM subjects WHERE org_id = :org AND user_id = '3' || lpad(:user::text, 17, '0') FOR UPDATE \gset
SELECT max_password_attempts FROM policies WHERE owner_kind = 'instance' OR resource_owner = :org;
UPDATE counters SET open = open + 1 WHERE subject = :key AND factor = 'password';
INSERT INTO attempts (id, subject, factor, expire_time) VALUES ('p' || :attempt, :key, 'password', 4000000000000);
COMMIT;
BEGIN;
SELECT key FROM subjects WHERE key = :key FOR UPDATE;
SELECT factor, expire_time, outcome FROM attempts WHERE id = 'p' || :attempt;
SELECT failed, open FROM counters WHERE subject = :key;
UPDATE counters SET open = open - 1, failed = 0 WHERE subject = :key AND factor = 'password';
UPDATE attempts SET outcome = 'succeeded', result = '{}' WHERE id = 'p' || :attempt;
UPDATE subjects SET sequence = sequence + 1 WHERE key = :key RETURNING sequence \gset
WITH head AS (UPDATE log_head SET position = position + 1, date_micros = date_micros + 1 RETURNING position, date_micros)
INSERT INTO events (position, aggregate_type, aggregate_id, resource_owner, sequence, type, editor, creation_micros)
SELECT head.position, 'user', '3' || lpad(:user::text, 17, '0'), :org, :sequence,
  'user.human.password.check.succeeded', 'pgbench', head.date_micros FROM head;
COMMIT;
