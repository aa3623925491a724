"""Stand-ins for services that can't be had here; each speaks the real protocol."""
