"""Review: look at the findings of a results file where they stand and decide on them, in a browser or a terminal."""
