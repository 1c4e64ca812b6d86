"""Composes one mail: from a step, a customer and a template to the bytes that are sent."""
