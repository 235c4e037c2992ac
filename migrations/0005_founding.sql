-- A cluster begins once.

-- What a node founds its cluster with: the tokens of the processes that found it, ascending by node and of 8 bytes
-- each, little-endian. A node whose row says is_complete 0 has never voted, and does not before it knows that all
-- others have made their stores. No row where the cluster began otherwise: a node that joined, a cluster that was
-- restored, a store of an earlier version.
CREATE TABLE founding (
  only INTEGER PRIMARY KEY CHECK (only = 1),
  tokens BLOB NOT NULL,
  is_complete INTEGER NOT NULL,
  checksum INTEGER NOT NULL
) STRICT;
