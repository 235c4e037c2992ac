-- Where other nodes are, beyond what the log and this node's own configuration say.

-- Where each was reached last, and what this node's configuration said of it then; it is void when the configuration says
-- something else. It is a hint: a row that rotted is as good as none.
CREATE TABLE place (
  node_id INTEGER PRIMARY KEY,
  address TEXT NOT NULL,
  configured TEXT NOT NULL,
  checksum INTEGER NOT NULL
) STRICT;
