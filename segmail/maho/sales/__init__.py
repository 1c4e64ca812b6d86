"""What customers put into carts and ordered, with Maho's stored amounts."""
