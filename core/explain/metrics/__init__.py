"""How far to trust a map: faithfulness, robustness, sparseness and agreement."""
