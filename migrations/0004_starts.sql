-- One process per node. Each start of a node makes a row, which a copy of the store does not have: so two processes
-- that run from two copies of one store are told apart.

-- The starts of this node, the latest last; those before the last thousand are forgotten. `process` is a random number
-- of the process, `began_at` the persist sequence of the store when it started.
CREATE TABLE start (
  incarnation INTEGER PRIMARY KEY,
  process INTEGER NOT NULL,
  began_at INTEGER NOT NULL,
  checksum INTEGER NOT NULL
) STRICT;

-- Why this node must not run any more: at most one row, and the last thing that is written into this store.
CREATE TABLE fence (
  reason TEXT NOT NULL,
  checksum INTEGER NOT NULL
) STRICT;

-- Which start of the node was seen last, and whether that process votes; NULL where none was, which is what the nodes of
-- older versions say.
ALTER TABLE witness ADD COLUMN incarnation INTEGER;
ALTER TABLE witness ADD COLUMN process INTEGER;
ALTER TABLE witness ADD COLUMN began_at INTEGER;
ALTER TABLE witness ADD COLUMN is_voting INTEGER;

-- As before, and what holds of these.
DROP VIEW violations;
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
  SELECT 'unknown-group', group_id, slot, 'floor of a group that is not in groups'
    FROM floor WHERE group_id NOT IN (SELECT group_id FROM groups)
  UNION ALL
  SELECT 'unknown-group', group_id, slot, 'snapshot of a group that is not in groups'
    FROM snapshot WHERE group_id NOT IN (SELECT group_id FROM groups)
  UNION ALL
  SELECT 'no-promise', group_id, NULL, 'the group has no promise row'
    FROM groups WHERE group_id NOT IN (SELECT group_id FROM promise)
  UNION ALL
  SELECT 'no-floor', group_id, NULL, 'the group has no floor row'
    FROM groups WHERE group_id NOT IN (SELECT group_id FROM floor)
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
  SELECT 'floor-above-snapshot', group_id, slot, 'the latest complete snapshot stands at slot ' || latest
    FROM (SELECT group_id, slot, (SELECT coalesce(max(snapshot.slot), 0) FROM snapshot
        WHERE snapshot.group_id = floor.group_id AND is_complete = 1) AS latest FROM floor)
    WHERE slot > latest
  UNION ALL
  SELECT 'snapshot-range', group_id, slot, 'snapshot ' || snapshot_id || ' has ' || byte_count
      || ' bytes, is_complete ' || is_complete
    FROM snapshot
    WHERE snapshot_id NOT BETWEEN 1 AND 2147483647 OR slot NOT BETWEEN 1 AND 17592186044415 OR byte_count < 0
      OR is_complete NOT IN (0, 1)
  UNION ALL
  SELECT 'snapshot-chunks', group_id, slot, 'complete snapshot ' || snapshot_id || ' has ' || found
      || ' chunks, not ' || wanted
    FROM (SELECT group_id, slot, snapshot_id, (byte_count + 65535) / 65536 AS wanted,
        (SELECT count(*) FROM snapshot_chunk
          WHERE key BETWEEN snapshot.snapshot_id << 32 AND snapshot.snapshot_id << 32 | 4294967295) AS found
      FROM snapshot WHERE is_complete = 1)
    WHERE found <> wanted
  UNION ALL
  SELECT 'witness-range', NULL, NULL, 'node ' || node_id || ', store ' || store_id || ', persist sequence '
      || persist_sequence
    FROM witness WHERE node_id NOT BETWEEN 1 AND 32767 OR store_id < 0 OR persist_sequence < 0
  UNION ALL
  SELECT 'witness-start', NULL, NULL, 'what was seen of the starts of node ' || node_id || ' is not whole'
    FROM witness
    WHERE (incarnation IS NULL) <> (process IS NULL) OR (incarnation IS NULL) <> (began_at IS NULL)
      OR (incarnation IS NULL) <> (is_voting IS NULL) OR is_voting NOT IN (0, 1)
  UNION ALL
  SELECT 'start-range', NULL, NULL, 'start ' || incarnation || ', process ' || process || ', began at ' || began_at
    FROM start WHERE incarnation < 1 OR process < 0 OR began_at < 0
  UNION ALL
  SELECT 'start-gap', NULL, NULL, 'start ' || (incarnation + 1) || ' is missing'
    FROM start
    WHERE incarnation < (SELECT max(incarnation) FROM start)
      AND incarnation + 1 NOT IN (SELECT incarnation FROM start)
  UNION ALL
  SELECT 'start-order', NULL, NULL, 'start ' || later.incarnation || ' began at ' || later.began_at
      || ', the one before at ' || start.began_at
    FROM start JOIN start AS later ON later.incarnation = start.incarnation + 1
    WHERE later.began_at < start.began_at
  UNION ALL
  SELECT 'fence-rows', NULL, NULL, 'fence has ' || n || ' rows, not 0 or 1'
    FROM (SELECT count(*) AS n FROM fence) WHERE n > 1
  UNION ALL
  SELECT 'chosen-without-accepted', group_id, chosen.slot, 'no accepted row holds the chosen value'
    FROM chosen LEFT JOIN floor USING (group_id)
    WHERE chosen.slot > coalesce(floor.slot, 0) AND key NOT IN (SELECT key FROM accepted)
  UNION ALL
  SELECT 'chosen-gap', group_id, chosen.slot, 'slot ' || (chosen.slot - 1) || ' is not chosen'
    FROM chosen LEFT JOIN floor USING (group_id)
    WHERE chosen.slot > coalesce(floor.slot, 0) + 1 AND key - 1 NOT IN (SELECT key FROM chosen)
  UNION ALL
  SELECT 'chosen-above-accepted', chosen.group_id, chosen.slot, 'chosen in ballot '
      || (chosen.ballot >> 16) || '.' || (chosen.ballot & 65535) || ', accepted in '
      || (accepted.ballot >> 16) || '.' || (accepted.ballot & 65535)
    FROM chosen JOIN accepted USING (key) LEFT JOIN floor ON floor.group_id = chosen.group_id
    WHERE chosen.slot > coalesce(floor.slot, 0) AND chosen.ballot > accepted.ballot
  UNION ALL
  SELECT 'accepted-above-promise', accepted.group_id, accepted.slot, 'accepted in ballot '
      || (accepted.ballot >> 16) || '.' || (accepted.ballot & 65535) || ', promised '
      || (promise.ballot >> 16) || '.' || (promise.ballot & 65535)
    FROM accepted JOIN promise ON promise.group_id = accepted.group_id
      LEFT JOIN floor ON floor.group_id = accepted.group_id
    WHERE accepted.ballot > promise.ballot AND accepted.slot > coalesce(floor.slot, 0)
      AND accepted.key NOT IN (SELECT key FROM chosen)
  UNION ALL
  SELECT 'unexecuted-length', group_id, slot, 'unexecuted has ' || length(unexecuted) || ' bytes'
    FROM chosen WHERE length(unexecuted) % 4 <> 0;
