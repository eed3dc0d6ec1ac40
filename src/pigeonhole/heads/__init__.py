"""Heads fitted to features, and fitted again: solvers in numpy. It knows neither pictures nor networks."""
