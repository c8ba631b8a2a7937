"""Plotly figures: every one has named axes with units, and says its n."""
