"""OneBot v11 over reverse WebSocket: `channel` has the sockets and the calls, `wire` the format of messages."""
