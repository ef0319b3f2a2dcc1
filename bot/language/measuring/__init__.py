"""Programs for developers: they read labelled text, measure, fit and check."""
