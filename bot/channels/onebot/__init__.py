"""OneBot v11: `channel` has the sockets and the calls, `wire` the format of messages."""
