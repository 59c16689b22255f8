print and None
