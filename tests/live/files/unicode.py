word = "Grüße, 世界"
print(word, "🚀", len(word), "e\u0301", "\u2028|")
