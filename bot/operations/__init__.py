"""What keeps an installation going, beside the messages. `frontend` runs before anything else is there:
nothing is imported here."""
