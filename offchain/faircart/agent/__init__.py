"""The daemon of an enterprise: events in, effects out."""
