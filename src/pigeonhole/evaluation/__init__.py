"""How good answers are, from out-of-fold predictions. It knows neither networks nor how a head was fitted."""
