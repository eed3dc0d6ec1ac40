"""Commands that make training pictures out of films and whole pictures. They know no model."""
