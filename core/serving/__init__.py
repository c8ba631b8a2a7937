"""Services on other processes and machines, behind the same interface."""
