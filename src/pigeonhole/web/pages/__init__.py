"""What each page shows, and what its script may ask for."""
