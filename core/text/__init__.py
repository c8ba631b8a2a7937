"""Radiology reports: reading, cleaning, conditions, weak pairs with images, frozen encoder."""
