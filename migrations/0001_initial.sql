-- What a node holds. Read it with `sqlite3 -readonly node.db` while the node is stopped.
--
-- A ballot is round << 16 | node. The key of a slot's row is group_id << 44 | slot: one integer, so that
-- it is the rowid and rows lie on disk in log order. Checksums and digests are the 64 bits of an XXH64.
-- There are no CHECK constraints and no foreign keys, which would cost on every row: the view `violations`
-- says what holds between rows, and the node itself verifies every checksum when it starts.

-- The migrations this store has been through, with the digest of their text.
CREATE TABLE migration (
  version INTEGER PRIMARY KEY,
  name TEXT NOT NULL,
  digest INTEGER NOT NULL
) STRICT;

-- Whose store this is: one row. The checksum covers all but the format.
CREATE TABLE node (
  cluster TEXT NOT NULL,
  node_id INTEGER NOT NULL,
  store_id INTEGER NOT NULL,
  format INTEGER NOT NULL,
  genesis INTEGER NOT NULL,
  persist_sequence INTEGER NOT NULL,
  checksum INTEGER NOT NULL
) STRICT;

-- The logs the node hosts.
CREATE TABLE groups (
  group_id INTEGER PRIMARY KEY,
  kind TEXT NOT NULL
) STRICT;

-- One row a group from the first day, 0 while nothing is promised: a row that is missing is a row lost.
CREATE TABLE promise (
  group_id INTEGER PRIMARY KEY,
  ballot INTEGER NOT NULL,
  checksum INTEGER NOT NULL
) STRICT;

-- Votes. The checksum covers group, slot, ballot and the digest of the value, which stands last so that
-- the rest is read without following a long value's overflow pages.
CREATE TABLE accepted (
  key INTEGER PRIMARY KEY,
  group_id INTEGER GENERATED ALWAYS AS (key >> 44) VIRTUAL,
  slot INTEGER GENERATED ALWAYS AS (key & 17592186044415) VIRTUAL,
  ballot INTEGER NOT NULL,
  checksum INTEGER NOT NULL,
  value BLOB NOT NULL
) STRICT;

-- Facts: the accepted row with this key is chosen, in this ballot. The value stands there.
CREATE TABLE chosen (
  key INTEGER PRIMARY KEY,
  group_id INTEGER GENERATED ALWAYS AS (key >> 44) VIRTUAL,
  slot INTEGER GENERATED ALWAYS AS (key & 17592186044415) VIRTUAL,
  ballot INTEGER NOT NULL,
  chain INTEGER NOT NULL,
  checksum INTEGER NOT NULL
) STRICT;

-- The configuration of a group from a slot on; slot 0 is the genesis.
CREATE TABLE configuration (
  group_id INTEGER NOT NULL,
  slot INTEGER NOT NULL,
  bytes BLOB NOT NULL,
  checksum INTEGER NOT NULL,
  PRIMARY KEY (group_id, slot)
) STRICT;

-- Snapshots and their chunks: no version writes them yet.
CREATE TABLE snapshot (
  snapshot_id INTEGER PRIMARY KEY,
  group_id INTEGER NOT NULL,
  slot INTEGER NOT NULL,
  chain INTEGER NOT NULL,
  chunks INTEGER NOT NULL,
  is_complete INTEGER NOT NULL,
  digest INTEGER NOT NULL,
  checksum INTEGER NOT NULL
) STRICT;

CREATE TABLE snapshot_chunk (
  snapshot_id INTEGER NOT NULL,
  chunk INTEGER NOT NULL,
  bytes BLOB NOT NULL,
  checksum INTEGER NOT NULL,
  PRIMARY KEY (snapshot_id, chunk)
) STRICT;

-- Every row that carries a ballot.
CREATE VIEW ballots (origin, group_id, slot, ballot) AS
  SELECT 'promise', group_id, NULL, ballot FROM promise WHERE ballot <> 0
  UNION ALL SELECT 'accepted', group_id, slot, ballot FROM accepted
  UNION ALL SELECT 'chosen', group_id, slot, ballot FROM chosen;

