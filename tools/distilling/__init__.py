"""How the built-in backbone is made: a small network learns to see what a larger one sees; docs/builtin-backbone.md."""
