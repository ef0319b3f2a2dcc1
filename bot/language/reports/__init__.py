"""What a message tells in the speaker's own words."""
