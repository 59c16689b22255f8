val n: Int = "text"
