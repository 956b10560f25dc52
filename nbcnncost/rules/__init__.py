"""From single operations to kinds and dimensions, by family; :mod:`nbcnncost.aten` has the table of them all."""
