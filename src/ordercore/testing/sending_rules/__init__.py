"""Rules of what sends: notifiers and suppliers."""
