"""What mails show of carts, orders and products: read for a batch, printed by small partials."""
