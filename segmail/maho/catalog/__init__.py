"""Products as a store view shows them: names, pictures, pages, prices, and lists of them."""
