"""The recipe that rebuilds the bundled model; imports `claims`, is never imported by it."""
