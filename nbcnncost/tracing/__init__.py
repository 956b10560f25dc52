"""From a model and an input to a Trace: the one run, recorded without touching the model."""
