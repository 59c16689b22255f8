print("nul\x00escape\x1b[31mred\x07\x7f")
