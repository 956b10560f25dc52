"""The formulas beyond a CNN's everyday layers, by family; :mod:`nbcnncost.kinds` puts them into the one table."""
