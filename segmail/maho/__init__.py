"""The shop as it is: tables, configuration, stores, customers, rules."""
