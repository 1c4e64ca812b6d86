"""What customers put into carts and ordered, with the amounts that Maho stored."""
