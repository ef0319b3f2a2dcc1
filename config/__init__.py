"""What an operator edits without programming."""
