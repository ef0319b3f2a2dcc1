"""What has a form of its own: commands, votes, sign-ups, ends in time."""