-- What must never be, by SQL alone; empty on a healthy node. Of learned values, only those are written
-- whose slot is chosen, so an accepted row that is not chosen is a vote, and no vote is above the promise.
CREATE VIEW violations (kind, group_id, slot, detail) AS
  SELECT 'node-rows', NULL, NULL, 'node has ' || n || ' rows, not 1'
    FROM (SELECT count(*) AS n FROM node) WHERE n <> 1
  UNION ALL
  SELECT 'node-range', NULL, NULL, 'node ' || node_id || ', store ' || store_id || ', persist sequence '
      || persist_sequence
    FROM node WHERE node_id NOT BETWEEN 1 AND 32767 OR store_id < 0 OR persist_sequence < 0
  UNION ALL
  SELECT 'format', NULL, NULL, 'node says format ' || format || ', its last migration is ' || latest
    FROM node, (SELECT coalesce(max(version), 0) AS latest FROM migration) WHERE format <> latest
  UNION ALL
  SELECT 'unknown-group', group_id, NULL, 'promise of a group that is not in groups'
    FROM promise WHERE group_id NOT IN (SELECT group_id FROM groups)
  UNION ALL
  SELECT 'unknown-group', group_id, slot, 'accepted row of a group that is not in groups'
    FROM accepted WHERE group_id NOT IN (SELECT group_id FROM groups)
  UNION ALL
  SELECT 'unknown-group', group_id, slot, 'chosen row of a group that is not in groups'
    FROM chosen WHERE group_id NOT IN (SELECT group_id FROM groups)
  UNION ALL
  SELECT 'unknown-group', group_id, slot, 'configuration of a group that is not in groups'
    FROM configuration WHERE group_id NOT IN (SELECT group_id FROM groups)
  UNION ALL
  SELECT 'no-promise', group_id, NULL, 'the group has no promise row'
    FROM groups WHERE group_id NOT IN (SELECT group_id FROM promise)
  UNION ALL
  SELECT 'no-genesis', group_id, NULL, 'the group has no configuration at slot 0'
    FROM groups WHERE group_id NOT IN (SELECT group_id FROM configuration WHERE slot = 0)
  UNION ALL
  SELECT 'slot-zero', group_id, slot, 'accepted row at slot 0' FROM accepted WHERE slot = 0
  UNION ALL
  SELECT 'slot-zero', group_id, slot, 'chosen row at slot 0' FROM chosen WHERE slot = 0
  UNION ALL
  SELECT 'ballot-range', group_id, slot, origin || ' ballot ' || (ballot >> 16) || '.' || (ballot & 65535)
    FROM ballots
    WHERE ballot >> 16 NOT BETWEEN 1 AND 70368744177663 OR ballot & 65535 NOT BETWEEN 1 AND 32767
  UNION ALL
  SELECT 'empty-value', group_id, slot, 'accepted value without a byte' FROM accepted WHERE length(value) = 0
  UNION ALL
  SELECT 'chosen-without-accepted', group_id, slot, 'no accepted row holds the chosen value'
    FROM chosen WHERE key NOT IN (SELECT key FROM accepted)
  UNION ALL
  SELECT 'chosen-gap', group_id, slot, 'slot ' || (slot - 1) || ' is not chosen'
    FROM chosen WHERE slot > 1 AND key - 1 NOT IN (SELECT key FROM chosen)
  UNION ALL
  SELECT 'chosen-above-accepted', chosen.group_id, chosen.slot, 'chosen in ballot '
      || (chosen.ballot >> 16) || '.' || (chosen.ballot & 65535) || ', accepted in '
      || (accepted.ballot >> 16) || '.' || (accepted.ballot & 65535)
    FROM chosen JOIN accepted USING (key) WHERE chosen.ballot > accepted.ballot
  UNION ALL
  SELECT 'accepted-above-promise', accepted.group_id, accepted.slot, 'accepted in ballot '
      || (accepted.ballot >> 16) || '.' || (accepted.ballot & 65535) || ', promised '
      || (promise.ballot >> 16) || '.' || (promise.ballot & 65535)
    FROM accepted JOIN promise ON promise.group_id = accepted.group_id
    WHERE accepted.ballot > promise.ballot AND accepted.key NOT IN (SELECT key FROM chosen);
