-- Where other nodes are, beyond what the log and this node's own configuration say.

-- Where each was reached last. It is a hint: a row that rotted is as good as none.
CREATE TABLE address (
  node_id INTEGER PRIMARY KEY,
  address TEXT NOT NULL,
  checksum INTEGER NOT NULL
) STRICT;
