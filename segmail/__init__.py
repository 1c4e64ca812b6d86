"""segmail sends the customer-segment e-mail sequences of a Maho shop."""

__version__ = "0.2.0"
