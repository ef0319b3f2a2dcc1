"""One file a platform: wire in, `Inbound` out; a body in, wire out."""
