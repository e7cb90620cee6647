"""From flags to events: what an event is, its filter, alert policy, context and wording."""
